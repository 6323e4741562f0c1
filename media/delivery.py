"""What one viewer is sent next. No I/O: time is an argument, and `next_due` says when to come back."""

from collections import deque

from media.catchup import CLOCK_RATE, STEP, CatchUp, begin
from media.pace import first_multiple
from media.packetiser import CutFrame

MAX_BACKLOG_BYTES = 8 * 1024 * 1024
"""The largest group of pictures, the only thing that is ever queued."""

Due = tuple[CutFrame, int]
"""A video frame and the time stamp to send it with, in the source's clock."""


class Delivery:
    """Waits for a key frame, or catches up from a cached group, then passes live frames straight on."""

    def __init__(self) -> None:
        self._queue: deque[CutFrame] = deque()
        self._queued = 0
        self._catch_up: CatchUp | None = None
        self._started_at = 0.0
        self._bitrate = 0.0
        self._waiting = True
        self._last: int | None = None

    @property
    def waiting(self) -> bool:
        """Nothing can be shown before the next key frame."""
        return self._waiting

    @property
    def catching_up(self) -> bool:
        """Older frames are still queued."""
        return bool(self._queue)

    @property
    def bitrate(self) -> float:
        """Of the group the viewer started with, in bit/s; 0 before."""
        return self._bitrate

    @property
    def multiple(self) -> float | None:
        """How much faster than live frames are sent now; none when they are live."""
        return None if self._catch_up is None else self._catch_up.multiple

    def remaining(self, now: float) -> float:
        """Seconds until everything queued now is sent at the present speed."""
        if self._catch_up is None or not self._queue:
            return 0.0
        return max(0.0, self._due_at(self._queue[-1]) - now)

    def start(self, group: tuple[CutFrame, ...], now: float) -> None:
        """Begin with a cached group, key frame first. An empty one leaves the viewer waiting for a key frame."""
        self._drop_queue()
        if not group:
            self._waiting = True
            return
        first, last = group[0], group[-1]
        seconds = max(1, last.timestamp - first.timestamp) / CLOCK_RATE
        size = sum(frame.size for frame in group)
        self._bitrate = size * 8 / seconds
        silence = now - last.arrived_at
        self._catch_up = begin(first.timestamp, last.timestamp, silence, first_multiple(self._bitrate))
        self._started_at = now
        self._waiting = False
        self._queue.extend(group)
        self._queued = size

    def retune(self, multiple: float, now: float) -> None:
        """Go on catching up at another speed. Nothing happens when there is nothing to catch up with."""
        if self._catch_up is None or not self._queue:
            return
        clock = self._catch_up.start + int((now - self._started_at) * CLOCK_RATE)
        self._catch_up = CatchUp(self._queue[0].timestamp, clock, multiple)
        self._started_at = now

    def push(self, frame: CutFrame) -> None:
        """A live video frame arrived. A key frame makes everything queued before it needless."""
        if frame.keyframe:
            self._drop_queue()
            self._waiting = False
        elif self._waiting:
            return
        elif self._queued + frame.size > MAX_BACKLOG_BYTES:
            self._drop_queue()
            self._waiting = True
            return
        self._queue.append(frame)
        self._queued += frame.size

    def take(self, now: float) -> list[Due]:
        """What is to be sent now, in order."""
        due: list[Due] = []
        while self._queue and self._due_at(self._queue[0]) <= now:
            frame = self._queue.popleft()
            self._queued -= frame.size
            due.append((frame, self._stamp(frame)))
        return due

    def next_due(self) -> float | None:
        """When `take` next has something; none while the queue is empty."""
        return self._due_at(self._queue[0]) if self._queue else None

    def _due_at(self, frame: CutFrame) -> float:
        if self._catch_up is None:
            return 0.0
        return self._started_at + self._catch_up.delay(frame.timestamp)

    def _stamp(self, frame: CutFrame) -> int:
        stamp = frame.timestamp
        if self._catch_up is not None:
            if stamp >= self._catch_up.end:
                self._catch_up = None
            else:
                stamp = self._catch_up.shown(stamp)
        if self._last is not None:
            stamp = max(stamp, self._last + STEP)
        self._last = stamp
        return stamp

    def _drop_queue(self) -> None:
        self._queue.clear()
        self._queued = 0
        self._catch_up = None
