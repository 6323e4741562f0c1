"""SDP, candidates, limits and feedback: against what aiortc reads and writes, and against damage."""

import contextlib
import re

import pytest
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, unpack_remb_fci
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.offer import ABS_SEND_TIME, Media, Transport, write_offer
from media.relay.admission import Admission, RelayFull
from media.relay.candidates import candidates
from media.relay.feedback import (
    MAX_BITRATE,
    MIN_BITRATE,
    bitrate_limit,
    common_bitrate,
    negative_acknowledgement,
    picture_loss,
    read_sender,
    receiver_report,
)
from media.relay.publisher_sdp import PLAYOUT_DELAY, VIDEO_ORIENTATION, BadOffer, read_offer, write_answer
from media.relay.reception import ReceptionReport
from media.relay.settings import RelaySettings

FINGERPRINT = ":".join(["AB"] * 32)
RELAY = Transport("relayufrag", "password" * 4, FINGERPRINT, ("0 1 udp 1 192.0.2.1 1 typ host",), lite=True)
CAMERA = Transport("cameraufrag", "password" * 4, FINGERPRINT, ())
SENDS = Media("h264", ("4d001f", "42e01f"), 1, "opus", 2, "stream", ((9, VIDEO_ORIENTATION),))
CHROMIUM_VIDEO = """m=video 9 UDP/TLS/RTP/SAVPF 39 103 108 96
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 AB:CD
a=setup:actpass
a=mid:video
a=sendrecv
a=rtpmap:39 AV1/90000
a=rtpmap:103 H264/90000
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f
a=rtpmap:108 H264/90000
a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:96 VP8/90000
"""


def offer(media: Media = SENDS) -> str:
    return write_offer(CAMERA, media, 42)


def test_our_cameras_offer_is_answered_passively_and_without_data() -> None:
    told = read_offer(offer())
    assert (told.video, told.profiles, told.audio) == ("h264", ("4d001f", "42e01f"), "opus")
    assert (told.video_type, told.audio_type, told.extensions) == (102, 111, {VIDEO_ORIENTATION: 9})
    answer = write_answer(told, RELAY, 43)
    parsed = SessionDescription.parse(answer)
    assert [(m.kind, m.direction, m.port) for m in parsed.media] == [
        ("video", "recvonly", 9),
        ("audio", "recvonly", 9),
        ("application", "inactive", 0),
    ]
    assert all(m.dtls is not None and m.dtls.role == "server" for m in parsed.media[:2])
    assert parsed.media[0].ice.iceLite and parsed.media[0].ice_candidates[0].ip == "192.0.2.1"
    assert [c.payloadType for c in parsed.media[0].rtp.codecs] == [102]
    assert [e.uri for e in parsed.media[0].rtp.headerExtensions] == [VIDEO_ORIENTATION]
    assert "a=group:BUNDLE 0 1\r\n" in answer and ABS_SEND_TIME not in answer


@pytest.mark.parametrize(
    ("media", "video", "audio"),
    [
        (Media("vp8", (), 1, "pcma", 2, "s"), ("vp8", 96), ("pcma", 8)),
        (Media("h264", ("42e01f",), 1, "pcmu", 2, "s"), ("h264", 102), ("pcmu", 0)),
        (Media("h264", ("42e01f",), 1, None, 2, "s"), ("h264", 102), (None, None)),
    ],
)
def test_every_codec_of_ours_is_understood(media: Media, video: tuple[str, int], audio: tuple[str, int]) -> None:
    told = read_offer(offer(media))
    assert (told.video, told.video_type) == video and (told.audio, told.audio_type) == audio


def test_a_browsers_first_codec_that_we_carry_is_taken_with_packets_that_fit() -> None:
    told = read_offer("v=0\n" + CHROMIUM_VIDEO)
    assert (told.video, told.video_type, told.video_at) == ("h264", 108, 0)
    assert "m=video 9 UDP/TLS/RTP/SAVPF 108\r\n" in write_answer(told, RELAY, 1)


def test_a_device_without_mids_is_answered_section_by_section() -> None:
    sdp = "v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\n" + CHROMIUM_VIDEO.replace("a=mid:video\n", "")
    answer = write_answer(read_offer(sdp), RELAY, 1)
    assert re.findall(r"m=(\w+) (\d+)", answer) == [("audio", "0"), ("video", "9")]
    assert "a=mid" not in answer


def test_sound_on_a_transport_of_its_own_is_left_out() -> None:
    told = read_offer(offer().replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 2"))
    assert told.audio is None
    assert re.findall(r"m=(\w+) (\d+)", write_answer(told, RELAY, 1)) == [
        ("video", "9"),
        ("audio", "0"),
        ("application", "0"),
    ]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda sdp: sdp.replace("H264", "H265"), "neither"),
        (lambda sdp: sdp.replace("sendonly", "recvonly"), "neither"),
        (lambda sdp: sdp.replace("a=setup:actpass", "a=setup:passive"), "begin DTLS"),
        (lambda sdp: sdp.replace("sha-256", "md5"), "fingerprint"),
        (lambda sdp: sdp.replace("cameraufrag", "a b"), "malformed"),
        (lambda sdp: sdp + "m=video 9 x 1\r\n" * 9, "too many"),
        (lambda sdp: sdp * 100, "too long"),
        (lambda _: "", "neither"),
    ],
)
def test_a_bad_offer_is_a_sentence(spoil: "object", sentence: str) -> None:
    assert callable(spoil)
    with pytest.raises(BadOffer, match=sentence):
        read_offer(spoil(offer()))


@given(st.lists(st.sampled_from([*offer().splitlines(), *CHROMIUM_VIDEO.splitlines(), "m=audio 9 x", "a=mid"])))
def test_a_shuffled_offer_never_raises_anything_else(lines: list[str]) -> None:
    with contextlib.suppress(BadOffer):
        write_answer(read_offer("\r\n".join(lines)), RELAY, 1)


def test_the_relays_offer_is_lite_and_without_data() -> None:
    media = Media("h264", ("42e01f",), 1, "opus", 2, "s", ((6, PLAYOUT_DELAY),), data=False)
    written = write_offer(RELAY, media, 1)
    parsed = SessionDescription.parse(written)
    assert [m.kind for m in parsed.media] == ["video", "audio"] and parsed.media[0].ice.iceLite
    assert {e.uri for e in parsed.media[0].rtp.headerExtensions} == {ABS_SEND_TIME, PLAYOUT_DELAY}
    assert "a=group:BUNDLE 0 1\r\n" in written


def test_every_address_is_offered_for_udp_and_tcp() -> None:
    lines = candidates(["192.0.2.1", "2001:db8::1"], 5000, ("198.51.100.1", "192.0.2.1"), 5000, tcp=True)
    assert [line.split()[2:6:2] for line in lines[:3]] == [
        ["udp", "192.0.2.1"],
        ["udp", "2001:db8::1"],
        ["udp", "198.51.100.1"],
    ]
    assert len(lines) == 6 and all(line.endswith("typ host tcptype passive") for line in lines[3:])
    priorities = [int(line.split()[3]) for line in lines]
    assert priorities == sorted(priorities, reverse=True) and len(set(priorities)) == 6
    assert len({line.split()[0] for line in lines}) == 6
    assert len(candidates(["192.0.2.1"], 5000, (), 5000, tcp=False)) == 1


def test_limits_count_and_release() -> None:
    admission = Admission(node=3, owner=2, camera=1)
    admission.admit("1", "anna", "door")
    with pytest.raises(RelayFull, match="camera has 1") as full:
        admission.admit("2", "anna", "door")
    assert full.value.scope == "camera"
    admission.admit("2", "anna", "yard")
    with pytest.raises(RelayFull, match="account has 2"):
        admission.admit("3", "anna", "roof")
    admission.admit("3", "bert", "hall")
    with pytest.raises(RelayFull, match="carries 3"):
        admission.admit("4", "carl", "shed")
    with pytest.raises(ValueError, match="with this id"):
        admission.admit("1", "anna", "door")
    for name in ("1", "1", "2", "3"):
        admission.release(name)
    assert len(admission) == 0
    admission.admit("1", "anna", "door")


def test_feedback_is_what_aiortc_reads() -> None:
    report = receiver_report(5, [(7, ReceptionReport(64, 25, 65_599, 30), 0xABCD, 100)])
    nack = negative_acknowledgement(5, 7, [65_535, 3, 2, 300])
    packets = RtcpPacket.parse(report + nack + picture_loss(5, 7) + bitrate_limit(5, [7], 1_000_000))
    told, lost, loss, limit = packets
    assert isinstance(told, RtcpRrPacket) and isinstance(lost, RtcpRtpfbPacket)
    assert isinstance(loss, RtcpPsfbPacket) and isinstance(limit, RtcpPsfbPacket)
    block = told.reports[0]
    assert (block.ssrc, block.fraction_lost, block.packets_lost, block.highest_sequence) == (7, 64, 25, 65_599)
    assert (block.jitter, block.lsr, block.dlsr) == (30, 0xABCD, 100)
    assert sorted(lost.lost) == [2, 3, 300, 65_535] and loss.fmt == 1
    assert unpack_remb_fci(limit.fci) == (1_000_000, [7])


def test_the_cameras_bitrate_is_the_least_wish_within_bounds() -> None:
    assert common_bitrate([]) is None
    assert common_bitrate([2_000_000, 900_000]) == 900_000
    assert common_bitrate([2_000_000, 1]) == MIN_BITRATE
    assert common_bitrate([10**12]) == MAX_BITRATE


def test_a_cameras_reports_are_read() -> None:
    data = rtcp.sender_report(7, "name", 1_700_000_000.25, 42, 1, 2)
    reports, left = read_sender(data)
    assert [(ssrc, ntp - rtcp.NTP_EPOCH, stamp) for ssrc, ntp, stamp, _ in reports] == [(7, 1_700_000_000.25, 42)]
    assert not left and read_sender(bytes(RtcpByePacket([7]))) == ([], True)


@given(st.binary(max_size=80), st.integers(192, 223))
def test_no_report_raises_anything_but_value_errors(data: bytes, kind: int) -> None:
    for body in (data, b"\x81" + bytes((kind,)) + (len(data) // 4).to_bytes(2, "big") + data):
        try:
            read_sender(body)
        except ValueError:
            continue


@pytest.mark.parametrize("wrong", [{"port": 70_000}, {"linger": 3.0}, {"viewers": 0}, {"public_port": 70_000}])
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"relay|upload"):
        RelaySettings(**wrong)  # type: ignore[arg-type]  # the fields are of different types
