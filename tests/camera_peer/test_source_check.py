"""The look at an unpaired camera's source: one sentence where it is wrong, none where it works, and nothing left."""

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from camera_peer.source_check import say_what_is_wrong
from camera_peer.sources import open_source
from media.frames import AudioCodec, FrameSink, VideoCodec


class Silent:
    """Neither delivers nor fails."""

    video_codec: VideoCodec = "h264"
    audio_codec: AudioCodec | None = None

    def __init__(self) -> None:
        self.wanted = False

    async def run(self, sink: FrameSink) -> None:
        del sink
        await asyncio.Event().wait()

    def demand(self, wanted: bool) -> None:
        self.wanted = wanted

    def request_keyframe(self) -> None: ...


async def test_a_source_that_works_is_not_spoken_of() -> None:
    before = asyncio.all_tasks()
    with capture_logs() as logs:
        await say_what_is_wrong(lambda: open_source("test:?size=320x180&fps=15"))
    assert "source_failed" not in [line["event"] for line in logs]
    assert asyncio.all_tasks() == before


async def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path) -> None:
    with capture_logs() as logs:
        await say_what_is_wrong(lambda: open_source(str(tmp_path / "nope.mp4")))
    assert [(line["event"], line["problem"]) for line in logs] == [
        ("source_failed", f"There is no file {tmp_path / 'nope.mp4'}.")
    ]


async def test_a_source_without_a_word_is_given_up() -> None:
    source = Silent()
    with capture_logs() as logs:
        await say_what_is_wrong(lambda: source, within=0.05)
    assert [line["problem"] for line in logs] == ["The source sends no picture."]
    assert not source.wanted
