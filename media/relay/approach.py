"""How a newcomer of the relay gets from the cached key frame to the common live stream.

It is sent the cached group faster than it was taken, with time stamps squeezed alike (media/catchup.py). Every stamp is
a function of the packet, so that a retransmission is the same to the last bit, as SRTP demands (RFC 7714 §8.4).
"""

from media.catchup import CLOCK_RATE, CatchUp, begin
from media.pace import first_multiple
from media.relay.rtp import Packet
from media.relay.store import PacketStore

Due = tuple[Packet, int | None]
"""A packet and the time stamp to show instead of its own."""
SHORT_GROUP = 0.1
"""Seconds a group may span and be sent at once: a picture or three."""


class Approach:
    """Sends from packet `first` on; without `catch_up` at once and with the stream's own time stamps."""

    def __init__(self, first: int, catch_up: CatchUp | None, now: float) -> None:
        self._first = first
        self._cursor = self._furthest = first
        self._catch_up = catch_up
        self._own_from: int | None = first if catch_up is None else None
        self._skipped = range(0)
        self._started_at = now

    def due(self, store: PacketStore, now: float) -> list[Due]:
        """What is to be sent now, in order."""
        key = store.group_start(now)
        if key is not None and key > self._cursor and key >= self._furthest:
            self._skipped = range(self._cursor, key)
            self._cursor = key
            if self._own_from is None:
                # What follows is shown with its own stamps from here on for good, also when it is sent again.
                self._own_from = key
        found: list[Due] = []
        while self._cursor < store.head:
            packet = store.get(self._cursor)
            if packet is not None:
                if self._delay(packet) > now - self._started_at:
                    break
                found.append((packet, self.stamp(packet)))
            self._cursor += 1
        self._furthest = max(self._furthest, self._cursor)
        return found

    def is_behind(self, store: PacketStore) -> bool:
        """There is more to send than was due so far."""
        return self._cursor < store.head

    def is_live(self, store: PacketStore) -> bool:
        """Everything is sent, and what comes needs no other time stamp."""
        if self._cursor < store.head:
            return False
        newest = store.get(store.head - 1)
        return self._own_from is not None or newest is None or self.stamp(newest) is None

    def rewind(self, now: float) -> None:
        """Send all of it again from the beginning, each packet as it was."""
        self._cursor = self._first
        self._started_at = now

    def resume(self, number: int) -> None:
        """Go on with this packet: all before it was sent by somebody else."""
        self._cursor = self._furthest = number

    def remaining(self, store: PacketStore, now: float) -> float:
        """Seconds until everything stored now is sent."""
        newest = store.get(store.head - 1)
        return 0.0 if newest is None else max(0.0, self._delay(newest) - (now - self._started_at))

    def stamp(self, packet: Packet) -> int | None:
        """The time stamp this newcomer is shown for a packet, at first and whenever it is sent again."""
        if self._catch_up is None or (self._own_from is not None and packet.number >= self._own_from):
            return None
        shown = self._catch_up.shown(packet.time)
        return None if shown == packet.time else shown

    def squeezes(self, packet: Packet) -> bool:
        """Whether the newcomer must not be shown it with the time stamp that all others see."""
        return packet.number >= self._first and self.stamp(packet) is not None

    def has_sent(self, number: int) -> bool:
        """Whether the newcomer has come past this packet."""
        return self._first <= number < self._cursor and number not in self._skipped

    def takes_part(self, number: int) -> bool:
        """Whether a packet is among those the newcomer is shown, by this or, once live, with all others."""
        return number >= self._first and number not in self._skipped

    def _delay(self, packet: Packet) -> float:
        if self._catch_up is None or self._own_from is not None:
            return 0.0
        return self._catch_up.delay(packet.time)


def approach(store: PacketStore, now: float) -> Approach | None:
    """Begin with the cached group; none without one."""
    start = store.group_start(now)
    first = None if start is None else store.get(start)
    newest = store.get(store.head - 1)
    if start is None or first is None or newest is None:
        return None
    span = (newest.time - first.time) / CLOCK_RATE
    if span <= SHORT_GROUP:
        return Approach(start, None, now)
    size = sum(len(packet.data) for number in range(start, store.head) if (packet := store.get(number)) is not None)
    multiple = first_multiple(size * 8 / span)
    return Approach(start, begin(first.time, newest.time, now - newest.arrived_at, multiple), now)
