"""H.264 in RTP (RFC 6184): cutting access units into payloads, and reading the profile."""

import re
from itertools import pairwise

START_CODE = re.compile(rb"\x00\x00\x01")

NAL_IDR = 5
NAL_SEI = 6
NAL_SPS = 7
NAL_PPS = 8
NAL_STAP_A = 24
NAL_FU_A = 28

CONSTRAINED_BASELINE = "42e01f"
MAIN = "4d001f"
HIGH = "64001f"


def split(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream (ITU-T H.264 §B.1), without start codes and trailing zeros."""
    starts = [match.start() for match in START_CODE.finditer(data)]
    units = (data[start + 3 : end].rstrip(b"\x00") for start, end in pairwise([*starts, len(data)]))
    return [unit for unit in units if unit]


def payloads(data: bytes, limit: int) -> list[bytes]:
    """Cut one Annex B access unit into RTP payloads of at most `limit` bytes (packetization-mode 1)."""
    return packed(split(data), limit)


def packed(units: list[bytes], limit: int) -> list[bytes]:
    """The same of an access unit's NAL units, none of them empty.

    All fragments of a unit but its last are equally long, so that the kernel can segment a whole run (UDP GSO).
    """
    result: list[bytes] = []
    small: list[bytes] = []
    size = 1
    for unit in units:
        if len(unit) > limit:
            _flush(small, result)
            size = 1
            result.extend(_fragments(unit, limit))
            continue
        if size + 2 + len(unit) > limit:
            _flush(small, result)
            size = 1
        small.append(unit)
        size += 2 + len(unit)
    _flush(small, result)
    return result


def profile_level_id(data: bytes) -> str | None:
    """The three bytes after the header of the access unit's SPS, in hex (RFC 6184 §8.1); none without an SPS."""
    for unit in split(data):
        if unit[0] & 0x1F == NAL_SPS and len(unit) >= 4:
            return unit[1:4].hex()
    return None


def offered_profiles(stream: str | None) -> list[str]:
    """The `profile-level-id`s to offer for a stream, best first. Constrained Baseline is always among them: every
    browser with H.264 accepts it, and their decoders read Main and High all the same."""
    if stream is None:
        return [CONSTRAINED_BASELINE]
    named = {"4d": MAIN, "64": HIGH}.get(stream[:2])
    return [CONSTRAINED_BASELINE] if named is None else [named, CONSTRAINED_BASELINE]


def _flush(small: list[bytes], result: list[bytes]) -> None:
    if len(small) == 1:
        result.append(small[0])
    elif small:
        result.append(_aggregate(small))
    small.clear()


def _aggregate(units: list[bytes]) -> bytes:
    """STAP-A (RFC 6184 §5.7.1): F is their OR, NRI their maximum."""
    forbidden = max(unit[0] & 0x80 for unit in units)
    importance = max(unit[0] & 0x60 for unit in units)
    parts = [bytes((forbidden | importance | NAL_STAP_A,))]
    for unit in units:
        parts += (len(unit).to_bytes(2, "big"), unit)
    return b"".join(parts)


def _fragments(unit: bytes, limit: int) -> list[bytes]:
    """FU-A (RFC 6184 §5.8)."""
    indicator = (unit[0] & 0xE0) | NAL_FU_A
    kind = unit[0] & 0x1F
    room = limit - 2
    last = 1 + (len(unit) - 2) // room * room
    result = []
    for start in range(1, len(unit), room):
        flags = (0x80 if start == 1 else 0) | (0x40 if start == last else 0)
        result.append(bytes((indicator, flags | kind)) + unit[start : start + room])
    return result
