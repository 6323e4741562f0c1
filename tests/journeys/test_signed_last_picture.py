"""What a server has shown by its word alone does not stay when its word is no longer enough."""

from playwright.async_api import Browser, Page, expect

from tests.browser import home_page, moving, new_page, sign_in, watch
from tests.home import Household
from tests.protected_home import own

STRANGER = "The camera does not know this browser."
STILL = "() => Object.keys(localStorage).some((key) => key.startsWith('belvedere.still.'))"


async def heard(page: Page) -> None:
    """The page asks the server what is new, as after a lost network."""
    await page.evaluate("window.dispatchEvent(new Event('online'))")


async def test_signed_rings_end_what_was_shown_by_the_servers_word(home: Household, browser: Browser) -> None:
    home.add_camera("Porch")
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await watch(page, "Porch")
    await moving(page)
    await page.wait_for_function(STILL)
    list_page = await page.context.new_page()
    await list_page.goto(f"{home.server.url}/#/")
    await list_page.locator(".tile canvas").wait_for()
    own(home)
    await heard(page)
    await page.get_by_text(STRANGER).wait_for()
    await expect(page.locator("belvedere-watch belvedere-camera canvas")).to_be_hidden()
    await heard(list_page)
    await list_page.get_by_text("Your cameras do not know this browser yet").wait_for()
    await expect(list_page.locator(".tile canvas")).to_have_count(0)
    await list_page.reload()
    await home_page(list_page)
    await list_page.wait_for_function(f"!({STILL})()")
