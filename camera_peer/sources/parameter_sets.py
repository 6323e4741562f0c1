"""What an H.264 access unit lacks for a viewer who joins at it, and what WebRTC cannot carry (ITU-T H.264 §7.3)."""

from media.h264 import NAL_IDR, NAL_SPS, split

NAL_SLICE, NAL_PPS = 1, 8

MAX_PARAMETER_SETS = 32
"""Sets kept per kind; H.264 allows 32 SPS, and no camera has more PPS."""

_START_CODE = b"\x00\x00\x00\x01"

_HEADER_BYTES = 24
"""Bytes looked at for a slice's type or a set's number: more than their Exp-Golomb codes can take."""


def kind(nal: bytes) -> int:
    return nal[0] & 0x1F


def has_b_slice(units: list[bytes]) -> bool:
    """Whether a slice may be predicted from later pictures (§7.4.3, table 7-6)."""
    return any(_slice_type(nal) % 5 == 1 for nal in units if kind(nal) == NAL_SLICE)


def _slice_type(nal: bytes) -> int:
    return _golomb(nal[1:], 2)[1]


class ParameterSets:
    """Remembers the newest SPS and PPS and puts them in front of an IDR picture that comes without."""

    def __init__(self, extradata: bytes = b"") -> None:
        """`extradata`: Annex B, as demuxers give it for RTSP and TS."""
        self._sets: dict[tuple[int, int], bytes] = {}
        self._learn(split(extradata))

    def complete(self, access_unit: bytes, units: list[bytes]) -> bytes | None:
        """The access unit as it may be sent; None if it is an IDR picture whose parameter sets are unknown.
        `units` are its NAL units."""
        kinds = {kind(nal) for nal in units}
        self._learn(units)
        if NAL_IDR not in kinds or {NAL_SPS, NAL_PPS} <= kinds:
            return access_unit
        if {which for which, _ in self._sets} != {NAL_SPS, NAL_PPS}:
            return None
        sets = [nal for _, nal in sorted(self._sets.items())]
        rest = [nal for nal in units if kind(nal) not in (NAL_SPS, NAL_PPS)]
        return b"".join(_START_CODE + nal for nal in sets + rest)

    def _learn(self, units: list[bytes]) -> None:
        for nal in units:
            which = kind(nal)
            if which in (NAL_SPS, NAL_PPS):
                (number,) = _golomb(nal[4:] if which == NAL_SPS else nal[1:], 1)
                if number < MAX_PARAMETER_SETS:
                    self._sets[which, number] = nal


def _golomb(data: bytes, count: int) -> list[int]:
    """The first unsigned Exp-Golomb codes (§9.1); zeros where the data ends."""
    head = data[:_HEADER_BYTES].replace(b"\x00\x00\x03", b"\x00\x00")
    bits = "".join(f"{byte:08b}" for byte in head)
    values, at = [], 0
    for _ in range(count):
        one = bits.find("1", at)
        end = 2 * one - at + 1
        values.append(int(bits[one:end], 2) - 1 if one >= 0 and end <= len(bits) else 0)
        at = end if one >= 0 else len(bits)
    return values
