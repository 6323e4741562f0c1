"""Stock ICE with STUN alone connects exactly the pairs that theory allows, and their bytes go directly.

These are the cells that differ in their reason; `python -m tests.natlab --matrix` runs all.
"""

import pytest

from tests.natlab.cell import Cell, run_all
from tests.natlab.check import PACKETS

pytestmark = pytest.mark.namespace

CORE = (
    ("none", "symmetric"),
    ("full-cone", "symmetric"),
    ("symmetric", "restricted"),
    ("symmetric", "port-restricted"),
    ("symmetric", "symmetric"),
    ("restricted", "full-cone"),
    ("port-restricted", "port-restricted"),
    ("port-restricted", "carrier-grade"),
    ("port-remap", "port-remap"),
    ("port-remap", "symmetric"),
    ("carrier-grade", "carrier-grade"),
    ("carrier-grade", "symmetric"),
    ("none", "udp-blocked"),
    ("full-cone", "only-tcp-443"),
    ("ipv6-only", "ipv6-only"),
    ("ipv6-only", "port-restricted"),
    ("ipv6-only", "dual-stack"),
    ("dual-stack", "port-remap"),
    ("dual-stack", "symmetric"),
    ("same-lan", "same-lan"),
    ("hairpin", "hairpin"),
    ("shared-carrier", "shared-carrier"),
)
DIRECT_SHARE = 0.95
"""Of the bytes that reach the viewer: the rest is STUN."""


@pytest.fixture(scope="module")
def cells() -> dict[tuple[str, str], Cell]:
    return dict(zip(CORE, run_all(CORE), strict=True))


@pytest.mark.parametrize("pair", CORE, ids=" ".join)
def test_cell_is_as_theory_says(pair: tuple[str, str], cells: dict[tuple[str, str], Cell]) -> None:
    cell = cells[pair]
    assert cell.kinds_hold
    assert cell.outcome.connected == cell.theory.direct, cell.theory.reason
    if cell.theory.direct:
        assert (cell.outcome.way, cell.outcome.packets) == ("direct", PACKETS)
        assert cell.outcome.share > DIRECT_SHARE
