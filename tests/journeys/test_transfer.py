"""A camera goes to somebody else: the old owner's picture ends at once, the new one is asked whose it is."""

from playwright.async_api import Browser, Page

from tests.browser import home_page, moving, new_page, open_watching, sign_in
from tests.home import Household

TAKER, TAKER_PASSWORD = "taker@example.org", "a sentence nobody guesses"
GONE_MS = 3000
"""One second is promised to the media; the page on the old owner's screen takes a moment to say so."""


async def link_of(page: Page) -> str:
    await page.get_by_role("button", name="Make a link").click()
    return await page.get_by_label("Transfer link").input_value()


def invite_taker(home: Household) -> None:
    invitation = home.call("POST", "/api/invitations", expect=201)["link"].rpartition("/")[2]
    body = {"email": TAKER, "password": TAKER_PASSWORD, "invitation": invitation}
    assert home.server.call("POST", "/api/accounts", body)[0] == 201


async def opened_by_taker(browser: Browser, link: str) -> Page:
    taker = await new_page(browser)
    await taker.goto(link)
    await taker.get_by_label("E-mail").fill(TAKER)
    await taker.get_by_role("textbox", name="Password").fill(TAKER_PASSWORD)
    await taker.get_by_role("button", name="Sign in", exact=True).click()
    await taker.get_by_role("heading", name="Take this camera over?").wait_for()
    return taker


async def test_transfer(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    invite_taker(home)
    watching = await open_watching(browser, home.server.url)
    owner = await new_page(browser)
    await sign_in(owner, home.server.url)
    await owner.goto(f"{home.server.url}/#/camera/{camera.id}/settings")
    link = await link_of(owner)
    taker = await opened_by_taker(browser, link)
    await taker.get_by_text("It stays paired").wait_for()
    await taker.get_by_role("button", name="Take it over").click()
    await watching.get_by_role("heading", name="There is nothing here").wait_for(timeout=GONE_MS)
    await taker.get_by_role("heading", name="Is this your camera?").wait_for()
    await moving(taker)
    await taker.get_by_role("button", name="Yes, this is mine").click()
    await home_page(taker)
    await owner.get_by_role("heading", name="There is nothing here").wait_for()
    await owner.goto(link)
    await owner.get_by_role("heading", name="This link no longer works").wait_for()


async def test_both_read_that_a_camera_with_a_token_is_paired_anew(home: Household, browser: Browser) -> None:
    camera, _ = home.pending("Hall")
    home.call("POST", f"/api/cameras/{camera}/token", expect=201)
    invite_taker(home)
    owner = await new_page(browser)
    await sign_in(owner, home.server.url)
    await owner.goto(f"{home.server.url}/#/camera/{camera}/settings")
    await owner.get_by_text("it has to be paired anew").wait_for()
    taker = await opened_by_taker(browser, await link_of(owner))
    await taker.get_by_text("you have to pair it anew").wait_for()
    await taker.get_by_role("button", name="Take it over").click()
    await taker.get_by_role("link", name="Hall, Not paired").wait_for()
