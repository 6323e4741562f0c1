"""Viewers that get the same packets. Each frame is cut once for all of them, and only while one of them watches."""

from collections.abc import Iterable
from typing import Protocol

from media.arrival import Arrival
from media.packetiser import CutFrame, cut


class Viewer(Protocol):
    """Whoever wants the frames. Nothing here must block or raise."""

    @property
    def in_touch(self) -> bool:
        """It was heard of so lately that what was sent will have come."""

    def deliver(self, frame: CutFrame) -> None: ...

    def rekeyed(self) -> None:
        """What was handed out is not to be sent any more: the frames have another key, or none."""


class Lane:
    """The frames as they are, for viewers who get them from the camera itself."""

    def __init__(self) -> None:
        self.viewers: list[Viewer] = []

    def join(self, viewer: Viewer) -> None:
        """Deliver to this viewer from now on."""
        self.viewers.append(viewer)

    def leave(self, viewer: Viewer) -> None:
        """Stop delivering. A viewer that never joined is ignored."""
        if viewer in self.viewers:
            self.viewers.remove(viewer)

    def take(self, arrival: Arrival) -> None:
        """Hand a frame to everybody."""
        if not self.viewers:
            return
        piece = self.cut(arrival)
        if piece is not None:
            for viewer in tuple(self.viewers):
                viewer.deliver(piece)

    def cut_all(self, arrivals: Iterable[Arrival]) -> tuple[CutFrame, ...]:
        """Those of the frames that there is something to send of."""
        pieces = (self.cut(arrival) for arrival in arrivals)
        return tuple(piece for piece in pieces if piece is not None)

    def again(self, arrivals: Iterable[Arrival]) -> tuple[CutFrame, ...]:
        """The same for one who got them already, and could not show them."""
        return self.cut_all(arrivals)

    def cut(self, arrival: Arrival) -> CutFrame | None:
        """What to send of a frame, if anything."""
        piece = arrival.clear
        if piece is None:
            piece = arrival.clear = cut(arrival.frame, arrival.arrived_at)
        return piece if piece.payloads else None
