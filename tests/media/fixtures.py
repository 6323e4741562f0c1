"""What the tests of camera sessions and of the relay have in common: a source, light viewers, patience, strangers.

A conftest.py that wants them imports them and lists them in its `__all__`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any

import pytest
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import SRTP_PROFILES
from OpenSSL import SSL

import tests.benchmarks.clip
from media.frames import AudioCodec, EncodedFrame, FrameSink, VideoCodec
from tests import patience
from tests.benchmarks.light_client import LightViewer

FPS = 50
GROUP = 50
KEY = b"\x00\x00\x00\x01\x67\x42\xe0\x1f\x8d\x00\x00\x00\x01\x68\xce\x3c\x80\x00\x00\x00\x01\x65" + b"\x88" * 6000
DELTA = b"\x00\x00\x00\x01\x41"


class TickSource:
    """Frames that look like H.264 from far away; a key frame every second and, if it `obeys`, on request; sound if
    wanted."""

    video_codec: VideoCodec = "h264"

    def __init__(self, audio: AudioCodec | None = None, *, obeys: bool = True) -> None:
        self.audio_codec = audio
        self.demands: list[bool] = []
        self.keyframe_requests = 0
        self.delivered = 0
        """Pictures while they were in demand."""
        self.size = 2000
        """Bytes of a picture between key frames."""
        self._obeys = obeys
        self._wanted = False

    async def run(self, sink: FrameSink) -> None:
        number = 0
        while True:
            key = number % GROUP == 0 or self._wanted
            self._wanted = False
            self.delivered += bool(self.demands and self.demands[-1])
            now = time.monotonic()
            sink(EncodedFrame("h264", KEY if key else DELTA + b"\x99" * self.size, number * 90_000 // FPS, key, now))
            if self.audio_codec is not None:
                sink(EncodedFrame(self.audio_codec, bytes(100), number * 960, True, now))
            number += 1
            await asyncio.sleep(1 / FPS)

    def demand(self, wanted: bool) -> None:
        self.demands.append(wanted)

    def request_keyframe(self) -> None:
        self.keyframe_requests += 1
        self._wanted = self._obeys


def client_hello() -> bytes:
    """The first flight of a DTLS client that has nothing to do with the session."""
    connection = SSL.Connection(RTCCertificate.generateCertificate()._create_ssl_context(SRTP_PROFILES), None)
    connection.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        connection.do_handshake()
    hello: bytes = connection.bio_read(1500)
    return hello


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    """`await eventually(holds, seconds=5.0)` waits until it holds; `TimeoutError` when it never does."""
    return patience.eventually


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


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
    """tests/benchmarks/clip.py: real H.264 and VP8."""
    return tests.benchmarks.clip
