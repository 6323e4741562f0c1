"""A clip of H.264 made once, played for ever as a passed-through source; each picture carries its number."""

import asyncio
import time
from fractions import Fraction

import av
import numpy as np

from media.frames import AudioCodec, EncodedFrame, FrameSink, VideoCodec

BITS = 12
"""Width of the picture number in the top left corner, one block each, most significant first."""
BLOCK = 32
"""Pixels a side."""


def encode_clip(
    *,
    width: int = 1280,
    height: int = 720,
    fps: int = 30,
    frames: int = 120,
    group: int = 60,
    bitrate: int = 2_000_000,
    profile: str = "baseline",
) -> list[tuple[bytes, bool]]:
    """Annex B access units and whether each is a key frame. Moving gradient and noise, so that it costs its bitrate."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.framerate, codec.time_base, codec.bit_rate = Fraction(fps), Fraction(1, fps), bitrate
    codec.gop_size = group
    codec.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": profile,
        "bf": "0",
        "x264-params": f"keyint={group}:min-keyint={group}:scenecut=0:repeat-headers=1",
    }
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    noise = np.random.default_rng(1).integers(0, 32, (height // 4, width // 4), dtype=np.uint8)
    units = []
    for number in range(frames):
        luma = np.tile(np.roll(ramp, number * 9), (height, 1))
        speckle = np.roll(noise, number * 3, axis=0).repeat(4, axis=0).repeat(4, axis=1)
        luma[: speckle.shape[0], : speckle.shape[1]] //= 2
        luma[: speckle.shape[0], : speckle.shape[1]] += speckle
        for bit in range(BITS):
            on = number >> (BITS - 1 - bit) & 1
            luma[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if on else 16
        chroma = np.full((height // 2, width), 128, dtype=np.uint8)
        picture = av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")
        picture.pts = number
        units += [(bytes(packet), packet.is_keyframe) for packet in codec.encode(picture)]
    units += [(bytes(packet), packet.is_keyframe) for packet in codec.encode(None)]
    return units


class ClipSource:
    """Plays the clip in a loop at its speed, as a camera that encodes by itself and takes no requests."""

    video_codec: VideoCodec = "h264"
    audio_codec: AudioCodec | None = None

    def __init__(self, clip: list[tuple[bytes, bool]], fps: int = 30) -> None:
        self._clip = clip
        self._fps = fps
        self.keyframe_requests = 0
        self.demands: list[bool] = []
        self.shown_at: dict[int, float] = {}
        """`time.time()` at which each picture number was last delivered."""

    async def early_in_the_clip(self, seconds: float = 3.0) -> float:
        """Waits until the running clip began less than `seconds` ago; when that was, as `time.time()`."""
        age = time.time() - self.shown_at[0]
        if age > seconds:
            await asyncio.sleep(len(self._clip) / self._fps - age + 0.2)
        return self.shown_at[0]

    async def run(self, sink: FrameSink) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        number = 0
        while True:
            await asyncio.sleep(start + number / self._fps - loop.time())
            data, key = self._clip[number % len(self._clip)]
            self.shown_at[number % len(self._clip)] = time.time()
            sink(EncodedFrame("h264", data, number * 90_000 // self._fps, key, time.monotonic()))
            number += 1

    def demand(self, wanted: bool) -> None:
        self.demands.append(wanted)

    def request_keyframe(self) -> None:
        self.keyframe_requests += 1
