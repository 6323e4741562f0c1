"""The laboratory for people.

python -m tests.natlab CAMERA VIEWER    one pair: both networks measured, theory, what ICE with STUN alone does, and
                                        what the product does, with coturn and without
python -m tests.natlab --matrix         all pairs, with coturn and without
python -m tests.natlab --kinds          the kinds of network there are

With --stock: ICE with STUN alone, and not the product.
"""

import argparse
import asyncio
import os
import sys
import time

from tests.natlab import picture
from tests.natlab.cell import Cell, run, run_all
from tests.natlab.check import PACKETS
from tests.natlab.counting import DIRECT
from tests.natlab.expected import reach
from tests.natlab.kinds import CELLS, KINDS, UnknownKind
from tests.natlab.namespace import LaboratoryError


def way_taken(cell: Cell) -> str:
    """What happened, for people."""
    outcome = cell.outcome
    if not outcome.connected:
        return f"no connection within {outcome.seconds:.0f} s"
    arrived = f"{outcome.packets} of {PACKETS} packets arrived"
    return f"{outcome.way}, after {outcome.seconds * 1000:.0f} ms; {arrived}, {outcome.share:.0%} of all bytes this way"


def table(cell: Cell) -> str:
    """One pair in full."""
    rows = []
    for side, kind, measured in zip(("camera", "viewer"), (cell.camera, cell.viewer), cell.measured, strict=True):
        rows += [(side, f"{kind.name}: {kind.meaning}"), ("  measured", str(measured))]
        if measured != kind.declared:
            rows.append(("  DECLARED", str(kind.declared)))
    rows.append(("theory", theory(cell)))
    rows.append(("STUN only", way_taken(cell)))
    rows.append(("verdict", "as theory says" if cell.theory_holds else "NOT as theory says"))
    return "\n".join(f"{name:12}{text}" for name, text in rows)


def theory(cell: Cell) -> str:
    """What should happen, for people."""
    if cell.theory.direct:
        return f"direct ({cell.theory.reason})"
    return f"relayed ({cell.theory.reason}): the camera by {reach(cell.camera)}, the viewer by {reach(cell.viewer)}"


def line(cell: Cell) -> str:
    """One pair of many, in a line."""
    mark = "ok " if cell.kinds_hold and cell.theory_holds else "BAD"
    took = f"{cell.outcome.way} {cell.outcome.seconds * 1000:.0f} ms" if cell.outcome.connected else "none"
    should = "direct" if cell.theory.direct else "relayed"
    return f"{mark} {cell.camera.name:16}{cell.viewer.name:16}theory {should:9}STUN only: {took}"


def show_product(camera: str, viewer: str, delay_ms: float) -> bool:
    """Prints what the product does with one pair; whether that is the best there is."""
    good = True
    for turn in (False, True):
        cell = asyncio.run(picture.run(camera, viewer, turn=turn, delay_ms=delay_ms))
        seen, name = cell.picture, "with coturn" if cell.turn else "no coturn"
        took = "no picture" if seen.first_ms is None else f"first picture after {seen.first_ms:.0f} ms"
        print(f"{name:12}{took}; best way {cell.expected.way}: {'taken' if cell.good else 'NOT TAKEN'}")
        print(f"{'  viewer':12}received {seen.download}\n{'  camera':12}sent {seen.upload}")
        print(cell.log, end="")
        good &= cell.good
    return good


def product_matrix(delay_ms: float) -> bool:
    """Prints all pairs, with coturn and without; whether every one has a picture by the best way."""
    started = time.monotonic()
    cells = []
    for cell in picture.run_all([(*pair, turn) for turn in (False, True) for pair in CELLS], delay_ms):
        print(cell.line, flush=True)
        cells.append(cell)
    print(summary(cells))
    print(f"{time.monotonic() - started:.0f} s")
    return all(cell.good for cell in cells)


def summary(cells: list[picture.Cell]) -> str:
    """The matrix in a few lines."""
    lines = []
    for turn in (False, True):
        some = [cell for cell in cells if cell.turn is turn]
        shown = sum(cell.picture.first_ms is not None for cell in some)
        good = sum(cell.good for cell in some)
        direct = [cell for cell in some if cell.expected.way == DIRECT]
        needless = sum(cell.picture.needless_relay > picture.RELAY_MEDIA_BYTES for cell in direct)
        lines.append(
            f"{'with coturn' if turn else 'without coturn'}: {shown} of {len(some)} have a picture, {good} by the best "
            f"way; {needless} of {len(direct)} direct ones moved media through the relay first"
        )
    return "\n".join(lines + [cell.in_full for cell in cells if not cell.good])


def matrix(delay_ms: float) -> bool:
    """Prints all pairs; whether every one is as theory says."""
    cells = []
    for cell in run_all(CELLS, delay_ms):
        print(line(cell), flush=True)
        cells.append(cell)
    good = sum(cell.kinds_hold and cell.theory_holds for cell in cells)
    connected = sum(cell.outcome.connected for cell in cells)
    relayed = len(cells) - connected
    print(f"{good} of {len(cells)} pairs as theory says; {connected} connect directly, {relayed} need a relay")
    return good == len(cells)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.natlab", description="Camera and viewer behind chosen networks."
    )
    parser.add_argument("camera", nargs="?", help="kind of the camera's network")
    parser.add_argument("viewer", nargs="?", help="kind of the viewer's network")
    parser.add_argument(
        "--delay", type=float, default=20, metavar="MS", help="one way, on each home's line (default 20)"
    )
    parser.add_argument("--matrix", action="store_true", help="all pairs")
    parser.add_argument("--stock", action="store_true", help="stock ICE with STUN alone, not the product")
    parser.add_argument("--kinds", action="store_true", help="list the kinds of network")
    return parser


def main() -> int:
    parser = arguments()
    chosen = parser.parse_args()
    if chosen.kinds:
        print("\n".join(f"{kind.name:16}{kind.meaning}" for kind in KINDS.values()))
        return 0
    if not chosen.matrix and (chosen.camera is None or chosen.viewer is None):
        parser.error("name the camera's and the viewer's network, or --matrix, or --kinds")
    if os.geteuid() != 0:
        print("The laboratory makes network namespaces: run it as root.", file=sys.stderr)
        return 2
    try:
        if chosen.matrix:
            return 0 if (matrix if chosen.stock else product_matrix)(chosen.delay) else 1
        cell = run(chosen.camera, chosen.viewer, chosen.delay)
    except (UnknownKind, LaboratoryError) as error:
        print(error, file=sys.stderr)
        return 2
    print(table(cell), flush=True)
    good = cell.kinds_hold and cell.theory_holds
    if not chosen.stock:
        good &= show_product(chosen.camera, chosen.viewer, chosen.delay)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
