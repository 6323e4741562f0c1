"""SRTP and SRTCP that nobody who has the keys has made, or that was damaged on its way: to be sent from a peer's own
address, where only the keys tell who sent it."""

import os
import random
import struct
from collections.abc import Callable, Iterator

from aiortc import RTCDtlsTransport
from aiortc.rtp import RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpByePacket, RtcpPsfbPacket, RtcpRtpfbPacket

from media import rtcp
from media.relay.feedback import bitrate_limit, full_intra_request
from media.relay.srtp import keyed, material_bytes

Protect = Callable[[bytes], bytes]
TRAILER = b"\x80\x00\x00\x01"
"""Of an SRTCP packet: it claims to be encrypted, and has an index (RFC 3711 §3.4)."""
BITRATE = 1_000_000
"""bit/s that a forged wish asks for."""
LONG_AGO = 0.0
"""Wall clock of a forged report: 1970."""
NOBODY = 1
"""An SSRC that ends a packet with a zero bit where SRTCP says whether it is encrypted: as if it were not."""


def rtp(kind: int, sequence: int, ssrc: int, payload: bytes) -> bytes:
    """A plain packet with a marker, at time 0."""
    return struct.pack("!BBHII", 0x80, 0x80 | kind, sequence & 0xFFFF, 0, ssrc) + payload


def farewell(ssrc: int) -> bytes:
    """A sender's report that is wrong, and its goodbye."""
    return rtcp.sender_report(ssrc, "forged", LONG_AGO, 0, 1, 1) + bytes(RtcpByePacket(sources=[ssrc, NOBODY]))


def wishes(ssrc: int, lost: list[int]) -> bytes:
    """All that a viewer may ask for: packets, key frames, a bitrate."""
    nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=ssrc, lost=lost)
    loss = RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=ssrc)
    return bytes(nack) + bytes(loss) + full_intra_request(1, ssrc, 1) + bitrate_limit(1, [ssrc, NOBODY], BITRATE)


def another(dtls: RTCDtlsTransport) -> tuple[Protect, Protect]:
    """For RTP and RTCP, with keys of the same kind that are not this association's."""
    profile = dtls._ssl.get_selected_srtp_profile()
    pair = keyed(profile, os.urandom(material_bytes(profile)), as_server=False)
    return pair.protect, pair.protect_rtcp


def forged(plain: bytes, own: Protect, other: Protect, chance: random.Random) -> Iterator[bytes]:
    """In the clear, as if encrypted, by `other` keys, and damaged after its `own` keys encrypted it."""
    yield plain
    yield plain + os.urandom(16) + TRAILER
    yield other(plain)
    real = own(plain)
    for at in (2, 5, len(real) // 2, len(real) - 1, chance.randrange(2, len(real))):
        yield real[:at] + bytes((real[at] ^ 1 << chance.randrange(8),)) + real[at + 1 :]
    yield real + b"\x00"
    for size in (2, 12, len(real) // 2, len(real) - 1):
        yield real[:size]
