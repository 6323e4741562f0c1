"""A guest whose account is made by a signed link, while the server does not take his signed yes at first."""

import re

from playwright.async_api import Browser

from tests.browser import moving, new_page, sign_in
from tests.home import Household
from tests.journeys.signed import add_protected, open_settings, signed_link

GUEST, GUEST_PASSWORD = "guest@example.org", "a sentence nobody guesses"


async def test_a_signed_yes_that_fails_says_so_and_can_be_said_again(home: Household, browser: Browser) -> None:
    owner, guest = await new_page(browser), await new_page(browser)
    await sign_in(owner, home.server.url)
    camera = await add_protected(owner, home, "Garden")
    await open_settings(owner, home, camera)
    link = await signed_link(owner)
    await guest.route("**/acceptance", lambda route: route.abort())
    await guest.goto(link)
    await guest.get_by_role("button", name="Create an account").click()
    await guest.get_by_label("E-mail").fill(GUEST)
    await guest.get_by_role("textbox", name="Password").fill(GUEST_PASSWORD)
    await guest.get_by_role("button", name="Create account").click()
    await guest.get_by_role("alert").get_by_text("The server does not answer").wait_for()
    await guest.unroute_all()
    await guest.get_by_role("button", name="Try again").click()
    await guest.wait_for_url(re.compile(r"#/camera/[^/]+$"))
    await moving(guest)
