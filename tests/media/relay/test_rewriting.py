"""What becomes of a camera's packets: numbers that run on, header extensions, padding, key frames found."""

import pytest
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from media import h264, vp8
from media.frames import Codec
from media.relay import rtp
from media.relay.evening import MAX_PADDING, evened
from media.relay.keyframe import starts_key_frame
from media.relay.output import OutputStream
from media.relay.rtp import Incoming, Unwrapper
from media.rtp_stream import StreamState

START = StreamState(ssrc=77, sequence=1000, timestamp=5000)
IDR = b"\x00\x00\x01\x67\x42\xe0\x1f\x8d\x00\x00\x01\x68\xce\x00\x00\x01\x65" + b"\x88" * 4000
DELTA = b"\x00\x00\x01\x41" + b"\x99" * 3000


def packet(sequence: int, timestamp: int, payload: bytes = b"x", **changes: object) -> Incoming:
    fields: dict[str, object] = {
        "payload_type": 96,
        "marker": False,
        "sequence": sequence,
        "timestamp": timestamp,
        "ssrc": 1,
        "extensions": {},
        "payload": payload,
        "padded": False,
    }
    return Incoming(**{**fields, **changes})  # type: ignore[arg-type]  # a test names single fields


def stream(codec: Codec = "h264", send_time_id: int | None = None) -> OutputStream:
    made = OutputStream(START, codec, 102, send_time_id)
    made.attach({})
    return made


@given(st.lists(st.integers(-1000, 1000), max_size=200))
def test_numbers_are_counted_beyond_their_bits(steps: list[int]) -> None:
    unwrapper = Unwrapper(16)
    at = newest = 65_000
    assert unwrapper.count(at) == at
    for step in steps:
        at = newest + step
        assert unwrapper.count(at % 65_536) == at
        newest = max(newest, at)


def test_a_packet_is_read_as_aiortc_reads_it() -> None:
    built = RtpPacket(payload_type=102, marker=1, sequence_number=7, timestamp=100, ssrc=77, payload=b"hello")
    built.csrc = [1]
    built.padding_size = 3
    read = rtp.read(built.serialize())
    assert read is not None and (read.sequence, read.timestamp, read.ssrc, read.marker) == (7, 100, 77, True)
    assert read.padded and read.payload[:5] == b"hello" and read.payload[-1] == 3
    assert rtp.read(built.serialize()[:14]) is None


@given(st.binary(max_size=60))
def test_no_packet_raises(data: bytes) -> None:
    read = rtp.read(data)
    assert read is None or len(read.payload) <= len(data)


def test_numbers_run_on_when_the_camera_connects_anew() -> None:
    output = stream()
    first = output.rewrite(50, packet(50, 900_000), 10.0, 0.0)
    second = output.rewrite(51, packet(51, 903_000), 10.0 + 1 / 30, 0.0)
    output.attach({})
    third = output.rewrite(9, packet(9, 17), 12.0 + 1 / 30, 0.0)
    assert first and second and third
    assert [p.number for p in (first, second, third)] == [1000, 1001, 1002]
    assert (first.time, second.time, third.time) == (5000, 8000, 8000 + 2 * 90_000)
    assert output.rewrite(8, packet(8, 16), 12.1, 0.0) is None


def test_gaps_and_late_packets_keep_their_places() -> None:
    output = stream()
    numbers = [output.rewrite(n, packet(n % 65536, 0), 0.0, 0.0) for n in (65_535, 65_538, 65_536)]
    assert [p.number for p in numbers if p] == [1000, 1003, 1001]


def test_time_stamps_may_wrap_and_the_wire_shows_their_low_bits() -> None:
    output = stream()
    output.rewrite(0, packet(0, 2**32 - 10), 0.0, 0.0)
    after = output.rewrite(1, packet(1, 20), 0.0, 0.0)
    assert after and after.time == 5000 + 30
    assert RtpPacket.parse(after.data).timestamp == 5030


def test_extensions_are_renumbered_or_end_here() -> None:
    output = OutputStream(START, "h264", 102, 3)
    output.attach({9: 6})
    rewritten = output.rewrite(0, packet(0, 0, extensions={9: b"\x00\x10\x02", 4: b"secret"}), 0.0, 65.5)
    assert rewritten
    read = rtp.read(rewritten.data)
    assert read is not None and read.extensions == {6: b"\x00\x10\x02", 3: (int(1.5 * 2**18)).to_bytes(3, "big")}
    assert read.payload == b"x" and read.payload_type == 102 and read.ssrc == 77
    assert RtpPacket.parse(rewritten.data, HeaderExtensionsMap()).payload == b"x"


def test_a_sender_report_is_told_in_the_output_streams_clock() -> None:
    output = stream()
    output.note_report(1.0, 5, 0.0)
    assert output.report is None
    output.rewrite(0, packet(0, 900_000), 0.0, 0.0)
    output.note_report(4_000_000_000.5, 900_090, 7.0)
    assert output.report is not None
    assert (output.report.ntp, output.report.time, output.report.heard_at) == (4_000_000_000.5, 5090, 7.0)


def test_a_group_sees_its_own_payload_type_shift_and_stamp() -> None:
    output = stream()
    rewritten = output.rewrite(0, packet(0, 0, marker=True), 0.0, 0.0)
    assert rewritten
    seen = RtpPacket.parse(rtp.dressed(rewritten.data, 104, 0xFFFF, 42))
    assert (seen.payload_type, seen.sequence_number, seen.timestamp, seen.marker) == (104, 999, 42, 1)
    assert seen.payload == b"x"


@given(st.lists(st.integers(13, 1300), min_size=1, max_size=40))
def test_evened_packets_say_the_same(sizes: list[int]) -> None:
    plain = [RtpPacket(payload_type=96, payload=bytes((1,)) * (size - 12)).serialize() for size in sizes]
    same = evened(plain)
    assert [RtpPacket.parse(data).payload for data in same] == [RtpPacket.parse(data).payload for data in plain]
    assert all(len(after) == max(sizes) for after, size in zip(same, sizes, strict=True) if size >= max(sizes) - 16)
    assert all(len(after) - size <= MAX_PADDING for after, size in zip(same, sizes, strict=True))


@pytest.mark.parametrize(("unit", "is_key"), [(IDR, True), (DELTA, False)])
@pytest.mark.parametrize("limit", [500, 1180, 9000])
def test_a_key_frame_is_seen_in_exactly_one_of_its_packets(unit: bytes, is_key: bool, limit: int) -> None:
    payloads = h264.payloads(unit, limit)
    assert sum(starts_key_frame("h264", payload) for payload in payloads) == is_key


@pytest.mark.parametrize(
    ("first", "is_key"), [(b"\x10\x00", True), (b"\x11\x00", False)], ids=["key frame", "other frame"]
)
def test_a_vp8_key_frame_is_seen_in_its_first_packet(first: bytes, is_key: bool) -> None:
    found = [starts_key_frame("vp8", payload) for payload in vp8.payloads(first + bytes(3000), 1180)]
    assert found == [is_key, False, False]
    for descriptor in (b"\x90\x80\x12", b"\x90\x80\x81\x12", b"\x90\xe0\x12\x01\x20", b"\x90\x20\x20"):
        assert starts_key_frame("vp8", descriptor + first) is is_key


@given(st.binary(max_size=12))
def test_no_payload_raises(payload: bytes) -> None:
    assert starts_key_frame("opus", payload) is False
    assert {starts_key_frame("h264", payload), starts_key_frame("vp8", payload)} <= {True, False}
