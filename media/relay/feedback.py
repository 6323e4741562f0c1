"""RTCP the relay writes to a camera: receiver reports, and wishes for packets, key frames and a bitrate."""

import struct

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
    RtcpSrPacket,
    pack_remb_fci,
)

from media.relay.reception import ReceptionReport

MIN_BITRATE = 300_000
"""bit/s: what a small picture needs. A viewer whose path carries less loses frames; the others keep theirs."""
MAX_BITRATE = 50_000_000
"""bit/s: no camera sends more."""
MAX_LOST = (1 << 23) - 1
"""The field has 24 bits and a sign (RFC 3550 §6.4.1)."""
FIR_ENTRY = struct.Struct("!IB3x")
"""SSRC, number of the request (RFC 5104 §4.3.1.1)."""

SenderReport = tuple[int, float, int, int]
"""SSRC, NTP seconds since 1900, RTP time stamp, and the middle 32 bits of the NTP time stamp."""


def receiver_report(ours: int, blocks: list[tuple[int, ReceptionReport, int, int]]) -> bytes:
    """RR. `blocks`: SSRC, what was counted, and LSR and DLSR in units of 1/65,536 s."""
    reports = [
        RtcpReceiverInfo(ssrc, b.fraction, max(0, min(MAX_LOST, b.lost)), b.highest, b.jitter, lsr, dlsr)
        for ssrc, b, lsr, dlsr in blocks
    ]
    return bytes(RtcpRrPacket(ssrc=ours, reports=reports))


def negative_acknowledgement(ours: int, ssrc: int, lost: list[int]) -> bytes:
    """NACK for these sequence numbers."""
    return bytes(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=ours, media_ssrc=ssrc, lost=sorted(lost)))


def picture_loss(ours: int, ssrc: int) -> bytes:
    """PLI."""
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=ours, media_ssrc=ssrc))


def full_intra_request(ours: int, ssrc: int, number: int) -> bytes:
    """FIR (RFC 5104 §4.3.1). `number`: of the request, one more for each."""
    fci = FIR_ENTRY.pack(ssrc, number & 0xFF)
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_FIR, ssrc=ours, media_ssrc=0, fci=fci))


def bitrate_limit(ours: int, ssrcs: list[int], bitrate: int) -> bytes:
    """REMB."""
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=ours, media_ssrc=0, fci=pack_remb_fci(bitrate, ssrcs)))


def common_bitrate(wishes: list[int]) -> int | None:
    """What to ask of the camera for all its viewers: the least of their estimates, within bounds; none without any."""
    if not wishes:
        return None
    return max(MIN_BITRATE, min(MAX_BITRATE, *wishes, MAX_BITRATE))


def read_sender(data: bytes) -> tuple[list[SenderReport], bool]:
    """The sender reports of a compound packet, and whether it says goodbye. Raises `ValueError` when malformed."""
    try:
        packets = RtcpPacket.parse(data)
    except (struct.error, LookupError) as error:
        raise ValueError(str(error)) from error
    reports: list[SenderReport] = []
    left = False
    for packet in packets:
        match packet:
            case RtcpSrPacket(ssrc=ssrc, sender_info=info):
                ntp = info.ntp_timestamp
                reports.append((ssrc, ntp / (1 << 32), info.rtp_timestamp, ntp >> 16 & 0xFFFF_FFFF))
            case RtcpByePacket():
                left = True
    return reports, left
