"""Whoever takes the browser next finds nothing: neither what it kept while somebody was signed in nor what it said."""

import pytest
from playwright.async_api import Browser, Page

from tests.browser import home_page, new_page, sign_in, watch
from tests.browser import moving as sees_it_move
from tests.home import Household
from tests.servers import EMAIL

KEPT = "() => Object.keys({...localStorage, ...sessionStorage})"
PASTES = "(box) => box.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true }))"
SHOWN = "() => document.documentElement.outerHTML"


async def with_a_picture_kept(home: Household, browser: Browser) -> Page:
    """The list of cameras, with the last picture of one."""
    home.add_camera("Garden")
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await watch(page, "Garden")
    await sees_it_move(page)
    await page.goto(f"{home.server.url}/#/")
    await home_page(page)
    await page.wait_for_function("() => Object.keys(localStorage).some((key) => key.startsWith('belvedere.still.'))")
    return page


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
async def test_nothing_is_left_in_the_browser(home: Household, browser: Browser, elsewhere: bool) -> None:
    page = await with_a_picture_kept(home, browser)
    await page.goto(f"{home.server.url}/#/account")
    await page.get_by_text(EMAIL).first.wait_for()
    if elsewhere:
        home.call("DELETE", "/api/sessions", expect=204)
    else:
        await page.get_by_role("button", name="Sign out", exact=True).first.click()
    await page.get_by_role("heading", name="Sign in").wait_for()
    assert await page.evaluate(KEPT) == []
    cookies = {cookie.get("name") for cookie in await page.context.cookies()}
    assert elsewhere or cookies == {"belvedere_device"}, "a login that ended elsewhere leaves a cookie without worth"
    shown = await page.evaluate(SHOWN)
    assert EMAIL not in shown and "Garden" not in shown


async def test_passwords_are_masked_and_may_come_from_a_manager(home: Household, browser: Browser) -> None:
    """Pasted, long, shown on request only; what a manager goes by is said."""
    link = home.call("POST", "/api/invitations", expect=201)["link"]
    page = await new_page(browser)
    long = "violet tractor " * 10
    for address, purpose in ((home.server.url, "current-password"), (link, "new-password")):
        await page.goto(address)
        box = page.locator("input[name=password]")
        await box.wait_for()
        assert await box.get_attribute("type") == "password"
        assert await box.get_attribute("autocomplete") == purpose
        assert await page.get_by_label("E-mail").get_attribute("autocomplete") == "username"
        assert await box.evaluate(PASTES), "nothing forbids to paste"
        await box.focus()
        await page.keyboard.insert_text(long)
        assert await box.input_value() == long
        await page.get_by_role("button", name="Show password").click()
        assert await box.get_attribute("type") == "text"
