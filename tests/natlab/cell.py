"""One cell of the matrix: theory, measurement and practice side by side."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.natlab.behaviour import Behaviour
from tests.natlab.check import Outcome, check
from tests.natlab.counting import DIRECT
from tests.natlab.expected import Verdict, direct
from tests.natlab.kinds import Kind
from tests.natlab.lab import Lab
from tests.natlab.plan import CAMERA, VIEWER

AT_ONCE = 6
"""Laboratories side by side: most of a cell is waiting for checks that never come through."""


@dataclass(frozen=True)
class Cell:
    """`measured`: camera and viewer."""

    camera: Kind
    viewer: Kind
    theory: Verdict
    measured: tuple[Behaviour, Behaviour]
    outcome: Outcome

    @property
    def kinds_hold(self) -> bool:
        return self.measured == (self.camera.declared, self.viewer.declared)

    @property
    def theory_holds(self) -> bool:
        return self.outcome.connected == self.theory.direct and self.outcome.way in (None, DIRECT)


def run(camera: str, viewer: str, delay_ms: float = 0) -> Cell:
    """Builds the laboratory of a pair, measures both networks, and tries to connect. Raises UnknownKind,
    LaboratoryError."""
    with Lab(camera, viewer, delay_ms=delay_ms) as lab:
        measured = (lab.measure(CAMERA), lab.measure(VIEWER))
        theory = direct(lab.camera_kind, lab.viewer_kind)
        return Cell(lab.camera_kind, lab.viewer_kind, theory, measured, check(lab))


def run_all(pairs: Iterable[tuple[str, str]], delay_ms: float = 0) -> Iterator[Cell]:
    """Many cells, several at once, in the order of `pairs`."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda pair: run(pair[0], pair[1], delay_ms), pairs)
