"""One outgoing RTP stream, read back with aiortc's parser."""

from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpSendParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from media.offer import ABS_SEND_TIME
from media.packetiser import CutFrame
from media.rtp_stream import HISTORY, MAX_RESENDS_PER_SECOND, RtpStream, StreamState

START = StreamState(ssrc=0x11223344, sequence=65534, timestamp=2**32 - 50)
WALL = 1_800_000_000.25


def frame(*payloads: bytes) -> CutFrame:
    return CutFrame("h264", 0, True, 0.0, 0.0, payloads, sum(map(len, payloads)))


def read(data: bytes) -> RtpPacket:
    extensions = HeaderExtensionsMap()
    known = [RTCRtpHeaderExtensionParameters(id=3, uri=ABS_SEND_TIME)]
    extensions.configure(RTCRtpSendParameters(headerExtensions=known))
    return RtpPacket.parse(data, extensions)


def test_headers_wrap_and_only_the_last_packet_is_marked() -> None:
    stream = RtpStream(START, 102, 3)
    packets = [read(data) for data in stream.build(frame(b"a", b"bb", b"ccc"), 100, WALL)]
    assert [packet.sequence_number for packet in packets] == [65534, 65535, 0]
    assert [packet.marker for packet in packets] == [0, 0, 1]
    assert [packet.payload for packet in packets] == [b"a", b"bb", b"ccc"]
    assert {(packet.ssrc, packet.payload_type, packet.timestamp) for packet in packets} == {(0x11223344, 102, 50)}
    assert (stream.packets, stream.octets) == (3, 6)


def test_send_time_is_seconds_in_fixed_point() -> None:
    packet = read(RtpStream(START, 102, 3).build(frame(b"a"), 0, WALL)[0])
    assert packet.extensions.abs_send_time == int(WALL % 64 * 2**18)


def test_without_the_extension_the_header_has_twelve_bytes() -> None:
    assert len(RtpStream(START, 102, None).build(frame(b"a"), 0, WALL)[0]) == 13


def test_lost_packets_come_again_unchanged() -> None:
    """One changed bit under the same SRTP nonce would break AES-GCM."""
    stream = RtpStream(START, 102, 3)
    sent = stream.build(frame(b"a", b"bb"), 0, WALL)
    stream.build(frame(b"c"), 3000, WALL + 1)
    assert stream.again([65535, 7], now=10.0) == [sent[1]]


def test_only_the_history_is_answered() -> None:
    stream = RtpStream(StreamState(1, 0, 0), 102, None)
    for _ in range(HISTORY + 1):
        stream.build(frame(b"a"), 0, WALL)
    assert stream.again([0], now=10.0) == []
    assert len(stream.again([1, HISTORY], now=10.0)) == 2


def test_resending_is_bounded_per_second() -> None:
    stream = RtpStream(StreamState(1, 0, 0), 102, None)
    stream.build(frame(*[b"a"] * 1000), 0, WALL)
    lost = list(range(1000)) * 5
    assert len(stream.again(lost, now=10.0)) == MAX_RESENDS_PER_SECOND
    assert stream.again(lost, now=10.0) == []
    assert len(stream.again(lost, now=10.5)) == MAX_RESENDS_PER_SECOND // 2
