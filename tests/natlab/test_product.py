"""The product itself gets a picture through every pair of networks, by the best way that theory leaves.

Real server, real camera, real Chromium; bytes counted in the network. These cells differ in their reason;
`make lab-matrix` runs all.
"""

import pytest

from tests.natlab.kinds import CELLS
from tests.natlab.picture import run

pytestmark = [pytest.mark.namespace, pytest.mark.browser]

CORE = (
    ("none", "symmetric", False),
    ("full-cone", "port-remap", False),
    ("restricted", "symmetric", False),
    ("port-restricted", "port-restricted", False),
    ("port-restricted", "port-restricted", True),
    ("carrier-grade", "port-remap", True),
    ("symmetric", "port-restricted", False),
    ("symmetric", "symmetric", False),
    ("symmetric", "symmetric", True),
    ("udp-blocked", "none", False),
    ("udp-blocked", "none", True),
    ("none", "udp-blocked", False),
    ("port-restricted", "udp-blocked", True),
    ("only-tcp-443", "port-restricted", False),
    ("port-restricted", "only-tcp-443", False),
    ("only-tcp-443", "only-tcp-443", True),
    ("ipv6-only", "ipv6-only", False),
    ("ipv6-only", "port-restricted", False),
    ("dual-stack", "ipv6-only", True),
    ("dual-stack", "dual-stack", False),
    ("same-lan", "same-lan", False),
    ("hairpin", "hairpin", False),
    ("shared-carrier", "shared-carrier", False),
    ("shared-carrier", "shared-carrier", True),
)
"""Camera, viewer, with coturn."""


def named(cell: object) -> str:
    return {True: "turn", False: "no turn"}.get(cell, str(cell)) if isinstance(cell, bool) else str(cell)


def test_core_is_made_of_cells() -> None:
    assert {(camera, viewer) for camera, viewer, _ in CORE} <= set(CELLS)


@pytest.mark.parametrize(("camera", "viewer", "turn"), CORE, ids=named)
async def test_a_picture_by_the_best_way(camera: str, viewer: str, turn: bool) -> None:
    cell = await run(camera, viewer, turn=turn)
    shown = f"{cell.picture}\nexpected: {cell.expected}\n{cell.log}"
    assert cell.picture.first_ms is not None, shown
    assert cell.good, shown
