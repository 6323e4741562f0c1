"""The group-of-pictures cache: everything a newcomer needs to decode the latest picture."""

from typing import Generic, Protocol, TypeVar

MAX_BYTES = 8 * 1024 * 1024
"""A group of 10 s at 6 Mbit/s."""
MAX_SECONDS = 10.0
"""Nobody waits for the end of a longer group; without a newer key frame the source is asked for one."""
FRESH_SECONDS = 2.0
"""A source that was silent for longer does not show the present any more."""

CLOCK_RATE = 90_000


class Cached(Protocol):
    """A video frame in whatever form. `arrived_at`: in seconds; `timestamp`: at 90 kHz; `size`: bytes."""

    @property
    def keyframe(self) -> bool: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def arrived_at(self) -> float: ...


FrameT = TypeVar("FrameT", bound=Cached)


class GroupCache(Generic[FrameT]):
    """The frames since the last key frame, within bounds."""

    def __init__(self) -> None:
        self._frames: list[FrameT] = []
        self._bytes = 0

    def add(self, frame: FrameT) -> None:
        """Take the next video frame. A group that outgrows its bounds is dropped: it waits for the next key frame."""
        if frame.keyframe:
            self.clear()
        elif not self._frames:
            return
        self._frames.append(frame)
        self._bytes += frame.size
        span = (frame.timestamp - self._frames[0].timestamp) / CLOCK_RATE
        if self._bytes > MAX_BYTES or not 0 <= span <= MAX_SECONDS:
            self.clear()

    def group(self, now: float) -> tuple[FrameT, ...]:
        """The group so far, key frame first; empty when there is none or it is stale."""
        if not self._frames or now - self._frames[-1].arrived_at > FRESH_SECONDS:
            return ()
        return tuple(self._frames)

    def clear(self) -> None:
        """Forget the group."""
        self._frames.clear()
        self._bytes = 0
