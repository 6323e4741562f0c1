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

NEAR_ROUND_TRIP = 0.010
"""Seconds: a viewer nearer than that is on the same network."""
NEAR_BITRATE = 100_000_000
"""bit/s that a home network carries."""
FAR_BITRATE = 6_000_000
"""bit/s that a home's uplink usually carries; more is lost in its queue."""
MIN_MULTIPLE = 2.0
"""Slower than that the present is never reached: 1 s of group takes 1 s."""
MAX_MULTIPLE = 30.0
"""As fast as a browser decodes small pictures: 900 frames/s."""


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


def multiple_for(bitrate: float, round_trip: float | None) -> float:
    """How much faster than live to send, from the stream's bit/s and the path's round trip in seconds."""
    near = round_trip is not None and round_trip <= NEAR_ROUND_TRIP
    room = NEAR_BITRATE if near else FAR_BITRATE
    return min(MAX_MULTIPLE, max(MIN_MULTIPLE, room / max(bitrate, 1.0)))
