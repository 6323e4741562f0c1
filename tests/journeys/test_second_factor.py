"""More than a password, by clicking: an authenticator app, a passkey beside the password, and a passkey alone."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.authenticator import plug_in
from tests.browser import PHONE, home_page, new_page, sign_in
from tests.home import Household
from tests.journeys.security import (
    add_passkey,
    begin_app,
    give_password,
    kept_codes,
    named_household,
    open_security,
    prove,
    prove_by_passkey,
    second_step,
    sign_out,
    turn_app_on,
)
from tests.servers import EMAIL, PASSWORD

NEW = "another horse battery"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with named_household(tmp_path, relay="0") as (_, address):
        yield address


async def test_an_app_is_set_up_asked_for_and_turned_off(url: str, browser: Browser) -> None:
    page = await new_page(browser, PHONE)
    await sign_in(page, url)
    await open_security(page, url)
    app = await begin_app(page)
    await page.get_by_label("Code that the app shows").fill("000000")
    await page.get_by_role("button", name="Turn on").click()
    await page.get_by_role("alert").get_by_text("this code is not right").wait_for()
    codes = await turn_app_on(page, app)
    assert len(codes) == 10
    await sign_out(page)
    await second_step(page)
    await page.get_by_label("Code from your app").fill("not it")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("alert").wait_for()
    await page.get_by_label("Code from your app").fill(app.at(time.time() + app.interval))
    await page.keyboard.press("Enter")
    await home_page(page)
    await open_security(page, url)
    await page.get_by_role("button", name="Turn off").click()
    await page.get_by_label("Code from the app, or a recovery code").fill(codes[0].lower())
    await prove(page)
    await page.get_by_text("Your password alone opens this account.").wait_for()
    await sign_out(page)
    await give_password(page)
    await home_page(page)


async def test_a_passkey_is_registered_and_signs_in(url: str, browser: Browser) -> None:
    page = await new_page(browser)
    authenticator = await plug_in(page)
    await sign_in(page, url)
    await open_security(page, url)
    await add_passkey(page, "This computer")
    codes = await kept_codes(page)
    (held,) = await authenticator.passkeys()
    assert (held["rpId"], held["isResidentCredential"], held["userName"]) == ("localhost", True, EMAIL)
    await sign_out(page)
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await home_page(page)
    await open_security(page, url)
    await page.get_by_text("used").wait_for()
    await sign_out(page)
    await second_step(page)
    await page.get_by_role("button", name="Use a passkey").click()
    await home_page(page)
    await open_security(page, url)
    await authenticator.lose()
    await sign_out(page)
    await second_step(page)
    await page.get_by_role("button", name="Start over").click()
    await second_step(page)
    await page.get_by_label("Recovery code").fill(codes[0])
    await page.get_by_role("button", name="Sign in").click()
    await home_page(page)


async def test_passkeys_as_the_only_way_in(url: str, browser: Browser) -> None:
    page = await new_page(browser)
    authenticator = await plug_in(page)
    await sign_in(page, url)
    await open_security(page, url)
    await add_passkey(page, "This computer")
    codes = await kept_codes(page)
    await page.get_by_role("button", name="Let only passkeys in").click()
    await prove_by_passkey(page)
    await page.get_by_text("Only your passkeys open this account.").wait_for()
    await page.get_by_role("button", name="Remove the passkey").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("Use one of your passkeys or, if they are lost, a recovery code.").wait_for()
    assert not await page.get_by_role("textbox", name="Your password").count()
    await dialog.get_by_role("button", name="Use a passkey").click()
    await dialog.get_by_role("alert").get_by_text("lock yourself out").wait_for()
    await dialog.get_by_role("button", name="Cancel").click()
    await sign_out(page)
    await give_password(page)
    await page.get_by_text("E-mail and password do not match.").wait_for()
    await authenticator.lose()
    await page.get_by_role("button", name="I have lost my passkey").click()
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Recovery code").fill(codes[0])
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await home_page(page)
    await replace_lost_passkey(page, url, codes[1])
    await sign_out(page)
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await home_page(page)


async def replace_lost_passkey(page: Page, url: str, code: str) -> None:
    await open_security(page, url)
    await page.get_by_label("Name of the new passkey").fill("New computer")
    await page.get_by_role("button", name="Add a passkey").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Recovery code").fill(code)
    await dialog.get_by_role("button", name="Use the code").click()
    await page.get_by_role("button", name="Rename the passkey New computer").wait_for()
    await page.get_by_role("button", name="Remove the passkey This computer").click()
    await prove_by_passkey(page)
    await page.get_by_role("button", name="Remove the passkey This computer").wait_for(state="detached")


async def test_with_an_app_on_a_new_password_and_the_end_want_a_code(url: str, browser: Browser) -> None:
    page = await new_page(browser, PHONE)
    await sign_in(page, url)
    await open_security(page, url)
    app = await begin_app(page)
    codes = await turn_app_on(page, app)
    for password, said in (("12345678", "too easy to guess"), (NEW, "Password changed.")):
        await page.get_by_role("textbox", name="New password").fill(password)
        await page.get_by_role("button", name="Change password").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_text("Each code works once.").wait_for()
        await dialog.get_by_role("textbox", name="Your password").fill(PASSWORD)
        await dialog.get_by_role("textbox", name="recovery code").fill(codes[0])
        await dialog.get_by_role("button", name="Change password").click()
        await dialog.wait_for(state="hidden")
        await page.get_by_text(said).wait_for()
    await page.get_by_role("button", name="Delete account …").click()
    await dialog.get_by_role("textbox", name="Your password").fill(NEW)
    for code, said in ((codes[0], "was used before"), (app.now(), "Your account was deleted.")):
        await dialog.get_by_role("textbox", name="recovery code").fill(code)
        await dialog.get_by_role("button", name="Delete account").click()
        await page.get_by_text(said).wait_for()


async def test_with_passkeys_only_a_passkey_changes_the_password_and_ends_the_account(
    url: str, browser: Browser
) -> None:
    page = await new_page(browser)
    await plug_in(page)
    await sign_in(page, url)
    await open_security(page, url)
    await add_passkey(page, "This computer")
    await kept_codes(page)
    await page.get_by_role("button", name="Let only passkeys in").click()
    await prove_by_passkey(page)
    await page.get_by_text("Only your passkeys open this account.").wait_for()
    await page.get_by_role("textbox", name="New password").fill(NEW)
    await page.get_by_role("button", name="Change password").click()
    assert not await page.get_by_role("textbox", name="Your password").count()
    await prove_by_passkey(page)
    await page.get_by_text("Password changed.").wait_for()
    await page.get_by_role("button", name="Delete account …").click()
    await page.get_by_role("heading", name="Delete your account?").wait_for()
    await page.get_by_role("dialog").get_by_role("button", name="Use a passkey").click()
    await page.get_by_text("Your account was deleted.").wait_for()


async def test_a_page_at_an_address_says_why_it_has_no_passkeys(home: Household, browser: Browser) -> None:
    page = await new_page(browser)
    await plug_in(page)
    await page.goto(home.server.url)
    await page.get_by_role("heading", name="Sign in").wait_for()
    async with page.expect_response("**/api/setup"):
        await page.reload()
    await sign_in(page, home.server.url)
    await open_security(page, home.server.url)
    await page.get_by_text("this server has only an address").wait_for()
    assert not await page.get_by_role("button", name="Add a passkey").count()


async def test_a_page_elsewhere_says_where_passkeys_work(url: str, browser: Browser) -> None:
    page = await new_page(browser)
    elsewhere = url.replace("localhost", "127.0.0.1")
    await page.goto(elsewhere)
    await page.get_by_role("button", name="I have lost my passkey").wait_for()
    assert not await page.get_by_role("button", name="Sign in with a passkey").count()
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_role("textbox", name="Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await home_page(page)
    await open_security(page, elsewhere)
    assert await page.get_by_role("link", name=url).get_attribute("href") == url
