"""A camera that is gone leaves its last picture, dimmed, with the reason over it: it never looks live."""

from playwright.async_api import Browser, Page

from tests.browser import open_watching
from tests.home import Household

SCREEN = """() => {
  const root = document.querySelector('belvedere-camera').shadowRoot;
  const dimmed = (element) => element !== null && !element.hidden && getComputedStyle(element).filter !== 'none';
  return {
    video: dimmed(root.querySelector('video.shown')),
    kept: dimmed(root.querySelector('canvas')),
    live: document.querySelector('.standing.live') !== null,
  };
}"""
TRANSPORT_GONE_MS = 60_000
"""Chromium gives a silent path up after 15 to 30 s."""


async def screen(page: Page) -> dict[str, bool]:
    """What the picture is made of, and whether the page calls it live."""
    shown: dict[str, bool] = await page.evaluate(SCREEN)
    return shown


async def test_the_last_picture_stays_and_says_why(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    page = await open_watching(browser, home.server.url)
    camera.kill()
    await page.get_by_text("The camera is offline", exact=False).first.wait_for()
    assert await screen(page) == {"video": True, "kept": False, "live": False}
    # Nobody's still is in the store, as in a foreign page: what stays is the frame that was on screen.
    await page.evaluate("localStorage.clear()")
    gone = "() => !document.querySelector('belvedere-camera').shadowRoot.querySelector('video.shown')"
    await page.wait_for_function(gone, timeout=TRANSPORT_GONE_MS)
    assert await screen(page) == {"video": False, "kept": True, "live": False}
    assert await page.get_by_text("Last picture", exact=False).is_visible()
