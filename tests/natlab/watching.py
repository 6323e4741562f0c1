"""A person with Debian's Chromium on a laboratory's viewer: signs in, clicks the camera, sees the picture."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page, async_playwright

from tests.browser import CHROMIUM, FLAGS, is_moving, new_page, sign_in, stamps
from tests.natlab.host import Host
from tests.natlab.product import CAMERA_NAME, ORIGIN
from tests.servers import EMAIL

FLAGS_HERE = ("--ignore-certificate-errors", "--no-proxy-server")
"""The server's certificate and coturn's are self-made."""
LAUNCH_MS = 60_000
PICTURE_MS = 20_000
"""Longer than every timer of the product that could still bring a picture."""

WATCH = """
(limitMs) => {
  // Armed before the click: ms from the click to the first picture of the element that shows; null if none came.
  const find = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.viewer?.video) return element.viewer.video;
      const inner = element.shadowRoot && find(element.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  window.theVideo = () => find(document);
  window.measured = new Promise((resolve) => {
    document.addEventListener('click', () => {
      const click = performance.now();
      const seen = new WeakSet();
      const timer = setTimeout(() => resolve(null), limitMs);
      const done = () => { clearTimeout(timer); resolve(performance.now() - click); };
      const look = () => {
        const video = theVideo();
        if (video && !seen.has(video)) {
          seen.add(video);
          if (video.videoWidth && video.readyState >= 2) return done();
          video.requestVideoFrameCallback(done);
        }
        if (performance.now() - click < limitMs) requestAnimationFrame(look);
      };
      queueMicrotask(look);
    }, { capture: true, once: true });
  });
}
"""

FOLLOW = """
() => {
  // From now on: when each picture of the element that shows was presented, ms since the epoch.
  window.followed = [];
  const seen = new WeakSet();
  setInterval(() => {
    const video = theVideo();
    if (!video || seen.has(video)) return;
    seen.add(video);
    const step = () => {
      if (theVideo() === video) followed.push(Date.now());
      video.requestVideoFrameCallback(step);
    };
    video.requestVideoFrameCallback(step);
  }, 20);
}
"""


@dataclass
class Person:
    """Signed in, on the list of cameras."""

    page: Page

    async def click(self) -> float | None:
        """Milliseconds to the first picture; None if none came."""
        await self.page.evaluate(WATCH, PICTURE_MS)
        await self.page.get_by_role("link", name=f"Watch {CAMERA_NAME}").click()
        taken: float | None = await self.page.evaluate("measured")
        return taken

    async def forget_ways(self) -> None:
        """Erases what the web app remembers of earlier ways."""
        await self.page.evaluate("localStorage.removeItem('belvedere.ways')")

    async def back(self) -> None:
        await self.page.get_by_role("link", name="All cameras").click()
        await self.page.get_by_role("link", name=f"Watch {CAMERA_NAME}").wait_for()

    async def follow(self) -> None:
        """Notes every picture from now on."""
        await self.page.evaluate(FOLLOW)

    async def followed(self) -> list[float]:
        """When each picture was presented since `follow`, seconds since the epoch."""
        return [moment / 1000 for moment in await self.page.evaluate("followed")]

    async def pictures(self, seconds: float) -> int:
        """Distinct pictures presented and read in the next seconds; 0 if they do not follow each other."""
        seen = await stamps(self.page, seconds)
        return len(seen) if is_moving(seen, at_least=2) else 0


@contextlib.asynccontextmanager
async def person(viewer: Host, folder: Path, email: str = EMAIL) -> AsyncIterator[Person]:
    """At their browser, until the block ends. `email`: of the account, whose password is that of the tests."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=viewer.script(folder / "chromium", CHROMIUM),
            headless=False,
            args=[*FLAGS, *FLAGS_HERE],
            timeout=LAUNCH_MS,
        )
        try:
            page = await new_page(browser)
            await sign_in(page, ORIGIN, email)
            yield Person(page)
        finally:
            await browser.close()
