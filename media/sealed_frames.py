"""Encrypted frames that RTP can still carry: what packetisers and browsers read before decryption stays readable.

H.264: parameter sets and delimiters are sent as they are. Of a slice the first eight bytes are (its header: with fewer
of them browsers lose frames before they could be decrypted), then comes an SFrame ciphertext of the rest with the
clear bytes as its metadata, escaped like all NAL units (ITU-T H.264 §7.4.1), and a last byte that is no zero: 0x80, and
how many clear bytes there are fewer than eight, for a still scene makes slices of seven. All other units are left out:
supplemental information may tell about a picture. VP8: its frame header is readable (RFC 6386 §9.1), ten bytes of a key
frame and three of others. Opus: the first byte (RFC 6716 §3.1).
"""

import re

from media import h264
from media.frames import EncodedFrame
from media.sframe import Sealer

CLEAR_SLICE, CLEAR_KEY, CLEAR_DELTA, CLEAR_OPUS = 8, 10, 3, 1
END = 0x80
"""Begins the last byte: a zero at the end of a unit would be lost at the next start code."""
START = b"\x00\x00\x00\x01"
_SLICES = frozenset({1, 5})
_PLAIN = frozenset({7, 8, 9})
"""SPS, PPS, access unit delimiter."""
_EMULATION = re.compile(rb"\x00\x00(?=[\x00-\x03])")


class Unsealable(Exception):
    """There is no way to seal such a frame; the text says why."""


def sealed(frame: EncodedFrame, sealer: Sealer) -> EncodedFrame:
    """The same frame, which only holders of the key can watch. Raises `Unsealable`."""
    match frame.codec:
        case "h264":
            data = b"".join(START + unit for unit in _units(frame.data, sealer))
        case "vp8":
            data = _after(CLEAR_KEY if frame.keyframe else CLEAR_DELTA, frame.data, sealer)
        case "opus":
            data = _after(CLEAR_OPUS, frame.data, sealer)
        case _:
            raise Unsealable(f"viewers open no {frame.codec}")
    return EncodedFrame(frame.codec, data, frame.timestamp, frame.keyframe, frame.captured_at)


def _units(data: bytes, sealer: Sealer) -> list[bytes]:
    units = []
    for unit in h264.split(data):
        kind = unit[0] & 0x1F
        if kind in _SLICES:
            clear, rest = unit[:CLEAR_SLICE], unit[CLEAR_SLICE:]
            end = bytes((END + CLEAR_SLICE - len(clear),))
            units.append(clear + escape(clear, sealer.seal(rest, clear) + end))
        elif kind in _PLAIN:
            units.append(unit)
    return units


def _after(clear: int, data: bytes, sealer: Sealer) -> bytes:
    head = data[:clear]
    if len(head) < clear:
        raise Unsealable(f"a frame of {len(data)} bytes is too short")
    return head + sealer.seal(data[clear:], head)


def escape(before: bytes, data: bytes) -> bytes:
    """`data` with emulation prevention bytes, as it may follow `before` in a NAL unit."""
    context = before[-2:]
    return _EMULATION.sub(b"\x00\x00\x03", context + data)[len(context) :]
