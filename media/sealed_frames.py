"""Encrypted frames that RTP can still carry: what packetisers and browsers read before decryption stays readable.

H.264: of a slice the first eight bytes are sent as they are (its header: with fewer of them browsers lose frames before
they could be decrypted), then comes an SFrame ciphertext of the rest, escaped like all NAL units (ITU-T H.264 §7.4.1),
and a last byte that is no zero: 0x80, and how many clear bytes there are fewer than eight, for a still scene makes
slices of seven. Parameter sets are encrypted likewise, before the slices, all of a frame in one unit of type 6 with one
clear byte; in their place stand some that are the same for all cameras (`media.placeholder`). All other units are left
out: supplemental information may tell about a picture. The metadata of each of these *pieces* are its clear bytes and
its place, which is not sent: its index and the number of pieces. Their counters follow on each other. So whoever
forwards a picture can leave none of it out, and put none together of several. VP8: its frame header is readable (RFC
6386 §9.1), ten bytes of a key frame and three of others. Opus: the first byte (RFC 6716 §3.1). Both are of one piece,
whose metadata are its clear bytes.
"""

import re
import struct

from media import h264, vp8
from media.frames import EncodedFrame
from media.packetiser import MAX_PAYLOAD, CutFrame, cut_into, packet
from media.placeholder import placeholders
from media.sframe import Sealer

CLEAR_SLICE, CLEAR_KEY, CLEAR_DELTA, CLEAR_OPUS = 8, 10, 3, 1
END = 0x80
"""Begins the last byte: a zero at the end of a unit would be lost at the next start code."""
START = b"\x00\x00\x00\x01"
CLEAR_SETS = 1
MAX_PIECES = 1024
"""Of one picture, with its parameter sets: no viewer opens more (`web/core/trust/sealed-frames.ts`)."""
_SLICES = frozenset({1, h264.NAL_IDR})
_SETS = frozenset({h264.NAL_SPS, h264.NAL_PPS})
_PLACE = struct.Struct("!HH")
_EMULATION = re.compile(rb"\x00\x00(?=[\x00-\x03])")


class Unsealable(Exception):
    """There is no way to seal such a frame; the text says why."""


def sealed(frame: EncodedFrame, sealer: Sealer) -> EncodedFrame:
    """The same frame, which only holders of the key can watch. Raises `Unsealable`."""
    if frame.codec == "h264":
        data = b"".join(START + unit for unit in _units(frame.data, sealer))
    else:
        data = _whole(frame, sealer)
    return EncodedFrame(frame.codec, data, frame.timestamp, frame.keyframe, frame.captured_at)


def cut_sealed(frame: EncodedFrame, now: float, sealer: Sealer) -> CutFrame:
    """The same, cut at once: a camera's processor has to look at its units only once. Raises `Unsealable`."""
    match frame.codec:
        case "h264":
            parts = h264.packed(_units(frame.data, sealer), MAX_PAYLOAD)
        case "vp8":
            parts = vp8.payloads(_whole(frame, sealer), MAX_PAYLOAD)
        case _:
            parts = packet(_whole(frame, sealer))
    return cut_into(parts, frame, now)


def _whole(frame: EncodedFrame, sealer: Sealer) -> bytes:
    match frame.codec:
        case "vp8":
            return _after(CLEAR_KEY if frame.keyframe else CLEAR_DELTA, frame.data, sealer)
        case "opus":
            return _after(CLEAR_OPUS, frame.data, sealer)
        case _:
            raise Unsealable(f"viewers open no {frame.codec}")


def _units(data: bytes, sealer: Sealer) -> list[bytes]:
    units = h264.split(data)
    sets = [unit for unit in units if unit[0] & 0x1F in _SETS]
    pieces = [(_hidden(sets), CLEAR_SETS)] if sets else []
    pieces += [(unit, CLEAR_SLICE) for unit in units if unit[0] & 0x1F in _SLICES]
    number = len(pieces)
    if number > MAX_PIECES:
        raise Unsealable(f"a picture of {number} pieces has too many")
    shut = [_piece(unit, readable, _PLACE.pack(at, number), sealer) for at, (unit, readable) in enumerate(pieces)]
    return [*placeholders(sets), *shut] if sets else shut


def _hidden(sets: list[bytes]) -> bytes:
    return bytes((h264.NAL_SEI,)) + b"".join(START + unit for unit in sets)


def _piece(unit: bytes, readable: int, place: bytes, sealer: Sealer) -> bytes:
    clear, rest = unit[:readable], unit[readable:]
    end = bytes((END + CLEAR_SLICE - len(clear),))
    return clear + escape(clear, sealer.seal(rest, clear + place) + end)


def _after(clear: int, data: bytes, sealer: Sealer) -> bytes:
    head = data[:clear]
    if len(head) < clear:
        raise Unsealable(f"a frame of {len(data)} bytes is too short")
    return head + sealer.seal(data[clear:], head)


def escape(before: bytes, data: bytes) -> bytes:
    """`data` with emulation prevention bytes, as it may follow `before` in a NAL unit."""
    context = before[-2:]
    return _EMULATION.sub(b"\x00\x00\x03", context + data)[len(context) :]
