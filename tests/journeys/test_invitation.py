"""An invitation link says what has become of it, before anybody fills in a form."""

from playwright.async_api import Browser

from tests.browser import home_page, new_page, sign_in
from tests.home import Household
from tests.servers import EMAIL

GUEST, GUEST_PASSWORD = "guest@example.org", "a sentence nobody guesses"


async def test_a_used_link_is_named_at_once(home: Household, browser: Browser) -> None:
    link = home.call("POST", "/api/invitations", expect=201)["link"]
    page = await new_page(browser)
    await page.goto(link)
    await page.get_by_role("heading", name="Create your account").wait_for()
    body = {"email": GUEST, "password": GUEST_PASSWORD, "invitation": link.rpartition("/")[2]}
    assert home.server.call("POST", "/api/accounts", body)[0] == 201
    for bad in (link, link + "x", f"{home.server.url}/#/register/short"):
        other = await new_page(browser)
        await other.goto(bad)
        await other.get_by_role("heading", name="This invitation no longer works").wait_for()
        assert not await other.get_by_label("E-mail").count()


async def test_a_link_opened_while_signed_in_waits_for_a_sign_out(home: Household, browser: Browser) -> None:
    link = home.call("POST", "/api/invitations", expect=201)["link"]
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await page.goto(link)
    await page.get_by_role("heading", name="You are signed in already").wait_for()
    assert await page.get_by_text(EMAIL).is_visible()
    await page.get_by_role("button", name="Sign out and use it").click()
    await page.get_by_label("E-mail").fill(GUEST)
    await page.get_by_role("textbox", name="Password").fill(GUEST_PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await home_page(page)
    assert page.url.endswith("#/")
