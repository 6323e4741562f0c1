"""Where key frames begin, seen from RTP payloads alone. Works on end-to-end encrypted frames too, whose first bytes
stay clear (FACTS §9)."""

from media.frames import Codec
from media.h264 import NAL_FU_A, NAL_IDR, NAL_STAP_A

FU_START = 0x80


def starts_key_frame(codec: Codec, payload: bytes) -> bool:
    """Whether the first slice of a key frame begins in this payload."""
    if codec == "h264":
        return _h264(payload)
    return codec == "vp8" and _vp8(payload)


def _h264(payload: bytes) -> bool:
    """RFC 6184 §5.6 to §5.8: an IDR slice alone, aggregated, or its first fragment."""
    if len(payload) < 2:
        return False
    kind = payload[0] & 0x1F
    if kind == NAL_FU_A:
        return bool(payload[1] & FU_START) and payload[1] & 0x1F == NAL_IDR
    if kind != NAL_STAP_A:
        return kind == NAL_IDR
    at = 1
    while at + 2 < len(payload):
        if payload[at + 2] & 0x1F == NAL_IDR:
            return True
        at += 2 + int.from_bytes(payload[at : at + 2], "big")
    return False


def _vp8(payload: bytes) -> bool:
    """RFC 7741 §4.2, §4.3: start of partition 0, and the P bit of the frame is 0."""
    if not payload or payload[0] & 0x1F != 0x10:
        return False
    at = 1
    if payload[0] & 0x80 and len(payload) > 1:
        flags = payload[1]
        at += 1
        if flags & 0x80:
            at += 2 if len(payload) > at and payload[at] & 0x80 else 1
        at += bool(flags & 0x40) + bool(flags & 0x30)
    return at < len(payload) and not payload[at] & 1
