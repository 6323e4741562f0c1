"""A relay on loopback with the real camera side behind it, and viewers that do ICE and DTLS for real."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import uvloop

from camera_peer.broadcast import Broadcast
from camera_peer.viewer_session import Sessions
from media.relay.node import Relay
from media.relay.settings import RelaySettings
from tests.media.fixtures import TickSource, clip, eventually, new_viewer, stack

__all__ = ["clip", "eventually", "new_viewer", "stack"]
LOOPBACK = RelaySettings(addresses=("127.0.0.1",), linger=0.5)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


class Scene:
    """A relay and one camera named `cam`, which uploads when asked."""

    def __init__(self, source: Any, settings: RelaySettings) -> None:
        self.source = source
        self.broadcast = Broadcast(source)
        self.sessions = Sessions(self.broadcast)
        self.relay = Relay(
            settings,
            needs_upload=self._upload,
            upload_over=self._over,
            viewer_ended=lambda viewer, reason: self.ended.update({viewer: reason}),
        )
        self.ended: dict[str, str] = {}
        self.uploads: list[str] = []
        self.over = 0
        self.errors: list[BaseException] = []
        self.sealed = False
        """Its uploads are."""
        self.edit_upload: Callable[[str], str] = str
        """Changes the relay's answers to the camera."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await self.relay.start()
        for coroutine in (self.broadcast.run(), self.sessions.run()):
            self._tasks.add(asyncio.create_task(coroutine))
        await asyncio.sleep(0.05)

    async def stop(self) -> None:
        await self.relay.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.wait(self._tasks)

    async def watch(self, name: str, viewer: Any, owner: str = "owner", edit: Callable[[str], str] = str) -> None:
        """Offer, answer, and wait until the viewer is connected. `edit` changes the offer."""
        offer = edit(await self.relay.viewer_offer("cam", name, owner))
        self.relay.viewer_answer(name, await viewer.answer(offer))
        async with asyncio.timeout(30):
            await viewer.connected.wait()

    def _upload(self, camera: str) -> None:
        if camera != "cam":
            return
        name = f"upload-{len(self.uploads)}"
        self.uploads.append(name)
        self._tasks.add(asyncio.create_task(self._offer(camera, name)))

    async def _offer(self, camera: str, name: str) -> None:
        try:
            offer = await self.sessions.open(name, [], lambda *_: None, relay=True, sealed=self.sealed)
            answer = await self.relay.publisher_answer(camera, offer)
            await self.sessions.answer(name, self.edit_upload(answer))
        except Exception as error:  # noqa: BLE001
            self.errors.append(error)

    def _over(self, _: str) -> None:
        self.over += 1


class Link(asyncio.DatagramProtocol):
    """A line to the relay on which `loses(first byte, to the relay)` decides about each packet; `seen` gets each."""

    def __init__(
        self, port: int, loses: Callable[[int, bool], bool], seen: Callable[[bytes], None] = lambda _: None
    ) -> None:
        self._seen = seen
        self._relay = ("127.0.0.1", port)
        self._loses = loses
        self._outward: dict[Any, asyncio.DatagramTransport] = {}
        self._waiting: dict[Any, list[bytes]] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self.lost = 0
        self.port = 0

    @classmethod
    async def up(
        cls,
        stack: AsyncExitStack,
        port: int,
        loses: Callable[[int, bool], bool],
        seen: Callable[[bytes], None] = lambda _: None,
    ) -> "Link":
        loop = asyncio.get_running_loop()
        transport, link = await loop.create_datagram_endpoint(
            lambda: cls(port, loses, seen), local_addr=("127.0.0.1", 0)
        )
        link._transport = transport
        link.port = transport.get_extra_info("sockname")[1]
        stack.callback(link.close)
        return link

    def edit(self, sdp: str) -> str:
        """Leads the description's UDP candidates over this link, and drops the others."""
        lines = [line for line in sdp.split("\r\n") if not (line.startswith("a=candidate") and " tcp " in line)]
        return "\r\n".join(lines).replace(f"127.0.0.1 {self._relay[1]} typ", f"127.0.0.1 {self.port} typ")

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self._lose(data, inward=True):
            return
        outward = self._outward.get(addr)
        if outward is not None:
            outward.sendto(data, self._relay)
            return
        waiting = self._waiting.setdefault(addr, [])
        waiting.append(data)
        if len(waiting) == 1:
            self._task = asyncio.create_task(self._open(addr))

    def way_from(self, port: int) -> asyncio.DatagramTransport:
        """The socket towards the relay that has this port: what it sends seems to come from whoever is behind it."""
        return next(out for out in self._outward.values() if out.get_extra_info("sockname")[1] == port)

    def close(self) -> None:
        for transport in (self._transport, *self._outward.values()):
            if transport is not None:
                transport.close()

    async def _open(self, addr: Any) -> None:
        link = self

        class Back(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, _: Any) -> None:
                if not link._lose(data, inward=False) and link._transport is not None:
                    link._transport.sendto(data, addr)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Back, local_addr=("127.0.0.1", 0))
        self._outward[addr] = transport
        for data in self._waiting.pop(addr):
            transport.sendto(data, self._relay)

    def _lose(self, data: bytes, *, inward: bool) -> bool:
        self._seen(data)
        lost = bool(data) and self._loses(data[0], inward)
        self.lost += lost
        return lost


@pytest.fixture
async def make_scene(stack: AsyncExitStack) -> Callable[..., Awaitable[Scene]]:
    """Starts a relay and a camera; everything of them is ended with the test."""

    async def make(source: Any = None, settings: RelaySettings = LOOPBACK) -> Scene:
        scene = Scene(source or TickSource(), settings)
        stack.push_async_callback(scene.stop)
        await scene.start()
        return scene

    return make


@pytest.fixture
def make_source() -> type[TickSource]:
    return TickSource


@pytest.fixture
def new_link(stack: AsyncExitStack) -> Callable[..., Awaitable[Link]]:
    """`await new_link(port, loses, seen=...)`: a lossy line, closed with the test."""
    return functools.partial(Link.up, stack)
