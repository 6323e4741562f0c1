"""What relays get of a camera whose owner proved himself: every frame sealed once, however many uploads there are.

A viewer takes no counter twice (web/core/trust/replay.ts). So a group with which an upload begins is sealed anew
wherever viewers may have seen it: after an upload that has ended or leads nowhere any more, and when it is asked for
again. Beside an upload that flows it is the same to the last bit, by which a relay knows that its viewers have seen it
(`media.relay.handover`).
"""

from collections.abc import Iterable

import structlog

from media.arrival import Arrival
from media.lane import Lane, Viewer
from media.packetiser import CutFrame
from media.sealed_frames import Unsealable, cut_sealed
from media.sframe import Sealer, sealer
from signaling.protocol.trust.envelope import SenderKey

log = structlog.get_logger(__name__)


class SealedLane(Lane):
    """Without a key nothing is sent."""

    def __init__(self) -> None:
        super().__init__()
        self._sealer: Sealer | None = None
        self._turn = 0
        """Frames that were sealed in an earlier one are sealed again before they are sent."""
        self._told: set[str] = set()

    @property
    def counter(self) -> int:
        """Of the next frame under the present key."""
        return self._sealer.counter if self._sealer is not None else 0

    def use(self, key: SenderKey | None) -> None:
        """Seal with this key from now on. What was sealed with another leaves no more, but where RTP repeats it."""
        self._sealer = sealer(key.epoch, key.secret) if key is not None else None
        self._turn += 1
        for viewer in tuple(self.viewers):
            viewer.rekeyed()

    def join(self, viewer: Viewer) -> None:
        if not any(other.in_touch for other in self.viewers):
            self.moved()
        super().join(viewer)

    def moved(self) -> None:
        """What was sent may have gone astray."""
        self._turn += 1

    def again(self, arrivals: Iterable[Arrival]) -> tuple[CutFrame, ...]:
        self.moved()
        return self.cut_all(arrivals)

    def cut(self, arrival: Arrival) -> CutFrame | None:
        if arrival.turn != self._turn or arrival.sealed is None:
            arrival.sealed, arrival.turn = self._seal(arrival), self._turn
        return arrival.sealed

    def _seal(self, arrival: Arrival) -> CutFrame | None:
        if self._sealer is None:
            return None
        try:
            piece = cut_sealed(arrival.frame, arrival.arrived_at, self._sealer)
        except Unsealable as error:
            self._tell(arrival.frame.codec, error)
            return None
        return piece if piece.payloads else None

    def _tell(self, codec: str, error: Unsealable) -> None:
        """Once for each codec."""
        if codec not in self._told:
            self._told.add(codec)
            log.warning("frame_not_sealed", codec=codec, reason=str(error), then="it is not sent over a relay")
