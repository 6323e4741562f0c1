"""Fan-out of one source, in virtual time."""

import asyncio

import pytest

from camera_peer.broadcast import KEYFRAME_INTERVAL, Broadcast, Timeline
from camera_peer.sources import open_source
from media.frames import AudioCodec, EncodedFrame, FrameSink, SourceError, VideoCodec
from media.packetiser import CutFrame

KEY = b"\x00\x00\x00\x01\x67\x4d\x40\x1f\x8d\x00\x00\x00\x01\x65\x88"
DELTA = b"\x00\x00\x00\x01\x41\x99"


def video(number: int, *, key: bool = False) -> EncodedFrame:
    return EncodedFrame("h264", KEY if key else DELTA, number * 3000, key, 0.0)


class ScriptedSource:
    """Delivers its frames at once and ends."""

    video_codec: VideoCodec = "h264"
    audio_codec: AudioCodec | None = "opus"

    def __init__(self, *frames: EncodedFrame) -> None:
        self.frames = frames
        self.calls: list[str] = []

    async def run(self, sink: FrameSink) -> None:
        for frame in self.frames:
            sink(frame)

    def demand(self, wanted: bool) -> None:
        self.calls.append(f"demand {wanted}")

    def request_keyframe(self) -> None:
        self.calls.append("key frame")


class Recorder:
    def __init__(self) -> None:
        self.frames: list[CutFrame] = []

    def deliver(self, frame: CutFrame) -> None:
        self.frames.append(frame)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def play(broadcast: Broadcast) -> None:
    with pytest.raises(SourceError, match="ended"):
        await broadcast.run()


async def test_every_viewer_gets_the_very_same_cut_frame() -> None:
    broadcast = Broadcast(ScriptedSource(video(0, key=True), video(1)))
    one, two = Recorder(), Recorder()
    broadcast.join(one)
    broadcast.join(two)
    await play(broadcast)
    assert len(one.frames) == 2
    assert all(a is b for a, b in zip(one.frames, two.frames, strict=True))


async def test_the_source_is_asked_for_work_only_while_somebody_watches() -> None:
    source = ScriptedSource()
    broadcast = Broadcast(source)
    one, two = Recorder(), Recorder()
    broadcast.join(one)
    broadcast.join(two)
    broadcast.leave(one)
    broadcast.leave(one)
    broadcast.leave(two)
    assert source.calls == ["demand True", "demand False"]


async def test_the_first_picture_of_a_run_is_asked_for_and_told_though_nobody_watches() -> None:
    heard: list[str] = []

    class Source(ScriptedSource):
        async def run(self, sink: FrameSink) -> None:
            heard.extend(self.calls)
            sink(EncodedFrame("opus", b"\xf8", 0, True, 0.0))
            heard.append("sound")
            sink(video(0, key=True))
            heard.extend(self.calls[1:])
            sink(video(1))

    broadcast = Broadcast(Source())
    with pytest.raises(SourceError):
        await broadcast.run(lambda: heard.append("delivers"))
    assert heard == ["demand True", "sound", "delivers", "demand False"]


async def test_a_source_that_encodes_on_demand_alone_proves_that_it_works() -> None:
    delivers = asyncio.Event()
    running = asyncio.create_task(Broadcast(open_source("test:?size=320x180&fps=15")).run(delivers.set))
    async with asyncio.timeout(20):
        await delivers.wait()
    running.cancel()
    await asyncio.wait({running})


async def test_a_run_without_a_picture_leaves_no_demand_and_takes_none_from_a_viewer() -> None:
    source = ScriptedSource()
    broadcast = Broadcast(source)
    for _ in range(2):
        with pytest.raises(SourceError):
            await broadcast.run(lambda: pytest.fail("there was no picture"))
        broadcast.join(Recorder())
    assert source.calls == ["demand True", "demand False", "demand True", "demand True"]


async def test_a_viewer_that_leaves_before_the_first_picture_does_not_keep_it_from_coming() -> None:
    viewer = Recorder()

    class Source(ScriptedSource):
        async def run(self, sink: FrameSink) -> None:
            broadcast.join(viewer)
            broadcast.leave(viewer)
            assert "demand False" not in self.calls
            sink(video(0, key=True))

    source = Source()
    broadcast = Broadcast(source)
    with pytest.raises(SourceError):
        await broadcast.run(lambda: None)
    assert source.calls[-1] == "demand False"


async def test_a_newcomer_gets_the_group_without_sound_and_without_a_second_delivery() -> None:
    sound = EncodedFrame("opus", b"\xf8", 0, True, 0.0)
    late = Recorder()
    groups: list[tuple[CutFrame, ...]] = []

    class Source(ScriptedSource):
        async def run(self, sink: FrameSink) -> None:
            for frame in (video(0), video(1, key=True), sound, video(2)):
                sink(frame)
            groups.append(broadcast.join(late))
            sink(video(3))

    broadcast = Broadcast(Source())
    await play(broadcast)
    assert [cut.timestamp for cut in groups[0]] == [3000, 6000]
    assert [cut.timestamp for cut in late.frames] == [9000]
    assert broadcast.profiles() == ["4d001f", "42e01f"]


async def test_key_frame_wishes_become_one() -> None:
    clock, source = Clock(), ScriptedSource()
    broadcast = Broadcast(source, clock)
    for _ in range(3):
        broadcast.request_keyframe()
    clock.now += KEYFRAME_INTERVAL
    broadcast.request_keyframe()
    assert source.calls == ["key frame", "key frame"]


async def test_a_source_that_starts_anew_continues_the_time_line() -> None:
    clock = Clock()
    broadcast = Broadcast(ScriptedSource(video(500, key=True), video(501)), clock)
    viewer = Recorder()
    broadcast.join(viewer)
    await play(broadcast)
    clock.now += 2.0
    await play(broadcast)
    stamps = [cut.timestamp for cut in viewer.frames]
    assert stamps == [1_500_000, 1_503_000, 1_683_000, 1_686_000]


def test_sound_and_picture_resume_each_on_its_clock() -> None:
    timeline = Timeline()
    timeline.place(video(10), 0.0)
    timeline.place(EncodedFrame("opus", b"", 960, True, 0.0), 0.0)
    timeline.restart()
    assert timeline.place(video(0), 1.0).timestamp == 30_000 + 90_000
    assert timeline.place(EncodedFrame("opus", b"", 0, True, 0.0), 1.0).timestamp == 960 + 48_000


async def test_a_cancelled_run_empties_the_cache() -> None:
    class Endless(ScriptedSource):
        async def run(self, sink: FrameSink) -> None:
            sink(video(0, key=True))
            await asyncio.Event().wait()

    broadcast = Broadcast(Endless())
    task = asyncio.create_task(broadcast.run())
    await asyncio.sleep(0)
    assert len(broadcast.group()) == 1
    task.cancel()
    await asyncio.wait({task})
    assert broadcast.group() == ()
