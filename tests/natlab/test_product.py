"""The product itself gets a picture through every pair of networks, by the best way that theory leaves.

Real server, real camera, real Chromium; bytes counted in the network. These cells differ in their reason;
`make lab-matrix` runs all.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.natlab.kinds import CELLS
from tests.natlab.lab import UDP_TIMEOUT_SECONDS
from tests.natlab.picture import Cell, run, run_all
from tests.natlab.product import template

pytestmark = [pytest.mark.namespace, pytest.mark.browser]

ALL_SECONDS = 600
"""For the first test, which waits for all cells."""
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
    ("only-tcp-443", "none", True),
    ("only-tcp-443", "port-restricted", False),
    ("port-restricted", "only-tcp-443", False),
    ("only-tcp-443", "only-tcp-443", True),
    ("ipv6-only", "ipv6-only", False),
    ("ipv6-only", "port-restricted", False),
    ("dual-stack", "ipv6-only", True),
    ("dual-stack", "dual-stack", False),
    ("dual-stack", "symmetric", False),
    ("port-restricted", "ipv6-only", False),
    ("same-lan", "same-lan", False),
    ("hairpin", "hairpin", False),
    ("shared-carrier", "shared-carrier", False),
    ("shared-carrier", "shared-carrier", True),
)
"""Camera, viewer, with coturn."""
OPEN: dict[tuple[str, str, bool], str] = {}
"""Cells without a picture today, and why. Strict: a cell that comes up must leave this list."""


def named(cell: tuple[str, str, bool]) -> str:
    return f"{cell[0]} {cell[1]} {'with' if cell[2] else 'without'} coturn"


@dataclass(frozen=True)
class Matrix:
    """`idle`: the cell that waits, beside the others."""

    cells: dict[tuple[str, str, bool], Cell]
    idle: Future[Cell]


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    template()
    with ThreadPoolExecutor(1) as pool:
        idle = pool.submit(
            lambda: asyncio.run(
                run("port-remap", "port-remap", udp_timeout_s=UDP_TIMEOUT_SECONDS, idle_s=3 * UDP_TIMEOUT_SECONDS)
            )
        )
        yield Matrix(dict(zip(CORE, run_all(CORE), strict=True)), idle)


def test_core_is_made_of_cells() -> None:
    assert {(camera, viewer) for camera, viewer, _ in CORE} <= set(CELLS)


@pytest.mark.timeout(ALL_SECONDS)
@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(cell, marks=pytest.mark.xfail(strict=True, reason=OPEN[cell]) if cell in OPEN else ())
        for cell in CORE
    ],
    ids=named,
)
def test_a_picture_by_the_best_way(cell: tuple[str, str, bool], matrix: Matrix) -> None:
    found = matrix.cells[cell]
    assert found.picture.first_ms is not None, found.in_full
    assert found.good, found.in_full


@pytest.mark.timeout(ALL_SECONDS)
def test_a_direct_way_is_found_after_routers_have_forgotten(matrix: Matrix) -> None:
    """Three UDP time-outs between signing in and the click: what was gathered before leads nowhere."""
    found = matrix.idle.result()
    assert found.expected.way == "direct"
    assert found.picture.first_ms is not None and found.good, found.in_full
