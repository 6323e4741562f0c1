"""How fast a newcomer may be sent the cached group: a measured share of what the narrowest link carries.

A probe is a connectivity check sent behind the media; its answer tells how long the queue before the narrowest link is,
and two of them how fast that queue drains. No browser feature is needed, and a home's uplink is filled, not flooded.
"""

from dataclasses import dataclass

UNKNOWN_PATH = 6_000_000
"""bit/s to send with until the path was probed: what a home's uplink usually carries."""
MIN_MULTIPLE = 1.2
"""Slower than that the present is hardly ever reached; the next key frame does it then."""
MAX_MULTIPLE = 30.0
"""As fast as a browser decodes small pictures: 900 frames/s."""
SHORT_QUEUE = 0.010
"""Seconds of queueing that tell nothing: the viewer's own scheduling takes as long."""
MIDDLE_QUEUE = 0.040
"""Seconds of queueing up to which a stream that arrives as fast as it is sent may still grow."""
LONG_QUEUE = 0.080
"""Seconds of queueing above which a home router's buffer may overflow."""
KEPT_UP = 0.9
"""The viewer gets this share of the sending rate: the path is not what limits it."""
FULL_SHARE, DRAINING_SHARE = 0.95, 0.6
"""Of a measured rate: to keep a queue as it is, leaving room for sound and reports, or to empty it."""


@dataclass(frozen=True, slots=True)
class Probe:
    """`before`: bytes on the wire sent before it, in all. Times in seconds of one clock."""

    before: int
    sent_at: float
    answered_at: float


class Pace:
    """From probe to probe: the multiple of live speed to send with. `bitrate` of the stream in bit/s."""

    def __init__(self, bitrate: float, round_trip: float | None) -> None:
        self.multiple = first_multiple(bitrate)
        self._bitrate = max(bitrate, 1.0)
        self._shortest = LONG_QUEUE if round_trip is None else round_trip
        self._last: Probe | None = None

    @property
    def patience(self) -> float:
        """Seconds after which a probe's answer is overdue."""
        return self._shortest + LONG_QUEUE

    def overdue(self) -> float:
        """The answer is late or lost: the queue is long. Let it drain."""
        self.multiple = MIN_MULTIPLE
        return self.multiple

    def answered(self, probe: Probe) -> float:
        """Learn from a probe. The first measures the train of the key frame alone."""
        taken = probe.answered_at - probe.sent_at
        self._shortest = min(self._shortest, taken)
        self.multiple = clamp(self._decide(probe, taken - self._shortest))
        self._last = probe
        return self.multiple

    def _decide(self, probe: Probe, queued: float) -> float:
        last = self._last
        if last is None:
            return self._as_multiple(probe.before, queued)
        if queued <= SHORT_QUEUE:
            return self.multiple * 2
        sending, arriving = probe.sent_at - last.sent_at, probe.answered_at - last.answered_at
        if queued < MIDDLE_QUEUE and sending >= KEPT_UP * arriving:
            return self.multiple * 1.25
        measured = self._as_multiple(probe.before - last.before, arriving)
        return measured * (DRAINING_SHARE if queued >= LONG_QUEUE else 1.0)

    def _as_multiple(self, size: int, seconds: float) -> float:
        return FULL_SHARE * size * 8 / max(seconds, SHORT_QUEUE) / self._bitrate


def clamp(multiple: float) -> float:
    """Within what makes sense."""
    return min(MAX_MULTIPLE, max(MIN_MULTIPLE, multiple))


def first_multiple(bitrate: float) -> float:
    """How much faster than live to send before anything is known of the path."""
    return clamp(UNKNOWN_PATH / max(bitrate, 1.0))
