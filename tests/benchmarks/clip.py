"""A clip of H.264 or VP8 made once, played for ever as a passed-through source; each picture carries its number."""

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


H264_OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0"}
VP8_OPTIONS = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}


def encode_clip(
    codec: VideoCodec = "h264",
    *,
    width: int = 1280,
    height: int = 720,
    fps: int = 30,
    frames: int = 120,
    group: int = 60,
    bitrate: int = 2_000_000,
    profile: str = "baseline",
    slices: int | None = None,
) -> list[tuple[bytes, bool]]:
    """Annex B access units, or VP8 frames, and whether each is a key frame. Moving gradient and noise, so that it costs
    its bitrate. `slices`: of each picture; None: as many as the machine has processors."""
    encoder = av.CodecContext.create("libvpx" if codec == "vp8" else "libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.time_base, encoder.bit_rate = Fraction(fps), Fraction(1, fps), bitrate
    encoder.gop_size = group
    parameters = f"keyint={group}:min-keyint={group}:scenecut=0:repeat-headers=1"
    if slices is not None:
        parameters += f":threads=1:slices={slices}"
    if codec == "vp8":
        encoder.options = VP8_OPTIONS | {"keyint_min": str(group)}
    else:
        encoder.options = H264_OPTIONS | {"profile": profile, "x264-params": parameters}
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
        units += [(bytes(packet), packet.is_keyframe) for packet in encoder.encode(picture)]
    units += [(bytes(packet), packet.is_keyframe) for packet in encoder.encode(None)]
    return units


def number_in(picture: av.VideoFrame) -> int:
    """The number burnt into a decoded picture of the clip."""
    luma = picture.to_ndarray(format="yuv420p")
    middle = BLOCK // 2
    return sum(int(luma[middle, bit * BLOCK + middle] > 127) << (BITS - 1 - bit) for bit in range(BITS))


class ClipSource:
    """Plays the clip in a loop at its speed, as a camera that encodes by itself and takes no requests."""

    audio_codec: AudioCodec | None = None

    def __init__(self, clip: list[tuple[bytes, bool]], fps: int = 30, codec: VideoCodec = "h264") -> None:
        self.video_codec = codec
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
            sink(EncodedFrame(self.video_codec, data, number * 90_000 // self._fps, key, time.monotonic()))
            number += 1

    def demand(self, wanted: bool) -> None:
        self.demands.append(wanted)

    def request_keyframe(self) -> None:
        self.keyframe_requests += 1
