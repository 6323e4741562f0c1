"""Real files for the sources, made with PyAV."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from camera_peer.sources.stamp import Stamp, draw_stamp, read_stamp
from media.frames import EncodedFrame, Source

MakeVideo = Callable[..., Path]

OURS = ("reader", "pattern", "encoder", "test-work")
"""Names of threads that must be gone after every test."""


class Recording:
    """Runs a source and keeps what it delivers."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.frames: list[EncodedFrame] = []
        self.arrivals: list[float] = []
        self._arrived = asyncio.Event()

    @property
    def video(self) -> list[EncodedFrame]:
        return [frame for frame in self.frames if frame.codec in ("h264", "vp8")]

    @property
    def audio(self) -> list[EncodedFrame]:
        return [frame for frame in self.frames if frame.codec not in ("h264", "vp8")]

    def take(self, frame: EncodedFrame) -> None:
        self.frames.append(frame)
        self.arrivals.append(time.monotonic())
        self._arrived.set()

    async def until(self, enough: Callable[[], bool], within: float = 15.0) -> None:
        """Run the source until `enough`; fails the test if that takes too long. Raises what the source raises."""
        async with self.running():
            await self.wait(enough, within)

    @contextlib.asynccontextmanager
    async def running(self) -> Any:
        task = asyncio.create_task(self.source.run(self.take))
        self._task = task
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def wait_seconds(self, seconds: float) -> None:
        """Let the source do what it should not. Raises what it raises."""
        with contextlib.suppress(TimeoutError):
            await self.wait(lambda: False, seconds)

    async def wait(self, enough: Callable[[], bool], within: float = 15.0) -> None:
        async with asyncio.timeout(within):
            while not enough():
                arrived = asyncio.create_task(self._arrived.wait())
                try:
                    await asyncio.wait([self._task, arrived], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    arrived.cancel()
                self._arrived.clear()
                if self._task.done():
                    self._task.result()


def stamps(frames: list[EncodedFrame]) -> list[Stamp | None]:
    """What a viewer reads in the decoded pictures of these frames."""
    decoder: Any = av.CodecContext.create(frames[0].codec, "r")
    pictures = [p for frame in frames for p in decoder.decode(av.Packet(frame.data))] + decoder.decode(None)
    return [read_stamp(p.to_ndarray(format="rgb24")) for p in pictures]


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith(OURS)] == []


@pytest.fixture(name="record")
def record_fixture() -> type[Recording]:
    return Recording


@pytest.fixture(name="stamps")
def stamps_fixture() -> Callable[[list[EncodedFrame]], list[Stamp | None]]:
    return stamps


@pytest.fixture(name="picture")
def picture_fixture() -> Callable[[int, int, int], av.VideoFrame]:
    return picture


def picture(width: int, height: int, count: int) -> av.VideoFrame:
    """A picture whose stamp carries `count`; it moves, so that an encoder has work."""
    pixels = np.full((height * 3 // 2, width), 128, np.uint8)
    pixels[:height] = (np.arange(width) + 4 * count) % 160 + 40
    draw_stamp(pixels[:height], Stamp(count * 40, count))
    return av.VideoFrame.from_ndarray(pixels, format="yuv420p")


def make_video(
    path: Path,
    *,
    codec: str = "libx264",
    container: str | None = None,
    size: tuple[int, int] = (320, 240),
    fps: int = 25,
    seconds: float = 1.0,
    gop: int = 10,
    b_frames: int = 0,
    pixels: str = "yuv420p",
    audio: str | None = None,
    rate: int = 48_000,
    sound_seconds: float | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    with av.open(str(path), "w", format=container) as out:
        video: Any = out.add_stream(codec, rate=fps)
        video.width, video.height, video.pix_fmt, video.gop_size = *size, pixels, gop
        video.max_b_frames = b_frames
        video.codec_context.thread_count = 1
        video.options = options if options is not None else _usual(codec, b_frames)
        sound: Any = out.add_stream(audio, rate=rate, layout="mono") if audio else None
        for count in range(round(seconds * fps)):
            frame = picture(size[0] // 2 * 2, size[1] // 2 * 2, count)
            frame.pts, frame.time_base = count, Fraction(1, fps)
            out.mux(video.encode(frame.reformat(*size)))
        out.mux(video.encode(None))
        for count in range(round((sound_seconds or seconds) * fps) if sound is not None else 0):
            out.mux(sound.encode(_tone(count * rate // fps, rate // fps, rate)))
        if sound is not None:
            out.mux(sound.encode(None))
    return path


def _usual(codec: str, b_frames: int) -> dict[str, str]:
    if codec == "libx264":
        return {"preset": "ultrafast", "bf": str(b_frames), "sc_threshold": "0"} | (
            {"b-adapt": "0"} if b_frames else {}
        )
    return {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"} if codec == "libvpx" else {}


def _tone(start: int, samples: int, rate: int) -> av.AudioFrame:
    wave = np.sin(2 * np.pi * 440 * (start + np.arange(samples)) / rate) * 8000
    frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    return frame


@pytest.fixture(name="make_video")
def make_video_fixture(tmp_path: Path) -> MakeVideo:
    """`make_video("name.mp4", …)` writes a real file and returns its path."""
    return lambda name, **settings: make_video(tmp_path / name, **settings)
