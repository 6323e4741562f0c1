"""Every trap that real files lay, with real files."""

import asyncio
import itertools
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
import structlog

from camera_peer.sources import open_source, reader
from camera_peer.sources.parameter_sets import kind
from camera_peer.sources.reader import MIN_PASS
from camera_peer.sources.stamp import Stamp
from media.frames import EncodedFrame, SourceError
from media.h264 import split

ROUNDS = 30
"""Frames to take from files of 25: more than one round."""


def kinds(frame: EncodedFrame) -> list[int]:
    return [kind(nal) for nal in split(frame.data)]


def assert_complete(frames: list[EncodedFrame]) -> None:
    """Each frame is one Annex B access unit, each IDR picture has its parameter sets in front, the first is one."""
    assert frames[0].keyframe
    for frame in frames:
        assert frame.keyframe == (5 in kinds(frame))
        if frame.keyframe:
            assert kinds(frame).index(7) < kinds(frame).index(8) < kinds(frame).index(5)


async def test_h264_passes_and_is_repeated_in_time(make_video: Any, record: Any, stamps: Any) -> None:
    kinds_of_file = {"a.mp4": None, "a.mkv": None, "a.ts": "mpegts", "a.h264": "h264", "a.avi": None}
    paths = [make_video(name, container=container) for name, container in kinds_of_file.items()]
    recordings = [record(open_source(str(path))) for path in paths]
    await asyncio.gather(*(one.until(lambda one=one: len(one.video) >= ROUNDS) for one in recordings))
    for name, recording in zip(kinds_of_file, recordings, strict=True):
        frames = recording.video
        assert_complete(frames)
        assert [stamp.count for stamp in stamps(frames)][:ROUNDS] == [n % 25 for n in range(ROUNDS)], name
        steps = [after.timestamp - before.timestamp for before, after in itertools.pairwise(frames)]
        assert all(abs(step - 3600) <= 90 for step in steps), f"{name}: a loop shows neither a gap nor a jump back"
        took = recording.arrivals[ROUNDS - 1] - recording.arrivals[0]
        assert took > (ROUNDS - 1) / 25 / 2, f"{name}: paced; unpaced it takes no time at all"


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.h264"])
async def test_parameter_sets_that_come_once_are_repeated(name: str, make_video: Any, record: Any) -> None:
    if name == "a.mp4":  # they are in its index only
        path = make_video(name, gop=5, options={"preset": "ultrafast", "x264-params": "repeat-headers=0"})
    else:
        path = make_video("whole.h264", container="h264", gop=5)
        path = with_sets_once(path, path.with_name(name))
    recording = record(open_source(str(path)))
    await recording.until(lambda: len(recording.video) >= 12)
    assert_complete(recording.video)
    assert sum(frame.keyframe for frame in recording.video) >= 3


def with_sets_once(whole: Path, path: Path) -> Path:
    """The same stream, with SPS and PPS at its start only."""
    units = split(whole.read_bytes())
    kept = units[:3] + [nal for nal in units[3:] if kind(nal) not in (7, 8)]
    raw = b"".join(b"\0\0\0\1" + nal for nal in kept)
    if path.suffix == ".h264":
        path.write_bytes(raw)
        return path
    whole.write_bytes(raw)
    with av.open(str(whole)) as source, av.open(str(path), "w", format="mpegts") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for n, packet in enumerate(source.demux(video=0)):
            if packet.size:
                packet.pts = packet.dts = n * 3600
                packet.time_base, packet.stream = Fraction(1, 90_000), stream
                out.mux(packet)
    return path


async def test_it_keeps_coming_though_nobody_watches(make_video: Any, record: Any) -> None:
    source = open_source(str(make_video("a.mp4")))
    source.demand(wanted=False)
    recording = record(source)
    await recording.until(lambda: len(recording.video) >= 5)


async def test_vp8_passes(make_video: Any, record: Any, stamps: Any) -> None:
    source = open_source(str(make_video("a.webm", codec="libvpx", audio="libopus")))
    assert (source.video_codec, source.audio_codec) == ("vp8", "opus")
    recording = record(source)
    await recording.until(lambda: len(recording.video) >= ROUNDS)
    assert recording.video[0].keyframe
    assert recording.video[25].keyframe
    assert [stamp.count for stamp in stamps(recording.video)][:25] == list(range(25))


@pytest.mark.parametrize(
    ("name", "settings", "because"),
    [
        ("b.mp4", {"b_frames": 2}, "B-frames"),
        ("b.h264", {"b_frames": 2, "container": "h264"}, "B-frames"),
        ("h265.mp4", {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=0"}}, "hevc"),
        ("444.mp4", {"pixels": "yuv444p"}, "4:4:4"),
        ("j.avi", {"codec": "mjpeg", "pixels": "yuvj420p"}, "mjpeg"),
    ],
)
async def test_what_cannot_pass_is_encoded_and_said_so(
    name: str, settings: Any, because: str, make_video: Any, record: Any, stamps: Any
) -> None:
    with structlog.testing.capture_logs() as logs:
        source = open_source(str(make_video(name, **settings)))
        source.demand(wanted=True)
        recording = record(source)
        await recording.until(lambda: len(recording.video) >= 15)
    assert source.video_codec == "h264"
    assert because in json.dumps([entry.get("encoded_because") for entry in logs])
    assert_complete(recording.video)
    counts = [stamp.count for stamp in stamps(recording.video)]
    assert counts == sorted(counts), "in the order in which they were seen"
    assert len(counts) >= 15
    times = [frame.timestamp for frame in recording.video]
    assert times == sorted(set(times))


@pytest.mark.parametrize("with_sets", [True, False])
async def test_h264_that_nobody_can_join_is_refused(with_sets: bool, make_video: Any, record: Any) -> None:
    """Without its only IDR picture, and perhaps its parameter sets, neither a viewer nor a decoder can begin."""
    path = make_video("a.h264", container="h264", gop=250, seconds=1)
    dropped = (5,) if with_sets else (5, 7, 8)
    kept = [nal for nal in split(path.read_bytes()) if kind(nal) not in dropped]
    path.write_bytes(b"".join(b"\0\0\0\1" + nal for nal in kept))
    source = open_source(str(path))
    source.demand(wanted=True)
    recording = record(source)
    with pytest.raises(SourceError, match="damaged"):
        await recording.until(lambda: False)
    assert recording.video == []


async def test_who_wants_vp8_gets_vp8(make_video: Any, record: Any, stamps: Any) -> None:
    source = open_source(str(make_video("a.mp4")), codec="vp8")
    source.demand(wanted=True)
    recording = record(source)
    await recording.until(lambda: len(recording.video) >= 10)
    assert {frame.codec for frame in recording.video} == {"vp8"}
    assert stamps(recording.video)[:10] == [Stamp(40 * n, n) for n in range(10)]


@pytest.mark.parametrize(("size", "encoded"), [((321, 241), (320, 240)), ((2560, 1440), (1280, 720))])
async def test_odd_and_huge_pictures_are_scaled(
    size: tuple[int, int], encoded: tuple[int, int], make_video: Any, record: Any
) -> None:
    path = make_video("a.mkv", codec="mjpeg", pixels="yuvj420p", size=size, seconds=0.4)
    source = open_source(str(path))
    source.demand(wanted=True)
    recording = record(source)
    await recording.until(lambda: len(recording.video) >= 3)
    decoder: Any = av.CodecContext.create("h264", "r")
    picture = decoder.decode(av.Packet(recording.video[0].data))[0]
    assert (picture.width, picture.height) == encoded


async def test_demand_stops_and_starts_the_encoder(make_video: Any, record: Any, stamps: Any) -> None:
    """The first picture after a silence is a key frame and shows now, though the file's last key frame is long ago."""
    path = make_video("b.mp4", b_frames=1, seconds=4, gop=100)
    source = open_source(str(path))
    recording = record(source)
    async with recording.running():
        await recording.wait_seconds(1.0)
        assert recording.video == []
        source.demand(wanted=True)
        await recording.wait(lambda: len(recording.video) >= 2, within=2.5)
        assert recording.video[0].keyframe
        assert stamps(recording.video[:1])[0].count >= 20, "not the old key frame itself"
        source.demand(wanted=False)
        await recording.wait_seconds(0.5)
        count = len(recording.video)
        await recording.wait_seconds(0.5)
        assert len(recording.video) == count
        source.demand(wanted=True)
        await recording.wait(lambda: len(recording.video) > count)
        assert recording.video[count].keyframe


async def test_a_still_is_a_slow_film(make_video: Any, record: Any) -> None:
    source = open_source(str(make_video("a.png", codec="png", container="image2", pixels="rgb24", seconds=0.04)))
    source.demand(wanted=True)
    recording = record(source)
    await recording.until(lambda: len(recording.video) >= 2)
    assert recording.video[1].timestamp - recording.video[0].timestamp == pytest.approx(90_000 * MIN_PASS, abs=9000)


SOUNDS = {
    "a.mp4": ({"audio": "aac"}, "opus"),
    "b.ts": ({"audio": "aac", "container": "mpegts", "rate": 44_100}, "opus"),
    "a.mkv": ({"audio": "libopus"}, "opus"),
    "o.ts": ({"audio": "libopus", "container": "mpegts"}, "opus"),
    "a.mov": ({"audio": "pcm_mulaw", "rate": 8000}, "pcmu"),
    "a.avi": ({"audio": "pcm_alaw", "rate": 8000}, "pcma"),
}


async def test_sound_comes_as_opus_or_as_it_is(make_video: Any, record: Any) -> None:
    sources = [open_source(str(make_video(name, **settings))) for name, (settings, _) in SOUNDS.items()]
    recordings = [record(source) for source in sources]
    for source in sources:
        source.demand(wanted=True)
    await asyncio.gather(*(one.until(lambda one=one: len(one.audio) >= 70) for one in recordings))
    for (name, (_, codec)), recording in zip(SOUNDS.items(), recordings, strict=True):
        audio, rate = recording.audio, 48_000 if codec == "opus" else 8_000
        assert {recording.source.audio_codec, *(frame.codec for frame in audio)} == {codec}, name
        steps = [after.timestamp - before.timestamp for before, after in itertools.pairwise(audio)]
        assert min(steps) >= 0, name
        assert sum(step == rate // 50 for step in steps) >= len(steps) - 4, f"{name}: even but where it begins again"
        apart = audio[-1].timestamp / rate - recording.video[-1].timestamp / 90_000
        assert abs(apart) < 0.3, f"{name}: sound and picture run together"


async def test_sound_may_outlast_the_pictures(make_video: Any, record: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "NO_PICTURE_FOR", 0.5)
    source = open_source(str(make_video("a.mkv", audio="libopus", seconds=0.2, sound_seconds=1.5)))
    recording = record(source)
    await recording.until(lambda: len(recording.video) > 5)
    gap = recording.video[5].timestamp - recording.video[4].timestamp
    assert gap == pytest.approx(90_000 * 1.36, abs=9000), "the film begins again when its sound has ended"


async def test_sound_can_be_left_out(make_video: Any, record: Any) -> None:
    source = open_source(str(make_video("a.mp4", audio="aac")), audio=False)
    assert source.audio_codec is None
    source.demand(wanted=True)
    recording = record(source)
    await recording.until(lambda: len(recording.video) >= 10)
    assert recording.audio == []


@pytest.mark.parametrize("damage", ["missing", "directory", "empty", "noise", "headless", "text", "sound", "playlist"])
async def test_a_bad_file_gives_one_clear_sentence(damage: str, tmp_path: Path, make_video: Any, record: Any) -> None:
    path = tmp_path / "bad.mp4"
    if damage == "directory":
        path.mkdir()
    elif damage == "headless":  # the index of an MP4 stands at its end
        data = make_video("a.mp4").read_bytes()
        path.write_bytes(data[: len(data) // 2])
    elif damage == "sound":
        path = tmp_path / "bad.wav"
        with av.open(str(path), "w") as out:
            stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
            frame = av.AudioFrame("s16", "mono", 8000)
            frame.sample_rate = 8000
            out.mux(stream.encode(frame))
    elif damage != "missing":
        content = {
            "empty": b"",
            "noise": bytes(range(256)) * 400,
            "text": b"not a film\n" * 100,
            "playlist": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
        }
        path.write_bytes(content[damage])
    source = open_source(str(path))
    source.demand(wanted=True)
    with pytest.raises(SourceError) as error:
        await record(source).until(lambda: False)
    sentence = str(error.value)
    assert path.name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


async def test_a_film_that_breaks_off_is_shown_as_far_as_it_goes(make_video: Any, record: Any) -> None:
    path = make_video("a.ts", container="mpegts")
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 2000] = b"\xff" * 2000
    path.write_bytes(data[: len(data) * 2 // 3])
    recording = record(open_source(str(path)))
    await recording.until(lambda: len(recording.video) >= 25)
    assert recording.video[0].keyframe
