"""A device whose addresses have changed: it does not wait for a dead connection to be noticed."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from signaling.hub import Hub
from signaling.protocol import messages as wire
from tests.signaling.small_server import small_server
from tests.signaling.test_client import Recorder, running

QUICK_SECONDS = 2.0
"""Far under the 10 s of a heartbeat, and of a backoff or a connection attempt that hangs."""


class Wire:
    """A line to the server that can go dead: nothing passes, and nothing is closed."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self.dead = False
        self.port = 0
        self.connections = 0
        self.came = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.came.set()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        ways = [self._pass(reader, far_writer, self.connections), self._pass(far_reader, writer, self.connections)]
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*ways)
        writer.close()
        far_writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if not self.dead or number > 1:
                    writer.write(data)
                elif self.dead:
                    await asyncio.Event().wait()


@asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    line = Wire(port)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        line._tasks.add(task)
        await line.carry(reader, writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        for task in line._tasks:
            task.cancel()
        await asyncio.gather(*line._tasks, return_exceptions=True)


async def test_a_half_open_connection_is_left_at_once_and_the_server_hears_of_the_move(monkeypatch: Any) -> None:
    registered: list[wire.RegisterParams] = []
    read = Hub._read

    def listen(self: Hub, peer: Any, text: str, *rest: Any) -> Any:
        message = wire.decode(text)
        if isinstance(message, wire.Request) and message.method == "register":
            registered.append(wire.params_as(wire.RegisterParams, message.params))
        return read(self, peer, text, *rest)

    monkeypatch.setattr(Hub, "_read", listen)
    device = Recorder()
    async with (
        small_server() as server,
        wire_to(server.port) as line,
        running(f"http://127.0.0.1:{line.port}/api/signaling", device) as client,
    ):
        await device.saw("connected")
        line.dead = True
        began = time.monotonic()
        client.reconnect(moved=True)
        await device.saw("connected", 2)
        assert time.monotonic() - began < QUICK_SECONDS and line.connections == 2
        client.reconnect(moved=False)
        await device.saw("connected", 3)
    told = [params.belvedere.moved for params in registered if params.belvedere is not None]
    assert told == [False, True, False]
    assert sum(name == "disconnected" for name, _ in device.calls) == 3


async def test_a_wait_between_two_tries_is_cut_short() -> None:
    device = Recorder()
    async with small_server() as server:
        await server.stop()
        waiting = asyncio.Event()

        def backoff(_attempt: int) -> float:
            waiting.set()
            return 3600.0

        async with running(server.url, device, backoff=backoff) as client:
            await waiting.wait()
            await asyncio.sleep(0.05)
            await server.start()
            client.reconnect(moved=True)
            await device.saw("connected")


async def test_a_connection_attempt_that_hangs_is_given_up() -> None:
    device = Recorder()
    async with small_server() as server, wire_to(server.port) as line:
        line.dead = True
        async with running(f"http://127.0.0.1:{line.port}/api/signaling", device) as client:
            await line.came.wait()
            await asyncio.sleep(0.1)
            client.reconnect(moved=True)
            async with asyncio.timeout(QUICK_SECONDS):
                await device.saw("connected")
