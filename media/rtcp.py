"""RTCP of a sender: reading a viewer's feedback, writing reports."""

import struct
from dataclasses import dataclass, field

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    unpack_remb_fci,
)

NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 5905 §6)."""
CNAME = 1


@dataclass(slots=True)
class Feedback:
    """What one compound packet asks of us. `lost`: sequence numbers by SSRC. `anew`: the wish for a key frame is a FIR,
    not only a PLI. `bitrate`: REMB, bit/s. `loss`: fraction by SSRC, 0 to 1. `left`: the viewer said BYE."""

    lost: dict[int, list[int]] = field(default_factory=dict)
    key_frame: bool = False
    anew: bool = False
    bitrate: int | None = None
    loss: dict[int, float] = field(default_factory=dict)
    left: bool = False


def read_feedback(data: bytes) -> Feedback:
    """Read a compound packet. Raises `ValueError` when it is malformed."""
    feedback = Feedback()
    try:
        packets = RtcpPacket.parse(data)
    except (struct.error, LookupError) as error:
        raise ValueError(str(error)) from error
    for packet in packets:
        match packet:
            case RtcpRtpfbPacket(fmt=fmt) if fmt == RTCP_RTPFB_NACK:
                lost = [number & 0xFFFF for number in packet.lost]
                feedback.lost.setdefault(packet.media_ssrc, []).extend(lost)
            case RtcpPsfbPacket(fmt=fmt) if fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
                feedback.key_frame = True
                feedback.anew = feedback.anew or fmt == RTCP_PSFB_FIR
            case RtcpPsfbPacket(fmt=fmt) if fmt == RTCP_PSFB_APP:
                feedback.bitrate = _remb(packet.fci)
            case RtcpRrPacket() | RtcpSrPacket():
                for report in packet.reports:
                    feedback.loss[report.ssrc] = report.fraction_lost / 256
            case RtcpByePacket():
                feedback.left = True
    return feedback


def sender_report(ssrc: int, cname: str, wall: float, rtp_time: int, packets: int, octets: int) -> bytes:
    """SR and SDES in one compound packet (RFC 3550 §6.1): `rtp_time` is what the stream's clock shows at `wall`."""
    info = RtcpSenderInfo(
        ntp_timestamp=int((wall + NTP_EPOCH) * (1 << 32)) & 0xFFFF_FFFF_FFFF_FFFF,
        rtp_timestamp=rtp_time & 0xFFFF_FFFF,
        packet_count=packets & 0xFFFF_FFFF,
        octet_count=octets & 0xFFFF_FFFF,
    )
    names = RtcpSdesPacket(chunks=[RtcpSourceInfo(ssrc=ssrc, items=[(CNAME, cname.encode())])])
    return bytes(RtcpSrPacket(ssrc=ssrc, sender_info=info)) + bytes(names)


def goodbye(ssrcs: list[int]) -> bytes:
    """BYE for these streams."""
    return bytes(RtcpByePacket(sources=ssrcs))


def _remb(fci: bytes) -> int | None:
    try:
        bitrate: int = unpack_remb_fci(fci)[0]
    except (ValueError, struct.error, LookupError):
        return None
    return bitrate
