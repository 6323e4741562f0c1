"""Debian's Chromium under Playwright, and what tests ask a page."""

import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Iterable
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.servers import EMAIL, PASSWORD

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 20_000
"""For whatever must come, on a busy machine."""
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

READ_STAMPS = """
(() => {
  // Reads the clock strip of the test pattern (camera_peer/sources/stamp.py) out of each presented frame.
  const cells = 64;
  const bits = (values) => values.reduce((sum, bit) => sum * 2 + bit, 0);
  const crc8 = (payload) => {
    let crc = 0;
    for (let at = 0; at < payload.length; at += 8) {
      crc ^= bits(payload.slice(at, at + 8));
      for (let i = 0; i < 8; i++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
    }
    return crc;
  };
  const canvas = new OffscreenCanvas(cells, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingEnabled = false;
  window.readStamp = (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (!width) return null;
    const strip = Math.max(2, Math.floor(height / 30));
    const row = height - 1 - Math.floor(strip / 2);
    for (let i = 0; i < cells; i++) {
      const column = Math.floor(((2 * i + 1) * width) / (2 * cells));
      context.drawImage(video, column, row, 1, 1, i, 0, 1, 1);
    }
    const data = context.getImageData(0, 0, cells, 1).data;
    const levels = Array.from({ length: cells }, (_, i) => data[i * 4 + 1]);
    const ends = [...levels.slice(0, 4), ...levels.slice(-4)];
    const middle = ends.reduce((a, b) => a + b) / 8;
    const read = levels.map((level) => (level > middle ? 1 : 0));
    if (read.slice(0, 4).join('') !== '1010' || read.slice(-4).join('') !== '0101') return null;
    const payload = read.slice(4, 52);
    if (crc8(payload) !== bits(read.slice(52, 60))) return null;
    return { wall: bits(payload.slice(0, 32)), count: bits(payload.slice(32)) };
  };
  window.ageOf = (stamp) => {
    const age = (((Date.now() - stamp.wall) % 2 ** 32) + 2 ** 32) % 2 ** 32;
    return age > 2 ** 31 ? age - 2 ** 32 : age;
  };
  const deep = (root) => {
    const found = root.querySelector('video.shown') ?? root.querySelector('video');
    if (found) return found;
    for (const element of root.querySelectorAll('*')) {
      const inner = element.shadowRoot && deep(element.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  window.theVideo = () => deep(document);
})();
"""

COLLECT = """
async (seconds) => {
  // Every readable stamp presented in the next `seconds`: [count, age in ms, time of presentation].
  const seen = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const video = theVideo();
    if (video) await new Promise((resolve) => {
      const timer = setTimeout(resolve, 250);
      video.requestVideoFrameCallback(() => { clearTimeout(timer); resolve(); });
    });
    else await new Promise((resolve) => setTimeout(resolve, 50));
    const stamp = video && readStamp(video);
    if (stamp && (!seen.length || seen[seen.length - 1][0] !== stamp.count)) {
      seen.push([stamp.count, ageOf(stamp), performance.now()]);
    }
  }
  return seen;
}
"""


page_errors: list[str] = []
"""What pages of the running browser threw and did not catch, and what their Content-Security-Policy forbade."""


@contextlib.asynccontextmanager
async def chromium(*extra: str) -> AsyncIterator[Browser]:
    """One browser, ended with its children. Fails where a page of it had an error."""
    page_errors.clear()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, headless=False, args=[*FLAGS, *extra], timeout=60_000
        )
        try:
            yield browser
        finally:
            await browser.close()
    assert not page_errors, page_errors


async def new_page(browser: Browser, viewport: dict[str, int] | None = None, **options: Any) -> Page:
    """A page of its own context (cookies, storage), with the stamp reader inside."""
    size: Any = viewport or DESKTOP
    context: BrowserContext = await browser.new_context(viewport=size, ignore_https_errors=True, **options)
    await context.add_init_script(READ_STAMPS)
    page = await context.new_page()
    page.on("pageerror", lambda error: page_errors.append(str(error)))
    page.on("console", lambda said: page_errors.append(said.text) if "Content Security Policy" in said.text else None)
    page.set_default_timeout(WAIT_MS)
    return page


async def sign_in(page: Page, url: str, email: str = EMAIL, password: str = PASSWORD) -> None:
    """Through the form, as a person does; ends on the list of cameras."""
    await page.goto(url)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_role("textbox", name="Password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await home_page(page)


async def home_page(page: Page) -> None:
    """Waits for the list of cameras, or for the invitation to add the first one."""
    await page.get_by_role("heading", name=re.compile("Cameras|Nothing to see yet")).first.wait_for()


async def watch(page: Page, name: str) -> None:
    """Click the camera's tile on the list."""
    await page.get_by_role("link", name=f"Watch {name}").click()


async def stamps(page: Page, seconds: float) -> list[tuple[int, float, float]]:
    """Distinct pictures presented in the next seconds: (frame counter, age in ms, presentation time in ms)."""
    return [tuple(stamp) for stamp in await page.evaluate(COLLECT, seconds)]


def is_moving(seen: Iterable[tuple[int, float, float]], at_least: int = 5) -> bool:
    """Whether distinct pictures follow each other in order (the counter wraps at 2**16)."""
    counts = [stamp[0] for stamp in seen]
    steps = [(after - before) % 2**16 for before, after in itertools.pairwise(counts)]
    return len(counts) >= at_least and all(0 < step < 2**15 for step in steps)


async def moving(page: Page, seconds: float = 20.0) -> list[tuple[int, float, float]]:
    """Waits for a moving picture; its stamps. Fails where none comes in time."""
    seen: list[tuple[int, float, float]] = []
    for _ in range(int(seconds)):
        seen = await stamps(page, 1.0)
        if is_moving(seen):
            return seen
    raise AssertionError(f"no moving picture in {seconds} s; last saw {seen}")


async def open_watching(browser: Browser, url: str, name: str = "Garden") -> Page:
    """A page of its own that shows this camera's moving picture, by way of the form and the list."""
    page = await new_page(browser)
    await sign_in(page, url)
    await watch(page, name)
    await moving(page)
    return page


async def privacy(page: Page) -> str:
    """What protects the picture that the page shows, as its viewer has it."""
    return str(
        await page.evaluate(
            """() => {
              const find = (root) => {
                for (const element of root.querySelectorAll('*')) {
                  if (element.viewer?.privacy) return element.viewer.privacy;
                  const inner = element.shadowRoot && find(element.shadowRoot);
                  if (inner) return inner;
                }
                return null;
              };
              return find(document);
            }"""
        )
    )
