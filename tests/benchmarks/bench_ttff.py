"""Time to first frame: from the click event to the first presented picture, in Chromium on one machine.

Three ways alternate in one run, all with 720p30 H.264 that comes encoded with a key frame every 2 s:

    ours    the whole product: page signed in, socket registered, a click on the camera's tile
    bare    a bare Chromium-aiortc connection with everything prepared (tests/benchmarks/stock_peer.py)
    plain   aiortc the way its examples do it, offer on demand

`live`: until the picture is at most 300 ms behind the clock that is burnt into it. Measured on the same joins, and
once more with the camera behind a 5 Mbit/s uplink, in network namespaces of our own (left out where we are not root).
Last line: JSON with the keys of DESIGN §12. The exit code is 1 where a judged bound is missed.
"""

import asyncio
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from tests.benchmarks import uplink
from tests.benchmarks.judged import Judged, exit_code
from tests.benchmarks.plot import sorted_curves
from tests.browser import chromium, new_page, sign_in
from tests.ending import end_what_we_started
from tests.home import Household, household, last_json_line
from tests.servers import free_port

SOURCE = "test:?gop=2&obey=no"
JOINS, PLAIN_JOINS, UPLINK_JOINS = 60, 20, 20
PLAIN_OVER_OURS, OURS_OVER_BARE = 15, 1.5
"""Judged: by at least how much ours is quicker than the plain way, and at most slower than the bare connection."""
LIVE_MS = 300
LIVE_LIMIT_MS = 8000
JOIN_LIMIT_SECONDS = 20
REST_SECONDS = 1.0
"""Between two joins, plus a random part of one group of pictures, so that every phase of it is met."""

WATCH_LIVE = """
([liveMs, limitMs]) => {
  // Armed before the click. Resolves with ms from the click event to the first frame and to the first live picture.
  window.measured = new Promise((resolve, reject) => {
    let click = null;
    const timer = setTimeout(() => reject(new Error('no picture')), 15000);
    const follow = (video, first) => {
      const age = () => { const stamp = readStamp(video); return stamp ? ageOf(stamp) : Infinity; };
      const done = (live) => { clearTimeout(timer); resolve({ first, live }); };
      const step = () => {
        const elapsed = performance.now() - click;
        if (age() <= liveMs || elapsed > limitMs) done(elapsed);
        else video.requestVideoFrameCallback(step);
      };
      step();
    };
    document.addEventListener('click', () => {
      click = performance.now();
      const find = () => {
        const video = theVideo();
        if (!video) return requestAnimationFrame(find);
        if (video.videoWidth && video.readyState >= 2) return follow(video, performance.now() - click);
        video.requestVideoFrameCallback(() => follow(video, performance.now() - click));
      };
      queueMicrotask(find);
    }, { capture: true, once: true });
  });
}
"""


@dataclass
class Figures:
    """Milliseconds of each join."""

    ours: list[float] = field(default_factory=list)
    live: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)


def percentile(values: list[float], part: float) -> float:
    """Nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, round(part * (len(ranked) - 1)))]


async def join_ours(page: Page, name: str) -> tuple[float, float]:
    """One click on the tile; first frame and first live picture in ms. Goes back to the list afterwards."""
    await page.evaluate(WATCH_LIVE, [LIVE_MS, LIVE_LIMIT_MS])
    await page.get_by_role("link", name=f"Watch {name}").click()
    async with asyncio.timeout(JOIN_LIMIT_SECONDS):
        measured = await page.evaluate("measured")
    await page.get_by_role("link", name="All cameras").click()
    await page.get_by_role("link", name=f"Watch {name}").wait_for()
    return measured["first"], measured["live"]


async def join_stock(page: Page, way: str) -> float:
    await page.evaluate("way => prepare(way)", way)
    await asyncio.sleep(0.3)
    await page.get_by_role("button", name="join").click()
    async with asyncio.timeout(JOIN_LIMIT_SECONDS):
        milliseconds: float = await page.evaluate("joined")
    await page.evaluate("end()")
    return milliseconds


@contextlib.asynccontextmanager
async def stock_page(browser: Browser) -> AsyncIterator[Page]:
    """The page of the stock peer, which runs until the block ends."""
    port = free_port()
    peer = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.stock_peer", str(port)], stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/"
        await wait_for_page(url)
        page = await new_page(browser)
        await page.goto(url)
        await asyncio.sleep(5)  # two whole groups of pictures
        yield page
    finally:
        peer.terminate()
        peer.wait()


async def wait_for_page(url: str) -> None:
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=2).close())
                return
            await asyncio.sleep(0.1)


async def rest(dice: random.Random) -> None:
    await asyncio.sleep(REST_SECONDS + dice.uniform(0, 2))


async def on_one_machine(home: Household, joins: int, plain_joins: int) -> Figures:
    figures, dice = Figures(), random.Random(20261122)
    home.add_camera("Garden", SOURCE)
    async with chromium() as browser, stock_page(browser) as stock:
        page = await new_page(browser)
        await sign_in(page, home.server.url)
        for turn in range(joins):
            await rest(dice)
            await page.bring_to_front()
            first, live = await join_ours(page, "Garden")
            figures.ours.append(first)
            figures.live.append(live)
            await rest(dice)
            await stock.bring_to_front()
            figures.bare.append(await join_stock(stock, "bare"))
            if turn % (joins // plain_joins or 1) == 0:
                await rest(dice)
                figures.plain.append(await join_stock(stock, "plain"))
            progress(
                f"join {turn + 1} of {joins}: ours {first:.0f} ms, live {live:.0f} ms, bare {figures.bare[-1]:.0f} ms"
            )
    return figures


async def over_an_uplink(home: Household, joins: int, prefix: list[str]) -> Figures:
    """Inside the viewer's namespace; the camera's traffic goes out through 5 Mbit/s."""
    figures, dice = Figures(), random.Random(5)
    home.add_camera("Garden", SOURCE + "&detail=high", prefix=prefix)
    async with chromium() as browser:
        page = await new_page(browser)
        await sign_in(page, home.server.url)
        for _ in range(joins):
            await rest(dice)
            first, live = await join_ours(page, "Garden")
            figures.ours.append(first)
            figures.live.append(live)
            progress(f"5 Mbit/s uplink: first {first:.0f} ms, live {live:.0f} ms")
    return figures


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def temporary_household(**settings: str) -> Iterator[Household]:
    with tempfile.TemporaryDirectory(prefix="belvedere-bench-") as folder, household(Path(folder), **settings) as home:
        yield home


def uplink_figures(joins: int) -> dict[str, float]:
    """Runs this module once more inside a namespace; its JSON. Empty where we may not make namespaces."""
    if os.geteuid() != 0:
        return {}
    with uplink.network() as network:
        command = [*network.in_viewer, sys.executable, "-m", "tests.benchmarks.bench_ttff", "--uplink", network.name]
        done = subprocess.run([*command, str(joins)], stdout=subprocess.PIPE, text=True, check=True, timeout=900)
    figures: dict[str, float] = last_json_line(done.stdout)
    return figures


def run_uplink(name: str, joins: int) -> None:
    network = uplink.Network(name)
    settings = {"host": "0.0.0.0", "public_url": f"https://{network.viewer_address}:{{port}}"}
    with temporary_household(**settings) as home:
        figures = asyncio.run(over_an_uplink(home, joins, network.in_camera))
    result = {"first": statistics.median(figures.ours), "live": statistics.median(figures.live)}
    print(json.dumps(result | {"live_p95": percentile(figures.live, 0.95)}))


def medians(figures: Figures) -> tuple[float, float, float]:
    """Of ours, bare and plain, in milliseconds."""
    return statistics.median(figures.ours), statistics.median(figures.bare), statistics.median(figures.plain)


def judged(ours: float, bare: float, plain: float) -> list[Judged]:
    """By their medians in milliseconds."""
    to_plain, to_bare = ours / plain, ours / bare
    return [
        Judged(f"ours / plain = 1/{1 / to_plain:.1f}", to_plain, 1 / PLAIN_OVER_OURS, f"at most 1/{PLAIN_OVER_OURS}"),
        Judged(f"ours / bare  = {to_bare:.2f}", to_bare, OURS_OVER_BARE, f"at most {OURS_OVER_BARE}"),
    ]


def table(figures: Figures, behind_uplink: dict[str, float]) -> str:
    rows = [("way", "joins", "median", "95 %", "worst")]
    for name in ("ours", "live", "bare", "plain"):
        values = getattr(figures, name)
        shown = (statistics.median(values), percentile(values, 0.95), max(values))
        rows.append((name, str(len(values)), *(f"{value:.0f} ms" for value in shown)))
    lines = ["  ".join(cell.rjust(9) for cell in row) for row in rows]
    ours, bare, plain = medians(figures)
    lines += [
        *(str(one) for one in judged(ours, bare, plain)),
        f"median {ours:.0f} ms (target 70), 95th percentile {percentile(figures.ours, 0.95):.0f} ms (target 120)",
    ]
    if behind_uplink:
        first, live = behind_uplink["first"], behind_uplink["live"]
        lines.append(f"behind a 5 Mbit/s uplink: first frame {first:.0f} ms, live {live:.0f} ms")
    return "\n".join(lines)


def result(figures: Figures, behind_uplink: dict[str, float]) -> dict[str, Any]:
    values = {
        "plain_p50_ms": statistics.median(figures.plain),
        "bare_p50_ms": statistics.median(figures.bare),
        "ours_p50_ms": statistics.median(figures.ours),
        "ours_p95_ms": percentile(figures.ours, 0.95),
        "live_p50_ms": statistics.median(figures.live),
    }
    if behind_uplink:
        values |= {"uplink_5_first_p50_ms": behind_uplink["first"], "uplink_5_live_p50_ms": behind_uplink["live"]}
    return {name: round(value, 1) for name, value in values.items()} | {"joins": len(figures.ours)}


def main(arguments: list[str]) -> int:
    """The exit code."""
    if arguments[:1] == ["--uplink"]:
        run_uplink(arguments[1], int(arguments[2]))
        return 0
    joins = int(os.environ.get("JOINS", JOINS))
    plain_joins = max(1, min(PLAIN_JOINS, joins // 3))
    with temporary_household() as home:
        figures = asyncio.run(on_one_machine(home, joins, plain_joins))
    behind_uplink = uplink_figures(min(UPLINK_JOINS, joins))
    curves = {"ours": figures.ours, "bare": figures.bare, "ours, live": figures.live}
    sorted_curves(Path("build/bench/ttff.png"), "milliseconds from the click", curves)
    print(table(figures, behind_uplink))
    print(json.dumps(result(figures, behind_uplink)))
    return exit_code(judged(*medians(figures)))


if __name__ == "__main__":
    end_what_we_started()
    sys.exit(main(sys.argv[1:]))
