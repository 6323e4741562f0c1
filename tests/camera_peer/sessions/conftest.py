"""A camera with a source made of nothing, and viewers that do ICE and DTLS for real."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any

import pytest
import uvloop

import tests.benchmarks.clip
from camera_peer.broadcast import Broadcast
from camera_peer.viewer_session import Sessions
from media.frames import AudioCodec, EncodedFrame, FrameSink, VideoCodec
from tests.benchmarks.light_client import LightViewer

FPS = 50
GROUP = 50
KEY = b"\x00\x00\x00\x01\x67\x42\xe0\x1f\x8d\x00\x00\x00\x01\x68\xce\x3c\x80\x00\x00\x00\x01\x65" + b"\x88" * 6000
DELTA = b"\x00\x00\x00\x01\x41" + b"\x99" * 2000


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Hostile datagrams on both loops: the agent runs on uvloop, whose datagram transports are its own."""
    if "hostile" in item.nodeid:
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


class TickSource:
    """Frames that look like H.264 from far away; a key frame every second, and on request."""

    video_codec: VideoCodec = "h264"
    audio_codec: AudioCodec | None = None

    def __init__(self) -> None:
        self.demands: list[bool] = []
        self.keyframe_requests = 0
        self.delivered = 0

    async def run(self, sink: FrameSink) -> None:
        number = 0
        while True:
            key = number % GROUP == 0
            if self.demands and self.demands[-1]:
                self.delivered += 1
            sink(EncodedFrame("h264", KEY if key else DELTA, number * 90_000 // FPS, key, time.monotonic()))
            number += 1
            await asyncio.sleep(1 / FPS)

    def demand(self, wanted: bool) -> None:
        self.demands.append(wanted)

    def request_keyframe(self) -> None:
        self.keyframe_requests += 1


class Camera:
    """The sessions of a running broadcast, and a log of how sessions ended."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.broadcast = Broadcast(source)
        self.sessions = Sessions(self.broadcast)
        self.ended: dict[str, str] = {}

    async def open(self, name: str) -> str:
        return await self.sessions.open(name, [], self.ended.__setitem__)

    async def join(self, name: str, viewer: Any) -> None:
        """Offer, answer, and wait until the viewer is connected."""
        await self.sessions.answer(name, await viewer.answer(await self.open(name)))
        async with asyncio.timeout(10):
            await viewer.connected.wait()


async def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until it holds; `TimeoutError` when it never does."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.01)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def run_camera(stack: AsyncExitStack) -> Callable[[Any], Awaitable[Camera]]:
    """Starts a camera on a source; everything of it is ended with the test."""

    async def run(source: Any) -> Camera:
        camera = Camera(source)
        tasks = [asyncio.create_task(camera.broadcast.run()), asyncio.create_task(camera.sessions.run())]

        async def end() -> None:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

        stack.push_async_callback(end)
        await asyncio.sleep(0.05)
        return camera

    return run


@pytest.fixture
async def camera(run_camera: Callable[[Any], Awaitable[Camera]]) -> Camera:
    return await run_camera(TickSource())


@pytest.fixture
def new_viewer(stack: AsyncExitStack) -> Callable[[], Any]:
    """Makes light viewers; each is closed with the test."""

    def make() -> Any:
        viewer = LightViewer()
        stack.push_async_callback(viewer.close)
        return viewer

    return make


@pytest.fixture
def clip() -> ModuleType:
    """tests/benchmarks/clip.py: real H.264."""
    return tests.benchmarks.clip


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., Awaitable[None]]:
    return eventually
