"""RTCP of a sender, with aiortc as the other side."""

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSrPacket,
    pack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from media.relay.feedback import full_intra_request, picture_loss
from media.rtcp import NTP_EPOCH, goodbye, read_feedback, sender_report

SSRC = 77


def test_nack_names_the_lost_packets_by_stream() -> None:
    data = bytes(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=SSRC, lost=[65535, 65536, 65540]))
    assert read_feedback(data).lost == {SSRC: [65535, 0, 4]}


@pytest.mark.parametrize(("kind", "anew"), [(RTCP_PSFB_PLI, False), (RTCP_PSFB_FIR, True)])
def test_picture_loss_asks_for_a_key_frame(kind: int, anew: bool) -> None:
    feedback = read_feedback(bytes(RtcpPsfbPacket(fmt=kind, ssrc=1, media_ssrc=SSRC)))
    assert (feedback.key_frame, feedback.anew) == (True, anew)


def test_what_the_relay_asks_for_is_understood() -> None:
    asked = read_feedback(picture_loss(1, SSRC))
    anew = read_feedback(picture_loss(1, SSRC) + full_intra_request(1, SSRC, 300))
    assert asked.key_frame and not asked.anew and anew.key_frame and anew.anew


def test_compound_packet_with_report_and_bitrate() -> None:
    report = RtcpReceiverInfo(ssrc=SSRC, fraction_lost=64, packets_lost=3, highest_sequence=9, jitter=0, lsr=0, dlsr=0)
    remb = RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(1_000_000, [SSRC]))
    feedback = read_feedback(bytes(RtcpRrPacket(ssrc=1, reports=[report])) + bytes(remb))
    assert feedback.loss == {SSRC: 0.25}
    assert feedback.bitrate is not None and abs(feedback.bitrate - 1_000_000) < 1000
    assert not feedback.key_frame and not feedback.left


def test_bye_is_noticed() -> None:
    assert read_feedback(bytes(RtcpByePacket(sources=[1]))).left


@given(st.binary(max_size=200), st.sampled_from([200, 201, 202, 203, 205, 206, 207]))
def test_whatever_comes_is_read_or_a_value_error(body: bytes, kind: int) -> None:
    body = body[: len(body) // 4 * 4]
    try:
        read_feedback(bytes((0x81, kind)) + (len(body) // 4).to_bytes(2, "big") + body)
    except ValueError:
        return


def test_report_maps_wall_clock_to_stream_clock() -> None:
    report, names = RtcpPacket.parse(sender_report(SSRC, "stream", 1_800_000_000.5, 2**32 + 5, 10, 2**33 + 1))
    assert isinstance(report, RtcpSrPacket) and isinstance(names, RtcpSdesPacket)
    info = report.sender_info
    assert info.ntp_timestamp == (1_800_000_000 + NTP_EPOCH) << 32 | 1 << 31
    assert (info.rtp_timestamp, info.packet_count, info.octet_count) == (5, 10, 1)
    assert names.chunks[0].items == [(1, b"stream")]


def test_goodbye_names_all_streams() -> None:
    (packet,) = RtcpPacket.parse(goodbye([1, 2]))
    assert isinstance(packet, RtcpByePacket) and packet.sources == [1, 2]
