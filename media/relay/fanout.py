"""The hot path: the same plain packets to many viewers, each copy encrypted in place with its viewer's key.

Viewers of one fan-out share socket, payload types and SRTP tag length, so that everything but the key is the same.
"""

import socket
from array import array
from collections.abc import Callable, Iterator
from typing import Any

from media.relay.sendmmsg import DROPPED_BY_KERNEL, NOT_SEGMENTABLE, Messages, Sockaddr
from media.relay.srtp import Slots, protect

ROWS = 32
"""Packets of one message: a thirtieth of the price of single ones is reached with 30 (FACTS §3)."""
PACKET_BYTES = 1536
"""Room for one encrypted packet: more than an Ethernet frame carries."""
MAX_PLAIN = 1440
"""Longest plain packet that is forwarded: with its tag and headers below 1,500 bytes."""
FIRST_COLUMNS = 4


def runs(packets: list[bytes]) -> Iterator[list[bytes]]:
    """What one message can carry: equally long packets, of which only the last may be shorter, `ROWS` at most."""
    run: list[bytes] = []
    for packet in packets:
        if run and (len(run) == ROWS or len(packet) > len(run[0]) or len(run[-1]) < len(run[0])):
            yield run
            run = []
        run.append(packet)
    if run:
        yield run


class FanOut:
    """Members are kept in columns 0 to n-1 without gaps."""

    def __init__(self, out: socket.socket, tag: int, failed: Callable[[str], None]) -> None:
        self._descriptor = out.fileno()
        self._family = out.family
        self._tag = tag
        self._failed = failed
        self._members: list[str] = []
        self._handles: list[Any] = []
        self._names: list[Sockaddr] = []
        self._columns = 0
        self._segmenting = True
        self._grow(FIRST_COLUMNS)
        self.sent = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._members)

    @property
    def first(self) -> str:
        """Any one of its members."""
        return self._members[0]

    def add(self, member: str, handle: Any, name: Sockaddr) -> None:
        """A viewer takes part from the next packet on. `handle`: of its sending SRTP session."""
        if len(self._members) == self._columns:
            self._grow(self._columns * 2)
        self._messages.address(len(self._members), name)
        self._members.append(member)
        self._handles.append(handle)
        self._names.append(name)

    def remove(self, member: str) -> None:
        """A viewer takes part no longer; the last one moves into its column."""
        if member not in self._members:
            return
        column = self._members.index(member)
        for values in (self._members, self._handles, self._names):
            last: Any = values.pop()
            if column < len(values):
                values[column] = last
        if column < len(self._names):
            self._messages.address(column, self._names[column])

    def move(self, member: str, name: Sockaddr) -> None:
        """A viewer's address changed."""
        column = self._members.index(member)
        self._names[column] = name
        self._messages.address(column, name)

    def send(self, packets: list[bytes]) -> None:
        """Encrypt and send to all members. A full line loses packets; nothing blocks or queues."""
        for run in runs(packets):
            if self._members:
                self._send_run(run)

    def _send_run(self, run: list[bytes]) -> None:
        count = len(self._members)
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
                return
            messages.size(row, count, length + self._tag)
        if len(run) == 1 or self._segmenting:
            messages.gather(count, len(run), len(run[0]) + self._tag)
            self._transmit(count, range(len(run)))
            return
        for row in range(len(run)):
            messages.single(count, row)
            self._transmit(count, range(row, row + 1))

    def _transmit(self, count: int, rows: range) -> None:
        at = 0
        while at < count:
            sent, error = self._messages.send(self._descriptor, at, count)
            at += sent
            self.sent += sent * len(rows)
            if error in DROPPED_BY_KERNEL:
                self.dropped += (count - at) * len(rows)
                return
            if error in NOT_SEGMENTABLE and len(rows) > 1:
                self._one_by_one(at, count, rows)
                return
            if error:
                self.dropped += len(rows)
                at += 1

    def _one_by_one(self, first: int, count: int, rows: range) -> None:
        """The kernel or the network card cannot cut: send the rest, and all that follows, packet by packet."""
        self._segmenting = False
        for row in rows:
            self._messages.single(count, row)
            at = first
            while at < count:
                sent, error = self._messages.send(self._descriptor, at, count)
                at += sent
                self.sent += sent
                if error in DROPPED_BY_KERNEL:
                    self.dropped += count - at
                    break
                if error:
                    self.dropped += 1
                    at += 1

    def _expel(self, statuses: list[int]) -> None:
        """A viewer whose packets cannot be encrypted any more must leave. For the others this run is lost, and repaired
        by NACK: plain text is never sent."""
        for member in [member for member, status in zip(self._members, statuses, strict=False) if status]:
            self.remove(member)
            self._failed(member)

    def _grow(self, columns: int) -> None:
        self._columns = columns
        self._slots = Slots(ROWS, columns, PACKET_BYTES)
        self._messages = Messages(ROWS, columns, self._slots.address, PACKET_BYTES, self._family)
        for column, name in enumerate(self._names):
            self._messages.address(column, name)
