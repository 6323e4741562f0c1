"""The hot path: the same plain packets to many viewers, each copy encrypted in place with its viewer's key.

Viewers of one fan-out share socket, payload types and SRTP tag length, so that everything but the key is the same.
"""

from array import array
from collections.abc import Callable, Iterator
from typing import Any

from media import udp_out
from media.relay.sendmmsg import DROPPED_BY_KERNEL, Messages, is_supported
from media.relay.srtp import Slots, protect
from media.relay.udp import Address, UdpPort

ROWS = 32
"""Packets of one message: a thirtieth of the price of single ones is reached with 30 (FACTS §3)."""
PACKET_BYTES = 1536
"""Room for one encrypted packet: more than an Ethernet frame carries."""
MAX_PLAIN = 1440
"""Longest plain packet that is forwarded: with its tag and headers below 1,500 bytes."""
FIRST_COLUMNS = 4


def runs(packets: list[bytes]) -> Iterator[list[bytes]]:
    """What one message can carry."""
    return udp_out.runs(packets, ROWS)


class FanOut:
    """Members are kept in columns 0 to n-1 without gaps. `failed(member)` is called for one that had to leave."""

    def __init__(self, port: UdpPort, tag: int, failed: Callable[[str], None], *, batching: bool | None = None) -> None:
        self._port = port
        self._tag = tag
        self._batching = is_supported() if batching is None else batching
        self._failed = failed
        self._members: list[str] = []
        self._handles: list[Any] = []
        self._addresses: list[Address] = []
        self._columns = 0
        self._segmenting = True
        self._has_segmented = False
        """The kernel did cut once: where it refuses, it is because of that viewer's way."""
        self._grow(FIRST_COLUMNS)
        self.sent = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._members)

    @property
    def first(self) -> str:
        """Any one of its members."""
        return self._members[0]

    def add(self, member: str, handle: Any, address: Address) -> None:
        """A viewer takes part from the next packet on. `handle`: of its sending SRTP session."""
        if len(self._members) == self._columns:
            self._grow(self._columns * 2)
        self._place(len(self._members), address)
        self._members.append(member)
        self._handles.append(handle)
        self._addresses.append(address)

    def remove(self, member: str) -> None:
        """A viewer takes part no longer; the last one moves into its column."""
        if member not in self._members:
            return
        column = self._members.index(member)
        lists: tuple[list[Any], ...] = (self._members, self._handles, self._addresses)
        for values in lists:
            last = values.pop()
            if column < len(values):
                values[column] = last
        if column < len(self._addresses):
            self._place(column, self._addresses[column])

    def send(self, packets: list[bytes]) -> None:
        """Encrypt and send to all members. A full line loses packets; nothing blocks or queues."""
        for run in runs(packets):
            if self._members:
                self._send_run(run)

    def _send_run(self, run: list[bytes]) -> None:
        count = len(self._members)
        if not self._encrypt(run, count):
            return
        lengths = [len(packet) + self._tag for packet in run]
        if not self._batching:
            for column in range(count):
                self._send_column(column, lengths)
        elif len(run) == 1 or self._segmenting:
            self._messages.gather(count, len(run), lengths[0])
            self._transmit(count, lengths)
        else:
            for row in range(len(run)):
                self._messages.single(count, row)
                self._transmit(count, lengths[row : row + 1])

    def _encrypt(self, run: list[bytes], count: int) -> bool:
        """Fill the slots; false when nothing of them may be sent."""
        slots, messages, handles = self._slots, self._messages, self._handles
        for row, packet in enumerate(run):
            length = len(packet)
            at = row * slots.row_bytes
            slots.memory[at : at + count * PACKET_BYTES] = packet.ljust(PACKET_BYTES, b"\0") * count
            at = row * self._columns
            slots.lengths[at : at + count] = memoryview(array("i", (length,)) * count)
            statuses = list(map(protect, handles, slots.packets[row], slots.length_pointers[row]))
            if any(statuses):
                self._expel(statuses)
                return False
            messages.size(row, count, length + self._tag)
        return True

    def _transmit(self, count: int, lengths: list[int]) -> None:
        at = 0
        while at < count:
            sent, error = self._messages.send(self._port.descriptor, at, count)
            at += sent
            self.sent += sent * len(lengths)
            self._has_segmented = self._has_segmented or (sent > 0 and len(lengths) > 1)
            if error in DROPPED_BY_KERNEL:
                self.dropped += (count - at) * len(lengths)
                return
            if not error:
                continue
            if error not in udp_out.NOT_SEGMENTABLE or len(lengths) == 1:
                self.dropped += len(lengths)
            elif self._send_column(at, lengths) and not self._has_segmented:
                self._segmenting = False
            at += 1

    def _send_column(self, column: int, lengths: list[int]) -> bool:
        """The packets of one viewer, one call each: where there is no `sendmmsg`, or its way takes no segments."""
        for row, length in enumerate(lengths):
            at = row * self._slots.row_bytes + column * PACKET_BYTES
            try:
                self._port.socket.sendto(self._slots.memory[at : at + length], self._addresses[column])
            except OSError:
                self.dropped += len(lengths) - row
                return False
            self.sent += 1
        return True

    def _expel(self, statuses: list[int]) -> None:
        """A viewer whose packets cannot be encrypted any more must leave. For the others this run is lost, and repaired
        by NACK: plain text is never sent."""
        for member in [member for member, status in zip(self._members, statuses, strict=False) if status]:
            self.remove(member)
            self._failed(member)

    def _grow(self, columns: int) -> None:
        self._columns = columns
        self._slots = Slots(ROWS, columns, PACKET_BYTES)
        self._messages = Messages(ROWS, columns, self._slots.address, PACKET_BYTES, self._port.family)
        for column, address in enumerate(self._addresses):
            self._place(column, address)

    def _place(self, column: int, address: Address) -> None:
        self._messages.address(column, self._port.name_of(address))
