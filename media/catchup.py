"""How a newcomer gets from the cached key frame to the present: the group is played faster than it was taken.

Time stamps are squeezed by the same factor as the sending, so the browser sees an even stream that runs at a multiple
of its speed and then joins the live clock. It holds no frame back for smoothness, and sees no jitter to adapt to.
"""

from dataclasses import dataclass

CLOCK_RATE = 90_000
STEP = 90
"""Least distance of two time stamps: 1 ms."""
MAX_LEAD = CLOCK_RATE
"""A source clock is trusted to run on for 1 s beyond its last frame."""


@dataclass(frozen=True, slots=True)
class CatchUp:
    """A piecewise linear clock: source times from `first` on are shown from `start` on, `multiple` times as fast, until
    both clocks meet at `end`. All in 90 kHz ticks of the source's clock."""

    first: int
    start: int
    multiple: float

    @property
    def end(self) -> float:
        """The source time from which on nothing is squeezed."""
        return (self.multiple * self.start - self.first) / (self.multiple - 1)

    def shown(self, timestamp: int) -> int:
        """The time stamp to send for a source time stamp."""
        if timestamp >= self.end:
            return timestamp
        return self.start + int((timestamp - self.first) / self.multiple)

    def delay(self, timestamp: int) -> float:
        """Seconds after the start of the catch-up at which this frame is due."""
        return max(0.0, (self.shown(timestamp) - self.start) / CLOCK_RATE)


def begin(first: int, last: int, silence: float, multiple: float) -> CatchUp:
    """Start now. `first`, `last`: source time stamps of the cached group; `silence`: seconds since `last` arrived."""
    lead = min(MAX_LEAD, max(0, int(silence * CLOCK_RATE)))
    return CatchUp(first, last + lead, multiple)
