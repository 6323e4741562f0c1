import asyncio
import itertools
from typing import Any

import av
import numpy as np
import pytest

from camera_peer.encoder import MIN_KEYFRAME_INTERVAL
from camera_peer.sources import open_source
from camera_peer.sources.tick import second_of_ticks
from media.frames import VideoCodec

SMALL = "size=320x180&fps=30&bitrate=300000"


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_pictures_and_ticks_come_on_time(codec: VideoCodec, record: Any, stamps: Any) -> None:
    source = open_source(f"test:?{SMALL}", codec=codec)
    assert (source.video_codec, source.audio_codec) == (codec, "opus")
    source.demand(wanted=True)
    recording = record(source)
    await recording.until(lambda: len(recording.video) >= 45)
    video, audio = recording.video, recording.audio
    assert video[0].keyframe
    assert {frame.codec for frame in video} == {codec}
    # A machine under load drops late pictures; what it keeps still stands where it belongs.
    steps = [after.timestamp - before.timestamp for before, after in itertools.pairwise(video)]
    assert min(steps) == 3000
    ticks = [after.timestamp - before.timestamp for before, after in itertools.pairwise(audio)]
    assert min(ticks) == 960
    assert ticks.count(960) > len(ticks) * 0.9
    assert abs(audio[-1].timestamp / 48_000 - video[-1].timestamp / 90_000) < 0.6, "one time for both"
    read = stamps(video)
    for step, (before, after) in zip(steps, itertools.pairwise(read), strict=True):
        assert (after.count - before.count) * 3000 <= step
    painted = (read[-1].wall_ms - read[0].wall_ms) % 2**32 / 1000
    assert painted == pytest.approx((video[-1].timestamp - video[0].timestamp) / 90_000, abs=0.5)


async def test_nothing_is_painted_or_encoded_unless_somebody_watches(record: Any) -> None:
    source = open_source(f"test:?{SMALL}")
    recording = record(source)
    async with recording.running():
        await asyncio.sleep(0.3)
        assert recording.frames == []
        source.demand(wanted=True)
        await recording.wait(lambda: len(recording.video) >= 5)
        source.demand(wanted=False)
        await asyncio.sleep(0.3)  # what was under way
        count = len(recording.frames)
        await asyncio.sleep(0.5)
        assert len(recording.frames) == count
        source.demand(wanted=True)
        seen = len(recording.video)
        await recording.wait(lambda: len(recording.video) > seen)
        assert recording.video[seen].keyframe, "who comes back starts at once"


async def test_a_key_frame_comes_on_request_but_not_all_the_time(record: Any) -> None:
    source = open_source(f"test:?{SMALL}&gop=10&audio=no")
    assert source.audio_codec is None
    source.demand(wanted=True)
    recording = record(source)

    def flood() -> bool:
        source.request_keyframe()
        return len(recording.video) >= 60

    await recording.until(flood)
    keys = [frame.timestamp / 90_000 for frame in recording.video if frame.keyframe]
    assert len(keys) >= 3
    assert min(after - before for before, after in itertools.pairwise(keys)) >= MIN_KEYFRAME_INTERVAL - 0.1


@pytest.mark.parametrize("spec", [f"test:passthrough?{SMALL}&gop=0.5", f"test:?{SMALL}&gop=0.5&obey=no"])
async def test_passthrough_behaves_like_a_camera_that_obeys_nobody(spec: str, record: Any) -> None:
    source = open_source(spec)
    source.demand(wanted=False)
    recording = record(source)

    def ask() -> bool:
        source.request_keyframe()
        return len(recording.video) >= 40

    await recording.until(ask)
    assert [n for n, frame in enumerate(recording.video) if frame.keyframe] == [0, 15, 30]


async def test_it_runs_again_after_it_was_stopped(record: Any) -> None:
    source = open_source(f"test:?{SMALL}")
    source.demand(wanted=True)
    recording = record(source)
    await recording.until(lambda: len(recording.video) >= 3)
    count = len(recording.video)
    await recording.until(lambda: len(recording.video) >= count + 3)
    assert recording.video[count].keyframe
    times = [frame.timestamp for frame in recording.video]
    assert times == sorted(set(times))


def test_the_tick_is_heard_once_a_second_and_softly() -> None:
    packets = second_of_ticks()
    assert len(packets) == 50
    decoder: Any = av.CodecContext.create("opus", "r")
    decoder.sample_rate, decoder.layout = 48_000, "mono"
    loud = [
        float(np.abs(frame.to_ndarray()).max()) for packet in packets * 2 for frame in decoder.decode(av.Packet(packet))
    ]
    ticks = [n for n, level in enumerate(loud) if level > 0.03]
    assert {n % 50 for n in ticks} <= {0, 1, 2, 3}
    assert {0, 50} & set(ticks) or {1, 51} & set(ticks)
    assert max(loud) < 0.3
