"""The lens of a real camera: encoded pictures of its source, decoded again, end in a code that is read."""

import asyncio
import fractions
import itertools
import time
from contextlib import aclosing

import av
import numpy as np
import pytest
from PIL import Image

from camera_peer.lens import Lens
from camera_peer.sensor import View, render
from camera_peer.source_lens import MAX_WAITING, Decoder, SourceLens
from media.frames import AudioCodec, EncodedFrame, FrameSink, SourceError, VideoCodec
from signaling.protocol.qr import read
from tests.benchmarks.qr_trials import FORMS, draw

CODECS: list[tuple[VideoCodec, str]] = [("h264", "libx264"), ("vp8", "libvpx")]


def film(codec: VideoCodec, encoder: str, pictures: list[Image.Image | None]) -> list[EncodedFrame]:
    """What a camera sends while these stand before it."""
    context = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt = 1280, 720, "yuv420p"
    context.time_base = fractions.Fraction(1, 90_000)
    context.bit_rate, context.framerate = 2_000_000, fractions.Fraction(10)
    context.options = {"preset": "ultrafast", "tune": "zerolatency"} if codec == "h264" else {"deadline": "realtime"}
    random = np.random.default_rng(1)
    frames: list[EncodedFrame] = []
    for number, picture in enumerate(pictures):
        shot = av.VideoFrame.from_ndarray(render(picture, View(size=0.6, blur=1, noise=3), random), format="gray")
        frame = shot.reformat(format="yuv420p")
        frame.pts, frame.time_base = number * 9000, context.time_base
        packets = context.encode(frame)
        frames += [EncodedFrame(codec, bytes(p), number * 9000, p.is_keyframe, time.monotonic()) for p in packets]
    return frames


class Played:
    """A source that plays frames over and over, or once and fails. Remembers what was asked of it."""

    audio_codec: AudioCodec | None = None

    def __init__(self, frames: list[EncodedFrame], *, fails: bool = False, codec: VideoCodec = "h264") -> None:
        self.video_codec: VideoCodec = codec
        self.frames = frames
        self.fails = fails
        self.demands: list[bool] = []
        self.keyframes = 0
        self.running = False

    async def run(self, sink: FrameSink) -> None:
        self.running = True
        try:
            for frame in self.frames if self.fails else itertools.cycle(self.frames):
                sink(frame)
                await asyncio.sleep(0.05)
            raise SourceError("The camera does not answer.")
        finally:
            self.running = False

    def demand(self, wanted: bool) -> None:
        self.demands.append(wanted)

    def request_keyframe(self) -> None:
        self.keyframes += 1


@pytest.mark.parametrize(("codec", "encoder"), CODECS)
async def test_a_code_before_the_cameras_own_picture_is_read(codec: VideoCodec, encoder: str) -> None:
    source = Played(film(codec, encoder, [None, None, *[draw("compact").image] * 8]), codec=codec)
    async with asyncio.timeout(20), aclosing(SourceLens(lambda: source, time.monotonic).frames()) as frames:
        code = await Lens(frames, monotonic=time.monotonic).scan()
    assert code == read(FORMS["compact"])
    assert source.demands == [True, False]
    assert not source.running


async def test_a_source_that_fails_is_passed_on() -> None:
    source = Played(film("h264", "libx264", [None]), fails=True)
    async with asyncio.timeout(20), aclosing(SourceLens(lambda: source, time.monotonic).frames()) as frames:
        with pytest.raises(SourceError, match="does not answer"):
            await Lens(frames, monotonic=time.monotonic).scan()
    assert not source.running


async def test_a_source_faster_than_the_decoder_does_not_fill_the_memory() -> None:
    (first,) = film("h264", "libx264", [None])

    class Flood(Played):
        async def run(self, sink: FrameSink) -> None:
            for _ in range(10 * MAX_WAITING):
                sink(first)
            await asyncio.Event().wait()

    source = Flood([])
    async with asyncio.timeout(20), aclosing(SourceLens(lambda: source, time.monotonic).frames()) as frames:
        assert (await anext(frames)).shape == (720, 1280)
    assert source.keyframes >= 9


def test_a_damaged_picture_is_left_out() -> None:
    decoder = Decoder("h264")
    assert decoder.decode(EncodedFrame("h264", b"\x00\x00\x00\x01\x65junk", 0, True, 0.0), wanted=True) is None
    (whole,) = film("h264", "libx264", [None])
    assert decoder.decode(whole, wanted=True) is not None
    assert decoder.decode(whole, wanted=False) is None
