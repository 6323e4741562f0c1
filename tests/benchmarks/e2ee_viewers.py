"""The viewers' half of `bench-e2ee`: two households whose cameras play one clip, watched in turn over the relay."""

import asyncio
import contextlib
import random
import statistics
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from playwright.async_api import Browser, Page

from tests.browser import chromium, home_page, new_page, sign_in
from tests.home import Household, household
from tests.journeys.test_pairing_proven import CHECKED, code_text

NAME = "Garden"
FPS = 30
JOIN_LIMIT_MS = 15_000
REST_SECONDS = 0.5
"""Before a join: with the other page's turn in between, the upload of the last one is over. Plus a random part of one
group of pictures, so that every phase of it is met."""
GROUP_SECONDS = 2.0
CAUGHT_UP_SECONDS = 3.0

COUNT_AUTHENTIC = """
  // What the page's worker says it found: [ms, pictures so far].
  window.authentic = [];
  const Real = window.Worker;
  window.Worker = class extends Real {
    constructor(...how) {
      super(...how);
      this.addEventListener('message', ({ data }) => {
        if (data.type === 'pictures' && !data.plain) authentic.push([performance.now(), data.pictures]);
      });
    }
  };
"""
WATCH_FIRST = """
(limitMs) => {
  // Armed before the click. Resolves with ms from the click to the first picture presented.
  window.authentic = [];
  window.measured = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('no picture')), limitMs);
    document.addEventListener('click', () => {
      const click = performance.now();
      const find = () => {
        const video = theVideo();
        if (!video) return requestAnimationFrame(find);
        const done = () => resolve(performance.now() - click);
        if (video.videoWidth && video.readyState >= 2) return done();
        video.requestVideoFrameCallback(done);
      };
      queueMicrotask(find);
    }, { capture: true, once: true });
  });
}
"""


@dataclass(frozen=True)
class Watched:
    """`pairs`: ms to the first picture, clear and sealed."""

    pairs: list[tuple[float, float]]
    frames_per_second: float

    @property
    def differences(self) -> list[float]:
        return [sealed - clear for clear, sealed in self.pairs]

    @property
    def added(self) -> float:
        return statistics.median(self.differences)

    @property
    def quartiles(self) -> tuple[float, float]:
        low, _, high = statistics.quantiles(self.differences, n=4)
        return low, high


def write_video(path: Path, clip: list[tuple[bytes, bool]]) -> None:
    """The clip as a file that a camera plays for ever."""
    with av.open(str(path), "w", format="mpegts") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number, (data, key) in enumerate(clip):
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number
            packet.is_keyframe = key
            out.mux(packet)


@contextlib.contextmanager
def homes(folder: Path) -> Iterator[tuple[Household, Household]]:
    """One that will have no proof, and one that will."""
    with household(folder / "clear") as clear, household(folder / "sealed") as sealed:
        for home in (clear, sealed):
            home.call("PATCH", "/api/me", {"ways": "always_relay"})
        yield clear, sealed


@contextlib.asynccontextmanager
async def pages(clear: Household, sealed: Household, source: str) -> AsyncIterator[tuple[Page, Page]]:
    """Each of a profile of its own, on the list of its cameras."""
    async with chromium() as browser:
        yield await clear_page(browser, clear, source), await sealed_page(browser, sealed, source)


async def clear_page(browser: Browser, home: Household, source: str) -> Page:
    """Its camera was paired by a code of the server."""
    await asyncio.to_thread(home.add_camera, NAME, source)
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    return page


async def sealed_page(browser: Browser, home: Household, source: str) -> Page:
    """Its camera has proven itself to this very profile."""
    page = await new_page(browser)
    await page.context.add_init_script(COUNT_AUTHENTIC)
    await sign_in(page, home.server.url)
    camera = home.new_camera("--source", source, "--wifi", "already-online")
    paired = await asyncio.to_thread(camera.pair, await code_text(page, NAME))
    assert paired.returncode == 0, paired.stdout + paired.stderr
    camera.start()
    await page.get_by_text(CHECKED).wait_for()
    await page.get_by_role("button", name="Yes, this is mine").click()
    await home_page(page)
    return page


async def join(page: Page, seconds: float = 0.0) -> float:
    """One click on the tile, and back to the list after that long: ms to the first picture."""
    await page.bring_to_front()
    await page.evaluate(WATCH_FIRST, JOIN_LIMIT_MS)
    await page.get_by_role("link", name=f"Watch {NAME}").click()
    taken: float = await page.evaluate("measured")
    await asyncio.sleep(seconds)
    return taken


async def rested_join(page: Page, rest: float, *, sealed: bool) -> float:
    """Always in the same order, so that each upload has been over for equally long."""
    await asyncio.sleep(rest)
    taken = await join(page)
    assert bool(await page.evaluate("window.authentic?.length")) is sealed
    await back(page)
    return taken


async def back(page: Page) -> None:
    """To the list; a picture that runs hides what leads there until the mouse moves."""
    for at in (200, 260):
        await page.mouse.move(at, at)
    await page.get_by_role("link", name="All cameras").click()
    await page.get_by_role("link", name=f"Watch {NAME}").wait_for()


async def frames_per_second(page: Page, seconds: float) -> float:
    """By what the worker found authentic, once the viewer has caught up with the present."""
    await join(page, CAUGHT_UP_SECONDS + seconds)
    said: list[tuple[float, int]] = await page.evaluate("authentic")
    await back(page)
    live = [word for word in said if word[0] >= said[0][0] + 1000 * CAUGHT_UP_SECONDS]
    (first, before), (last, after) = live[0], live[-1]
    return 1000 * (after - before) / (last - first)


async def watched(folder: Path, clip: list[tuple[bytes, bool]], joins: int, seconds: float) -> Watched:
    """Both figures."""
    dice = random.Random(20261123)
    source = folder / "clip.ts"
    write_video(source, clip)
    pairs = []
    with homes(folder) as (clear, sealed):
        async with pages(clear, sealed, str(source)) as both:
            fps = await frames_per_second(both[1], seconds)
            await join(both[0])
            await back(both[0])
            for turn in range(joins):
                rest = REST_SECONDS + dice.uniform(0, GROUP_SECONDS)
                clear_ms, sealed_ms = [await rested_join(page, rest, sealed=page is both[1]) for page in both]
                pairs.append((clear_ms, sealed_ms))
                print(f"join {turn + 1:3}: clear {clear_ms:5.0f} ms, sealed {sealed_ms:5.0f} ms", flush=True)
    return Watched(pairs, fps)
