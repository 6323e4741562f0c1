"""A relay on loopback with the real camera side behind it, and viewers that do ICE and DTLS for real."""

import asyncio
import importlib.util
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import uvloop

from camera_peer.broadcast import Broadcast
from camera_peer.viewer_session import Sessions
from media.frames import AudioCodec, EncodedFrame, FrameSink, VideoCodec
from media.relay.node import Relay
from media.relay.settings import RelaySettings

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FPS = 50
GROUP = 50
KEY = b"\x00\x00\x00\x01\x67\x42\xe0\x1f\x8d\x00\x00\x00\x01\x68\xce\x3c\x80\x00\x00\x00\x01\x65" + b"\x88" * 6000
DELTA = b"\x00\x00\x00\x01\x41" + b"\x99" * 2000
LOOPBACK = RelaySettings(addresses=("127.0.0.1",), linger=0.5)


def load(name: str) -> ModuleType:
    """A module of tests/benchmarks, whose programs are no package."""
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


class TickSource:
    """Frames that look like H.264 from far away; a key frame every second, and on request; sound if wanted."""

    video_codec: VideoCodec = "h264"

    def __init__(self, audio: AudioCodec | None = None) -> None:
        self.audio_codec = audio
        self.demands: list[bool] = []
        self.keyframe_requests = 0
        self._wanted = False

    async def run(self, sink: FrameSink) -> None:
        number = 0
        while True:
            key = number % GROUP == 0 or self._wanted
            self._wanted = False
            now = time.monotonic()
            sink(EncodedFrame("h264", KEY if key else DELTA, number * 90_000 // FPS, key, now))
            if self.audio_codec is not None:
                sink(EncodedFrame(self.audio_codec, bytes(100), number * 960, True, now))
            number += 1
            await asyncio.sleep(1 / FPS)

    def demand(self, wanted: bool) -> None:
        self.demands.append(wanted)

    def request_keyframe(self) -> None:
        self.keyframe_requests += 1
        self._wanted = True


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

    async def watch(self, name: str, viewer: Any, owner: str = "owner") -> None:
        """Offer, answer, and wait until the viewer is connected."""
        offer = await self.relay.viewer_offer("cam", name, owner)
        self.relay.viewer_answer(name, await viewer.answer(offer))
        async with asyncio.timeout(10):
            await viewer.connected.wait()

    def _upload(self, camera: str) -> None:
        name = f"upload-{len(self.uploads)}"
        self.uploads.append(name)
        self._tasks.add(asyncio.create_task(self._offer(camera, name)))

    async def _offer(self, camera: str, name: str) -> None:
        try:
            offer = await self.sessions.open(name, [], lambda *_: None)
            await self.sessions.answer(name, await self.relay.publisher_answer(camera, offer))
        except Exception as error:  # noqa: BLE001
            self.errors.append(error)

    def _over(self, _: str) -> None:
        self.over += 1


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
async def make_scene(stack: AsyncExitStack) -> Callable[..., Awaitable[Scene]]:
    """Starts a relay and a camera; everything of them is ended with the test."""

    async def make(source: Any = None, settings: RelaySettings = LOOPBACK) -> Scene:
        scene = Scene(source or TickSource(), settings)
        stack.push_async_callback(scene.stop)
        await scene.start()
        return scene

    return make


@pytest.fixture
def new_viewer(stack: AsyncExitStack) -> Callable[[], Any]:
    """Makes light viewers; each is closed with the test."""
    module = load("light_client")

    def make() -> Any:
        viewer = module.LightViewer()
        stack.push_async_callback(viewer.close)
        return viewer

    return make


@pytest.fixture
def clip() -> ModuleType:
    """tests/benchmarks/clip.py: real H.264."""
    return load("clip")


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., Awaitable[None]]:
    return eventually
