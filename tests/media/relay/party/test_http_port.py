"""The HTTP port of a relay of its own: who never finishes a request is cut off, and a crowd leaves room for others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from media.relay import http_port
from media.relay.http_port import HttpPort, caller
from media.relay.party import Membership
from media.relay.program import RelayProgram
from media.relay.settings import RelaySettings
from tests.servers import free_port

PATIENCE = 5.0


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Of a relay that has not joined anything."""
    nowhere = Membership("ws://127.0.0.1:9/api/signaling", "http://127.0.0.1:9", "relay", b"s" * 32)
    program, number = RelayProgram(RelaySettings(addresses=("127.0.0.1",)), nowhere), free_port()
    opened = HttpPort(program)
    await opened.open("127.0.0.1", number, None)
    yield number
    await opened.close()
    await program.stop()


async def answer(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        writer.write(request)
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    return b""


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTT"])
async def test_who_never_finishes_a_request_is_cut_off(
    port: int, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(http_port, "FIRST_REQUEST_SECONDS", 0.2)
    assert await answer(port, begun) == b""


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTT"])
async def test_nor_may_the_next_request_take_long(port: int, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    """Whatever trickles in."""
    monkeypatch.setattr(http_port, "NEXT_REQUEST_SECONDS", 0.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + begun)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(PATIENCE):
            assert (await reader.read()).startswith(b"HTTP/1.1 503")
    writer.close()


async def test_so_many_connections_are_taken_at_most(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_port, "MAX_CONNECTIONS", 2)
    standing = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    assert await answer(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    for _, writer in standing:
        writer.close()


async def test_health_says_whether_it_has_joined(port: int) -> None:
    said = await answer(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 503") and said.endswith(b'{"joined": false}')
    other = await answer(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert other.startswith(b"HTTP/1.1 404")


async def test_one_network_holds_so_many_connections_at_most(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_port, "MAX_PER_NETWORK", 2)
    monkeypatch.setattr(http_port, "_is_loopback", lambda _host: False)
    standing = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    assert await answer(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    for _, writer in standing:
        writer.close()
        await writer.wait_closed()
    for _ in range(200):
        if await answer(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):
            break
        await asyncio.sleep(0.01)  # the relay hears of the ends a moment later
    else:
        pytest.fail("there was no room again")


@pytest.mark.parametrize(
    ("remote", "header", "address"),
    [
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "1.2.3.4, nonsense", "127.0.0.1"),
        ("127.0.0.1", "fe80::1%eth0", "127.0.0.1"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
    ],
)
def test_only_a_proxy_on_this_machine_says_who_calls(remote: str, header: str, address: str) -> None:
    class Transport:
        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return (remote, 5000) if name == "peername" else default

    transport: Any = Transport()
    request = make_mocked_request("GET", "/", {"X-Forwarded-For": header}, transport=transport)
    assert caller(request) == address
