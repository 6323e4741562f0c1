"""Whoever connects and is gone before anybody looked has no address, and is nobody's error."""

import asyncio
import contextlib
import socket
import struct
from typing import Any, cast

import pytest
import uvloop

from media.relay.http_port import HttpPort
from media.relay.program import RelayProgram
from media.relay.tcp import TcpListener
from tests.servers import free_port

LINGER = struct.pack("ii", 1, 0)
"""Closing resets."""


class Program:
    """As much of a relay as its HTTP port needs."""

    online = True

    def media_socket(self, _address: object) -> "Program":
        return self

    async def handle(self, _request: object) -> None: ...


def reset(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)


async def faults_of(port: int) -> list[dict[str, Any]]:
    """What the event loop had to report."""
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    for _ in range(5):
        reset(port)
    await asyncio.sleep(0.1)
    return faults


async def tcp_port() -> list[dict[str, Any]]:
    port = free_port()
    listener = TcpListener(lambda *_: None)
    await listener.listen("127.0.0.1", port)
    try:
        faults = await faults_of(port)
        assert len(listener) == 0
        return faults
    finally:
        await listener.close()


async def http_port() -> list[dict[str, Any]]:
    port = free_port()
    async with contextlib.AsyncExitStack() as stack:
        served = HttpPort(cast(RelayProgram, Program()))
        stack.push_async_callback(served.close)
        await served.open("127.0.0.1", port, None)
        return await faults_of(port)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("listening", [tcp_port, http_port])
def test_who_is_gone_before_we_look_makes_no_error(run: Any, listening: Any) -> None:
    assert run(listening()) == []
