"""Real browsers that go from camera to camera, and read the number in the pixels under the name above them."""

import random
import re
from dataclasses import dataclass, field

from playwright.async_api import Browser, Page

from tests.browser import new_page, sign_in
from tests.journeys.watermark.mark import READ_NUMBER

STAY_SECONDS = (5.0, 10.0)
SMALL = {"width": 320, "height": 240}
"""Of a page: drawing without a graphics card costs by the pixel."""
NAME = re.compile(r"No (\d{3})")

READ_PICTURES = """
async (seconds) => {
  // [name over the picture, number in its pixels or null] for each frame presented in the next `seconds`.
  const seen = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const video = theVideo();
    if (!video) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    const presented = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), 300);
      video.requestVideoFrameCallback(() => { clearTimeout(timer); resolve(true); });
    });
    if (presented && video === theVideo() && video.isConnected) {
      seen.push([document.querySelector('h1')?.textContent ?? '', numberIn(video)]);
    }
  }
  return seen;
}
"""


@dataclass
class Pictures:
    """What one page showed. `wrong`: (name, number). `unread`: pictures without a number, as where one is mixed with
    another; `unnamed`: while no name stood over them, as the page went from one camera to the next."""

    right: int = 0
    unread: int = 0
    unnamed: int = 0
    visits: int = 0
    wrong: list[tuple[str, int]] = field(default_factory=list)
    cameras: set[int] = field(default_factory=set)

    def take(self, name: str, number: int | None) -> None:
        """One frame under this name."""
        named = NAME.search(name)
        if named is None:
            self.unnamed += 1
        elif number is None:
            self.unread += 1
        elif int(named[1]) == number:
            self.right += 1
            self.cameras.add(number)
        else:
            self.wrong.append((name, number))


class Looker:
    """One page of one account. `look` until cancelled; `pictures` grows."""

    def __init__(self, page: Page, cameras: list[str], rng: random.Random) -> None:
        self.pictures = Pictures()
        self._page = page
        self._cameras = cameras
        self._rng = rng

    async def look(self) -> None:
        while True:
            self.pictures.visits += 1
            await self._page.evaluate(
                "(hash) => { location.hash = hash; }", f"#/camera/{self._rng.choice(self._cameras)}"
            )
            for name, number in await self._page.evaluate(READ_PICTURES, self._rng.uniform(*STAY_SECONDS)):
                self.pictures.take(name, number)


async def looker(browser: Browser, url: str, email: str, cameras: list[str], rng: random.Random) -> Looker:
    """Signed in, with the number's reader inside."""
    page = await new_page(browser, SMALL)
    await page.context.add_init_script(READ_NUMBER)
    await sign_in(page, url, email)
    return Looker(page, cameras, rng)
