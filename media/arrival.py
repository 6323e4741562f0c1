"""A frame of the source on its way to its viewers, and how it has been cut for them so far."""

from dataclasses import dataclass

from media.frames import EncodedFrame
from media.packetiser import CutFrame


@dataclass(slots=True)
class Arrival:
    """`arrived_at`: `time.monotonic()` at which the source handed the frame over. `clear`, `sealed`: what `media.lane`
    and `media.sealed_lane` made of it, none before anybody wanted it; `turn`: of the sealing."""

    frame: EncodedFrame
    arrived_at: float
    clear: CutFrame | None = None
    sealed: CutFrame | None = None
    turn: int = 0

    @property
    def keyframe(self) -> bool:
        return self.frame.keyframe

    @property
    def timestamp(self) -> int:
        return self.frame.timestamp

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.frame.data)
