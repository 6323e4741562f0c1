"""RTP headers (RFC 3550 §5.1): reading those of the camera, writing ours, and counting beyond 16 and 32 bits."""

import struct
from dataclasses import dataclass

HEADER = struct.Struct("!BBHII")
EXTENSION = struct.Struct("!HH")
ONE_BYTE = 0xBEDE
"""Profile of a one-byte-header extension (RFC 8285 §4.2)."""
PADDING_BIT, EXTENSION_BIT, MARKER_BIT = 0x20, 0x10, 0x80
SEQUENCE_BITS, TIME_BITS = 16, 32
SEQUENCE_MASK, TIME_MASK = 0xFFFF, 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Incoming:
    """A decrypted packet. `extensions`: the elements by id, empty without a one-byte-header extension. `padded`: RTP
    padding stands at the end of `payload`."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    extensions: dict[int, bytes]
    payload: bytes
    padded: bool


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet of an output stream, complete but for encryption. `number` and `time`: sequence number and time stamp,
    counted on beyond their bits. `starts_key`: a key frame's first slice begins in it."""

    number: int
    time: int
    data: bytes
    arrived_at: float
    starts_key: bool


class Unwrapper:
    """Counts a wrapping number on: of all values with these low bits, the one next to the last."""

    def __init__(self, bits: int) -> None:
        self._space = 1 << bits
        self._last: int | None = None

    def count(self, value: int) -> int:
        """The value counted on. The first one stands for itself."""
        last = self._last
        if last is None:
            self._last = value
            return value
        half = self._space >> 1
        result = last + (value - last + half) % self._space - half
        if result > last:
            self._last = result
        return result


def read(data: bytes) -> Incoming | None:
    """Read a packet; none for what is no RTP, or not as long as it says."""
    if len(data) < HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    if first >> 6 != 2:
        return None
    at = HEADER.size + 4 * (first & 0x0F)
    extensions: dict[int, bytes] = {}
    if first & EXTENSION_BIT:
        if len(data) < at + EXTENSION.size:
            return None
        profile, words = EXTENSION.unpack_from(data, at)
        at += EXTENSION.size
        if profile == ONE_BYTE:
            extensions = read_elements(data[at : at + 4 * words])
        at += 4 * words
    padded = bool(first & PADDING_BIT)
    if at > len(data) or (padded and not 0 < data[-1] <= len(data) - at):
        return None
    marker = bool(second & MARKER_BIT)
    return Incoming(second & 0x7F, marker, sequence, timestamp, ssrc, extensions, data[at:], padded)


def read_elements(data: bytes) -> dict[int, bytes]:
    """The elements of a one-byte-header extension; what is malformed ends them (RFC 8285 §4.2)."""
    elements: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        number, size = data[at] >> 4, (data[at] & 0x0F) + 1
        if number == 15:
            break
        if number == 0:
            at += 1
            continue
        value = data[at + 1 : at + 1 + size]
        if len(value) < size:
            break
        elements[number] = value
        at += 1 + size
    return elements


def write_elements(elements: list[tuple[int, bytes]]) -> bytes:
    """A whole one-byte-header extension, or nothing for no elements."""
    if not elements:
        return b""
    body = b"".join(bytes((number << 4 | len(value) - 1,)) + value for number, value in elements)
    body += bytes(-len(body) % 4)
    return EXTENSION.pack(ONE_BYTE, len(body) // 4) + body


def dressed(data: bytes, payload_type: int, shift: int, stamp: int | None) -> bytes:
    """A packet of the common stream as one group of viewers sees it. `shift`: added to the sequence number. `stamp`:
    the time stamp to show instead."""
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    second = second & MARKER_BIT | payload_type
    shown = timestamp if stamp is None else stamp & TIME_MASK
    return HEADER.pack(first, second, sequence + shift & SEQUENCE_MASK, shown, ssrc) + data[HEADER.size :]
