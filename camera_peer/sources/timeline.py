"""From a source's own times to one that never goes back, whatever the source does: loops, jumps, missing times.

All times are seconds. A source's times are placed on the monotonic clock once, at their start, and then run on by
themselves, so that video and audio keep the distance their source gave them.
"""

JUMP = 0.5
"""Seconds that a source's time may run ahead of the clock from frame to frame before it counts as a jump. RTSP times
jump by about one when the camera's first RTCP report arrives; a viewer who believed it would see everything late."""


class Origin:
    """How far a source's time is from ours: set by whichever stream comes first, shared by all of one pass."""

    def __init__(self, start: float | None = None) -> None:
        """`start`: where the first frame belongs; when it comes if None."""
        self._start = start
        self._shift: float | None = None

    def shift(self, at: float, now: float) -> float:
        """What to add to `at`, the source's time of a frame that comes `now`."""
        if self._shift is None:
            self._shift = (now if self._start is None else self._start) - at
        return self._shift

    def delay(self, seconds: float) -> None:
        """Everything from here on belongs later."""
        self._shift = (self._shift or 0.0) + seconds


class Timeline:
    """Places the frames of one stream."""

    def __init__(self, origin: Origin, floor: float = float("-inf")) -> None:
        """`floor`: nothing is placed before it."""
        self._origin = origin
        self._own: float | None = None
        self._last: tuple[float, float] | None = None
        self.end = floor

    def place(self, at: float, now: float) -> float:
        """Where a frame belongs that says `at` and comes `now`."""
        if self._last is not None:
            gone = at - self._last[0]
            if gone < 0 or gone > now - self._last[1] + JUMP:
                self._own = now - at
        shift = self._origin.shift(at, now) if self._own is None else self._own
        self._last = (at, now)
        self.end = max(self.end, at + shift)
        return self.end
