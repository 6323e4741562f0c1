"""Parameter sets that say nothing of the camera. The true ones are sealed: who could change them could cut a picture.

Browsers want a sequence parameter set and the picture parameter set that a key frame names before they hand it on. More
is not read before the frame is opened: neither the size nor the profile here is the camera's. ITU-T H.264 §7.3.2.1,
§7.3.2.2.
"""

import functools

from media.h264 import NAL_PPS

SPS = bytes.fromhex("6742e01fda014016e4")
"""Constrained Baseline, level 3.1, 1280x720, number 0."""
PPS_HEADER = 0x68
PPS_REST = "1001110001111001"
"""After its number: sequence parameter set 0, CAVLC, one slice group, one reference each way, no weights, QP 26,
deblocking named in slices, the end."""
MAX_PPS_NUMBER = 255
"""§7.4.2.2."""


def placeholders(sets: list[bytes]) -> list[bytes]:
    """What stands in for these SPS and PPS."""
    numbers = [pps_number(unit) for unit in sets if unit[0] & 0x1F == NAL_PPS]
    return [SPS, *(_pps(number) for number in numbers)]


def pps_number(unit: bytes) -> int:
    """Of a picture parameter set, 0 where it has none that may be. Its code has at most 17 bits (§9.1)."""
    bits = f"{int.from_bytes(unit[1:4].ljust(3, bytes(1)), 'big'):024b}"
    zeros = len(bits) - len(bits.lstrip("0"))
    number = int(bits[zeros : 2 * zeros + 1] or "1", 2) - 1
    return number if number <= MAX_PPS_NUMBER else 0


@functools.lru_cache(maxsize=MAX_PPS_NUMBER + 1)
def _pps(number: int) -> bytes:
    code = f"{number + 1:b}"
    bits = "0" * (len(code) - 1) + code + PPS_REST
    bits += "0" * (-len(bits) % 8)
    return bytes((PPS_HEADER,)) + int(bits, 2).to_bytes(len(bits) // 8, "big")
