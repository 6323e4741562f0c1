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

UNKNOWN_PATH = 6_000_000
"""bit/s to send with until the path was probed: what a home's uplink usually carries."""
MIN_MULTIPLE = 1.2
"""Slower than that the present is hardly ever reached; the next key frame does it then."""
MAX_MULTIPLE = 30.0
"""As fast as a browser decodes small pictures: 900 frames/s."""
SHORT_QUEUE = 0.010
"""Seconds of queueing that tell nothing: the viewer's own scheduling takes as long."""
LONG_QUEUE = 0.080
"""Seconds of queueing above which a home router's buffer may overflow."""
USABLE_SHARE = 0.95
"""Of a measured rate: the rest is for sound, reports and retransmissions."""


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


def clamp(multiple: float) -> float:
    """Within what makes sense."""
    return min(MAX_MULTIPLE, max(MIN_MULTIPLE, multiple))


def first_multiple(bitrate: float) -> float:
    """How much faster than live to send before anything is known of the path; `bitrate` in bit/s."""
    return clamp(UNKNOWN_PATH / max(bitrate, 1.0))


def measured_multiple(bitrate: float, train: int, queued: float) -> float:
    """After the first probe: a key frame of `train` bytes, sent at once, delayed a probe behind it by `queued` seconds,
    so that the narrowest link carries that much in that time."""
    if queued <= SHORT_QUEUE:
        return MAX_MULTIPLE
    return clamp(USABLE_SHARE * train * 8 / queued / max(bitrate, 1.0))


def corrected_multiple(multiple: float, queued: float) -> float:
    """After each later probe: faster while nothing queues, slower before the queue overflows."""
    if queued <= SHORT_QUEUE:
        return clamp(multiple * 2)
    if queued >= LONG_QUEUE:
        return clamp(multiple * 0.7)
    return multiple
