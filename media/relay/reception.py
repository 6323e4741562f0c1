"""What arrives from the camera and what does not: which packets to ask for again, and the receiver report
(RFC 3550 §6.4.1, appendix A.3 and A.8; RFC 4585 §6.2.1)."""

from dataclasses import dataclass

from media.relay.rtp import SEQUENCE_BITS, SEQUENCE_MASK, TIME_MASK, Unwrapper

REORDER_SECONDS = 0.010
"""A packet overtaken by others gets this long before it counts as lost."""
FIRST_RETRY = 0.060
"""Seconds until a packet is asked for again, before the round trip is known."""
MIN_RETRY, MAX_RETRY = 0.020, 0.300
GIVE_UP_SECONDS = 1.2
"""A picture held back for longer is better replaced by the next key frame."""
MAX_MISSING = 512
"""Packets asked for at once: a second of a lost line at 4 Mbit/s. Beyond it a key frame is asked for instead."""
MAX_JUMP = 3000
"""Sequence numbers a stream may skip; more is another stream (RFC 3550 appendix A.1)."""


@dataclass(slots=True)
class _Missing:
    since: float
    ask_at: float
    asked_at: float | None = None


@dataclass(frozen=True, slots=True)
class ReceptionReport:
    """The fields of a report block that need counting. `fraction`: of 256. `highest`: extended sequence number."""

    fraction: int
    lost: int
    highest: int
    jitter: int


class Reception:
    """One incoming stream. All times in seconds of one clock."""

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._sequences = Unwrapper(SEQUENCE_BITS)
        self._first: int | None = None
        self._highest = 0
        self._received = 0
        self._before = (0, 0)
        self._jitter = 0.0
        self._transit: int | None = None
        self._missing: dict[int, _Missing] = {}
        self._round_trip: float | None = None
        self.overwhelmed = False
        """More is missing than asking again can repair: ask for a key frame, then clear this."""

    @property
    def missing(self) -> int:
        """Packets still hoped for."""
        return len(self._missing)

    def take(self, sequence: int, timestamp: int, now: float) -> int | None:
        """Note a packet; its number counted on, or none for a repeated one or one nobody waits for any more."""
        number = self._sequences.count(sequence)
        if self._first is None:
            self._first, self._highest = number, number
        elif number <= self._highest:
            return self._late(number, now)
        else:
            self._gap(number, now)
        self._highest = number
        self._received += 1
        transit = int(now * self._clock_rate) - timestamp
        if self._transit is not None:
            change = abs((transit - self._transit + (1 << 31)) % (1 << 32) - (1 << 31))
            self._jitter += (change - self._jitter) / 16
        self._transit = transit
        return number

    def lost(self, now: float) -> list[int]:
        """Sequence numbers to ask for now. Each is asked for again after a round trip and a half."""
        wait = FIRST_RETRY if self._round_trip is None else self._round_trip * 1.5
        wait = min(MAX_RETRY, max(MIN_RETRY, wait))
        due: list[int] = []
        for number, missing in list(self._missing.items()):
            if now - missing.since > GIVE_UP_SECONDS:
                del self._missing[number]
                self.overwhelmed = True
            elif missing.ask_at <= now:
                missing.ask_at = now + wait
                missing.asked_at = missing.asked_at or now
                due.append(number & SEQUENCE_MASK)
        return due

    def report(self) -> ReceptionReport | None:
        """Since the last one; none before the first packet."""
        if self._first is None:
            return None
        expected = self._highest - self._first + 1
        new, got = expected - self._before[0], self._received - self._before[1]
        self._before = (expected, self._received)
        fraction = max(0, new - got) * 256 // new if new > 0 else 0
        lost = expected - self._received
        return ReceptionReport(min(255, fraction), lost, self._highest & TIME_MASK, int(self._jitter))

    def _late(self, number: int, now: float) -> int | None:
        missing = self._missing.pop(number, None)
        if missing is None:
            return None
        self._received += 1
        if missing.asked_at is not None:
            seen = now - missing.asked_at
            self._round_trip = seen if self._round_trip is None else self._round_trip * 0.8 + seen * 0.2
        return number

    def _gap(self, number: int, now: float) -> None:
        gap = number - self._highest - 1
        if not gap:
            return
        if gap > MAX_JUMP or gap + len(self._missing) > MAX_MISSING:
            self._missing.clear()
            self.overwhelmed = True
            return
        for absent in range(self._highest + 1, number):
            self._missing[absent] = _Missing(now, now + REORDER_SECONDS)
