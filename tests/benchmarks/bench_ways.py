"""Time to first picture per way, over distance: the whole product in the network laboratory, real Chromium.

Each row is a laboratory with two homes. R is the round trip from viewer to camera, measured, with the server half way.
The floor is 5 R: 1 from connect to invite, 0.5 for the answer, 3.5 for ICE, DTLS 1.2 and the first picture.

    direct                both homes port-restricted, no TURN, the relay ready to race
    turn                  both homes symmetric, with coturn, no relay
    relay                 the owner's policy is "always relay"
    relay when blocked    both homes symmetric, no TURN: the viewer starts direct, and the relay after its head start
    relay, UDP blocked    the same with a viewer that has no UDP (printed, not judged)

What the viewer remembers of earlier ways is erased before each join. Last line: JSON with the keys of DESIGN §12.
The exit code is 1 where a judged bound is missed, or a join had no picture.
"""

import asyncio
import json
import os
import random
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.judged import Judged, exit_code
from tests.benchmarks.plot import sorted_curves
from tests.natlab import picture, round_trip
from tests.natlab.lab import Lab
from tests.natlab.picture import RELAY_MEDIA_BYTES
from tests.natlab.way import RELAY, Leg

JOINS = 25
FAR_DIRECT = ("direct_40", "direct_150")
RELAY_LIMIT_MS = 700
MOST_RELAYED = 0.02
REST_SECONDS = 2.5
"""Between two joins: the page has its next connection ready again. Plus a random part of a group of pictures."""
LINES = 4
"""A round trip between the homes passes each home's line twice: R = 4 times the delay of a line."""


@dataclass(frozen=True)
class Row:
    """One way over one distance. `round_trip`: R in ms; `key`: of the last line."""

    key: str
    camera: str
    viewer: str
    round_trip: int
    way: str
    relay: bool = True
    turn: bool = False
    policy: str = "auto"


ROWS = (
    Row("direct_0", "port-restricted", "port-restricted", 0, "direct"),
    Row("direct_40", "port-restricted", "port-restricted", 40, "direct"),
    Row("direct_150", "port-restricted", "port-restricted", 150, "direct"),
    Row("turn_40", "symmetric", "symmetric", 40, "turn", relay=False, turn=True),
    Row("relay_40", "port-restricted", "port-restricted", 40, "relay", policy="always_relay"),
    Row("relay_when_blocked_40", "symmetric", "symmetric", 40, "relay"),
    Row("relay_udp_blocked_40", "none", "udp-blocked", 40, "relay"),
)


@dataclass
class Figures:
    """Of one row: R as measured, milliseconds of each join, joins without a picture, and joins in which media went
    through the relay."""

    round_trip: float
    first: list[float] = field(default_factory=list)
    failed: int = 0
    relayed: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.first) if self.first else float("nan")

    @property
    def floor(self) -> float:
        return 5 * self.round_trip


async def measure(row: Row, joins: int) -> Figures:
    """Builds the row's laboratory and joins."""
    dice = random.Random(row.key)
    with Lab(row.camera, row.viewer, delay_ms=row.round_trip / LINES) as lab:
        figures = Figures(round_trip.between_homes(lab))
        async with picture.watching(lab, relay=row.relay, turn=row.turn) as (running, who):
            if row.policy != "auto":
                running.home.call("PATCH", "/api/me", {"ways": row.policy})
            for number in range(joins):
                await asyncio.sleep(REST_SECONDS + dice.uniform(0, 1))
                await who.forget_ways()
                lab.clear_counts()
                took = await who.click()
                await asyncio.sleep(1)
                leg = picture.received(lab)
                note(figures, took, leg)
                progress(f"{row.key} {number + 1} of {joins}: {took and round(took)} ms, {leg}")
                await who.back()
    return figures


def note(figures: Figures, took: float | None, leg: Leg) -> None:
    """Adds one join."""
    if took is None:
        figures.failed += 1
    else:
        figures.first.append(took)
    figures.relayed += leg.amount(RELAY) > RELAY_MEDIA_BYTES


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def judged(row: Row, figures: Figures) -> Judged | None:
    """What the row is judged by, if by anything."""
    if row.key in FAR_DIRECT:
        limit, bound = 1.3 * figures.floor + 60, "1.3 floor + 60"
    elif row.key == "relay_when_blocked_40":
        limit, bound = RELAY_LIMIT_MS, "when direct is impossible"
    else:
        return None
    shown = f"{row.key}: {figures.median:.0f} ms"
    return Judged(shown, figures.median, limit, f"at most {limit:.0f} ms, {bound}")


def relayed_share(results: dict[Row, Figures]) -> Judged | None:
    """Of the joins that went directly from afar, those in which the relay moved media."""
    far = [figures for row, figures in results.items() if row.key in FAR_DIRECT]
    joins, relayed = sum(len(figures.first) for figures in far), sum(figures.relayed for figures in far)
    shown = f"media through the relay in {relayed} of {joins} direct joins at 40 and 150 ms"
    return Judged(shown, relayed / joins, MOST_RELAYED, f"at most {MOST_RELAYED:.0%}") if joins else None


def joins_of(row: Row) -> int:
    """Twice as many where a share of two in a hundred is judged."""
    joins = int(os.environ.get("JOINS", JOINS))
    return 2 * joins if row.key in FAR_DIRECT else joins


def table(results: dict[Row, Figures]) -> str:
    lines = [f"{'row':24}{'R':>7}{'floor':>8}{'median':>9}{'worst':>8}{'joins':>7}{'failed':>8}{'relayed':>9}"]
    for row, figures in results.items():
        worst = max(figures.first, default=float("nan"))
        lines.append(
            f"{row.key:24}{figures.round_trip:7.0f}{figures.floor:8.0f}{figures.median:9.0f}{worst:8.0f}"
            f"{len(figures.first):7}{figures.failed:8}{figures.relayed:9}"
        )
    return "\n".join(lines)


def result(results: dict[Row, Figures]) -> dict[str, float]:
    values = {f"{row.key}_ms": round(figures.median, 1) for row, figures in results.items()}
    for row, figures in results.items():
        if row.key in FAR_DIRECT:
            values[f"floor_{row.round_trip}_ms"] = round(figures.floor, 1)
            values[f"direct_{row.round_trip}_relayed_share"] = round(figures.relayed / (len(figures.first) or 1), 3)
    return values


def main() -> int:
    """Returns the exit code."""
    wanted = sys.argv[1:] or [row.key for row in ROWS]
    results = {row: asyncio.run(measure(row, joins_of(row))) for row in ROWS if row.key in wanted}
    curves = {row.key: figures.first for row, figures in results.items() if figures.first}
    sorted_curves(Path("build/bench/ways.png"), "milliseconds from the click to the first picture", curves)
    verdicts = [*(judged(row, figures) for row, figures in results.items()), relayed_share(results)]
    print(table(results))
    print(*filter(None, verdicts), sep="\n")
    print(json.dumps(result(results)))
    failed = sum(figures.failed for figures in results.values())
    return exit_code(filter(None, verdicts), f"{failed} joins without a picture" if failed else "")


if __name__ == "__main__":
    sys.exit(main())
