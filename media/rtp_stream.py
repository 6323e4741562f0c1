"""One outgoing RTP stream towards one viewer: headers, the history that answers NACK, and its sender reports."""

import struct
from dataclasses import dataclass

from media.packetiser import CutFrame

HISTORY = 2048
"""Packets kept for NACK, a power of two: 2.4 s at 8 Mbit/s. They share their payloads with all other viewers."""
MAX_RESENDS_PER_SECOND = 1000
"""Retransmissions: as many as a stream of 10 Mbit/s has packets; more NACKs are an attack or a dead path."""

HEADER = struct.Struct("!BBHII")
EXTENSION = struct.Struct("!HHBBH")
SEQUENCE_SPACE = 1 << 16
TIMESTAMP_SPACE = 1 << 32


@dataclass(frozen=True, slots=True)
class StreamState:
    """The numbers a stream starts from, random each (RFC 3550 §5.1)."""

    ssrc: int
    sequence: int
    timestamp: int


class RtpStream:
    """Builds plain RTP packets; the caller encrypts and sends them."""

    def __init__(self, start: StreamState, payload_type: int, abs_send_time: int | None) -> None:
        self.ssrc = start.ssrc
        self.packets = 0
        self.octets = 0
        self._payload_type = payload_type
        self._sequence = start.sequence
        self._offset = start.timestamp
        self._extension_id = abs_send_time
        self._ring: list[tuple[int, bytes, bytes] | None] = [None] * HISTORY
        self._budget = float(MAX_RESENDS_PER_SECOND)
        self._budget_at = 0.0

    def build(self, cut: CutFrame, timestamp: int, wall: float) -> list[bytes]:
        """The packets of a frame. `timestamp`: in the source's clock. `wall`: `time.time()` of sending."""
        first = 0x80 if self._extension_id is None else 0x90
        extension = self._extension(wall)
        stamp = (timestamp + self._offset) % TIMESTAMP_SPACE
        sequence, ring, payload_type, ssrc = self._sequence, self._ring, self._payload_type, self.ssrc
        last = len(cut.payloads) - 1
        packets = []
        for index, payload in enumerate(cut.payloads):
            second = payload_type | 0x80 if index == last else payload_type
            header = HEADER.pack(first, second, sequence, stamp, ssrc) + extension
            ring[sequence % HISTORY] = (sequence, header, payload)
            packets.append(header + payload)
            sequence = (sequence + 1) % SEQUENCE_SPACE
        self._sequence = sequence
        self.packets += len(packets)
        self.octets += cut.size
        return packets

    def again(self, sequences: list[int], now: float) -> list[bytes]:
        """Those of the lost packets that are still known, within the budget.

        They are the same to the last bit: SRTP encrypts them with the same nonce, and AES-GCM would give its
        authentication key away if anything under that nonce changed (RFC 7714 §8.4).
        """
        elapsed = max(0.0, now - self._budget_at)
        self._budget = min(MAX_RESENDS_PER_SECOND, self._budget + elapsed * MAX_RESENDS_PER_SECOND)
        self._budget_at = now
        packets = []
        for sequence in sequences[: int(self._budget)]:
            known = self._ring[sequence % HISTORY]
            if known is not None and known[0] == sequence:
                packets.append(known[1] + known[2])
        self._budget -= len(packets)
        return packets

    def rtp_time(self, timestamp: int) -> int:
        """A time of the source's clock as this viewer sees it."""
        return (timestamp + self._offset) % TIMESTAMP_SPACE

    def _extension(self, wall: float) -> bytes:
        """One-byte-header extension (RFC 8285 §4.2) with the send time, 24 bits of 6.18 fixed point seconds."""
        if self._extension_id is None:
            return b""
        seconds = int(wall % 64 * (1 << 18))
        return EXTENSION.pack(0xBEDE, 1, self._extension_id << 4 | 2, seconds >> 16, seconds & 0xFFFF)
