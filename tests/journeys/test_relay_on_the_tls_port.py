"""Where nothing but the server's TLS port is open, the relay's picture comes through it, as ICE-TCP."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from media.relay.framing import Deframer, framed
from tests.home import Household, household
from tests.journeys.relay_viewer import RelayViewer, signed_in, until


class Bridge(asyncio.DatagramProtocol):
    """Between a viewer that knows UDP only and a TCP port: datagrams one way, frames the other (RFC 4571)."""

    def __init__(self, port: int) -> None:
        self._tcp_port = port
        self._peer: Any = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._udp: asyncio.DatagramTransport

    async def open(self) -> int:
        """The UDP port to send to."""
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._tcp_port)
        self._task = asyncio.create_task(self._read(reader))
        return int(self._udp.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._peer = addr
        if self._writer is not None:
            self._writer.write(framed(data))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        deframer = Deframer()
        while data := await reader.read(65536):
            for frame in deframer.feed(data):
                self._udp.sendto(frame, self._peer)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._writer is not None:
            self._writer.close()
        self._udp.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    with household(tmp_path, public_url="https://127.0.0.1:{port}") as home:
        yield home


async def test_the_picture_comes_through_the_tls_port(home: Household) -> None:
    camera = await asyncio.to_thread(home.add_camera, "Garden")
    viewer, bridge = RelayViewer(), Bridge(home.server.port)
    way_in = await bridge.open()

    def over_the_bridge(offer: str) -> str:
        """The offer names the TLS port; all other ways are closed."""
        tcp = rf"a=candidate:\S+ 1 tcp (\d+) 127\.0\.0\.1 {home.server.port} typ host tcptype passive\r\n"
        assert re.search(tcp, offer)
        rest = re.sub(r"a=candidate:.*\r\n", "", offer)
        candidate = f"a=candidate:1 1 udp 1 127.0.0.1 {way_in} typ host\r\na=end-of-candidates"
        return rest.replace("a=end-of-candidates", candidate)

    async with AsyncExitStack() as stack:
        stack.push_async_callback(bridge.close)
        stack.push_async_callback(viewer.close)
        peer = await stack.enter_async_context(signed_in(home.server.url, home.token))
        await viewer.watch(peer, camera.id, over_the_bridge)
        await until(lambda: viewer.packets > 50, "packets")
        assert home.server.call("GET", "/readyz")[0] == 200
