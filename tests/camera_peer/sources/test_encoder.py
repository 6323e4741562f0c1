from collections.abc import Callable

import av
import pytest

from camera_peer.encoder import EncoderSettings, KeyframeGate, VideoEncoder, fit
from camera_peer.sources.parameter_sets import has_b_slice, kind
from camera_peer.sources.stamp import Stamp
from media.frames import EncodedFrame, VideoCodec
from media.h264 import split

Picture = Callable[[int, int, int], av.VideoFrame]
Stamps = Callable[[list[EncodedFrame]], list[Stamp | None]]


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((1280, 720), (1280, 720)),
        ((640, 480), (640, 480)),
        ((641, 359), (640, 358)),
        ((3840, 2160), (1280, 720)),
        ((1600, 1200), (960, 720)),
        ((1080, 1920), (720, 1280)),
        ((8000, 10), (1280, 16)),
        ((3, 3), (16, 16)),
    ],
)
def test_every_size_becomes_one_that_level_3_1_takes(size: tuple[int, int], fitted: tuple[int, int]) -> None:
    assert fit(*size) == fitted


def encode(settings: EncoderSettings, pictures: list[av.VideoFrame], keys: tuple[int, ...] = ()) -> list[EncodedFrame]:
    encoder = VideoEncoder(settings)
    encoded = [
        encoder.encode(picture, timestamp=3000 * n, captured_at=n / 30, key=n in keys)
        for n, picture in enumerate(pictures)
    ]
    assert None not in encoded
    return [frame for frame in encoded if frame is not None]


@pytest.mark.parametrize("codec", ["h264", "vp8"])
@pytest.mark.parametrize("size", [(320, 180), (640, 360)])
def test_a_key_frame_comes_on_request_and_at_the_groups_end(
    codec: VideoCodec, size: tuple[int, int], picture: Picture, stamps: Stamps
) -> None:
    settings = EncoderSettings(codec, 320, 180, 30, gop=0.5)
    frames = encode(settings, [picture(*size, n) for n in range(40)], keys=(7, 20))
    assert [n for n, frame in enumerate(frames) if frame.keyframe] == [0, 7, 20, 35] or codec == "vp8"
    assert {0, 7, 20} <= {n for n, frame in enumerate(frames) if frame.keyframe}
    assert [frame.timestamp for frame in frames] == [3000 * n for n in range(40)]
    assert stamps(frames) == [Stamp(40 * n, n) for n in range(40)]


def test_h264_is_constrained_baseline_without_b_frames(picture: Picture) -> None:
    frames = encode(EncoderSettings("h264", 1280, 720, 30), [picture(1280, 720, n) for n in range(12)], keys=(6,))
    for frame in frames:
        units = split(frame.data)
        kinds = [kind(nal) for nal in units]
        assert not has_b_slice(units)
        assert (5 in kinds) == frame.keyframe
        if frame.keyframe:
            assert kinds.index(7) < kinds.index(8) < kinds.index(5)
            profile, constraints, level = units[kinds.index(7)][1:4]
            assert (profile, level) == (66, 31)
            assert constraints & 0x40, "constraint_set1: constrained baseline, as 42e01f promises"


def test_requests_for_key_frames_are_merged_and_spaced() -> None:
    gate = KeyframeGate()
    assert not gate.take(10.0)
    gate.request()
    gate.request()
    assert gate.take(10.0)
    gate.passed(10.0)
    assert not gate.take(10.1)
    gate.request()
    assert not gate.take(10.3), "too soon"
    assert gate.take(10.5), "but not forgotten"
    gate.passed(10.5)
    gate.force()
    assert gate.take(10.51), "a newcomer does not wait"
