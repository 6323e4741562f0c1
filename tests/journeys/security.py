"""What a person does in the section "Sign-in security"; the page is at a server with a name."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyotp
from playwright.async_api import Page

from tests.home import Household, household
from tests.servers import EMAIL, PASSWORD


@contextmanager
def named_household(folder: Path, **settings: str) -> Iterator[tuple[Household, str]]:
    """A household whose server is called localhost, because passkeys need a name; and its address."""
    with household(folder, public_url="http://localhost:{port}", **settings) as home:
        yield home, f"http://localhost:{home.server.port}"


async def open_security(page: Page, url: str) -> None:
    await page.goto(f"{url}/#/account")
    await page.get_by_role("heading", name="Authenticator app").wait_for()


async def prove(page: Page, code: str = "") -> None:
    """By the password, and a code where a second factor is on, in the dialog that asks; while that is open, nothing
    else takes any text."""
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Your password").fill(PASSWORD)
    if code:
        await dialog.get_by_role("textbox", name="recovery code").fill(code)
    await dialog.get_by_role("button", name="Continue").click()
    await dialog.wait_for(state="hidden")


async def prove_by_passkey(page: Page) -> None:
    await page.get_by_role("dialog").get_by_role("button", name="Use a passkey").click()
    await page.get_by_role("dialog").wait_for(state="hidden")


async def begin_app(page: Page) -> pyotp.TOTP:
    """As far as the code to scan; what the app has then."""
    await page.get_by_role("button", name="Set up an app").click()
    await prove(page)
    await page.get_by_role("img", name="QR code for the authenticator app").wait_for()
    return pyotp.TOTP((await page.locator(".key code").inner_text()).replace(" ", ""))


async def turn_app_on(page: Page, app: pyotp.TOTP) -> list[str]:
    """The recovery codes that are shown. The code of the step before is used, so that the next one is still good."""
    await page.get_by_label("Code that the app shows").fill(app.at(time.time() - app.interval))
    await page.get_by_role("button", name="Turn on").click()
    return await kept_codes(page)


async def add_passkey(page: Page, name: str, code: str = "") -> None:
    await page.get_by_label("Name of the new passkey").fill(name)
    await page.get_by_role("button", name="Add a passkey").click()
    await prove(page, code)
    await page.get_by_role("button", name=f"Remove the passkey {name}").wait_for()


async def kept_codes(page: Page) -> list[str]:
    await page.get_by_role("heading", name="Keep these recovery codes").wait_for()
    codes = await page.locator(".codes code").all_inner_texts()
    await page.get_by_role("button", name="I have kept them").click()
    return codes


async def sign_out(page: Page) -> None:
    await page.get_by_role("button", name="Sign out", exact=True).first.click()
    await page.get_by_role("heading", name="Sign in").wait_for()


async def give_password(page: Page) -> None:
    """The first step."""
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_role("textbox", name="Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def second_step(page: Page) -> None:
    await give_password(page)
    await page.get_by_role("heading", name="One more step").wait_for()
