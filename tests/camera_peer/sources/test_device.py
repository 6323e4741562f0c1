import itertools
from pathlib import Path
from typing import Any

import pytest

from camera_peer.sources import open_source
from camera_peer.sources.device import device_input
from camera_peer.sources.encoding import Wish
from camera_peer.sources.input import Input
from camera_peer.sources.reader import ReaderSource
from camera_peer.sources.spec import DeviceSpec
from media.frames import SourceError


def raw_camera(graph: str) -> ReaderSource:
    """A live input of raw pictures, as V4L2 gives them; there is no device on a test machine."""
    source = Input(
        name="a raw camera",
        url=graph,
        live=True,
        explain=lambda error: f"It failed: {error.strerror}.",
        format="lavfi",
        ended="The camera stopped sending.",
    )
    return ReaderSource(source, Wish("h264", 500_000), audio=False)


async def test_a_missing_device_gives_one_clear_sentence(record: Any) -> None:
    with pytest.raises(SourceError, match=r"There is no camera /dev/video9; .*\."):
        await record(open_source("/dev/video9")).until(lambda: False)


async def test_a_device_that_is_no_camera_gives_one_clear_sentence(tmp_path: Path, record: Any) -> None:
    path = tmp_path / "video0"
    path.write_bytes(b"")
    with pytest.raises(SourceError, match=rf"The camera {path} .*\."):
        await record(open_source(f"v4l2:{path}")).until(lambda: False)


def test_the_wanted_format_is_asked_for_first_and_anything_taken_at_last() -> None:
    wanted = device_input(DeviceSpec("/dev/video0", 640, 480, 15, "h264")).attempts
    assert wanted == (
        {"video_size": "640x480", "framerate": "15", "input_format": "h264"},
        {"video_size": "640x480", "framerate": "15"},
        {},
    )


async def test_raw_pictures_are_encoded_while_somebody_watches(record: Any) -> None:
    source = raw_camera("testsrc=size=320x240:rate=20,realtime,format=yuyv422")
    recording = record(source)
    async with recording.running():
        await recording.wait_seconds(0.5)
        assert recording.video == []
        source.demand(wanted=True)
        await recording.wait(lambda: len(recording.video) >= 15)
        source.request_keyframe()
        await recording.wait(lambda: sum(frame.keyframe for frame in recording.video) >= 2)
    assert recording.video[0].keyframe
    steps = [b.timestamp - a.timestamp for a, b in itertools.pairwise(recording.video)]
    assert all(step % 4500 == 0 for step in steps)


async def test_a_camera_that_stops_says_so(record: Any) -> None:
    source = raw_camera("testsrc=size=320x240:rate=20:duration=0.5,realtime")
    source.demand(wanted=True)
    with pytest.raises(SourceError, match="stopped sending"):
        await record(source).until(lambda: False)
