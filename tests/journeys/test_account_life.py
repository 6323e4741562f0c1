"""The life of an account: a forgotten password comes back by mail, and whatever ends it ends the picture too."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.browser import home_page, new_page, open_watching, sign_in
from tests.home import CameraProcess, Household, household
from tests.journeys.relay_viewer import signed_in
from tests.journeys.stubborn import Stubborn, within_the_promise
from tests.journeys.test_sharing import until_still
from tests.servers import EMAIL, PASSWORD
from tests.smtp import mailbox, next_letter

NEW = "another horse battery"
Place = tuple[Household, CameraProcess]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A household with a camera that it watches, and a relay."""
    with household(tmp_path) as home:
        yield home, home.add_camera("Garden")


async def choose(page: Page, password: str) -> None:
    await page.get_by_role("textbox", name="New password").fill(password)
    await page.get_by_role("button", name="Set password").click()


async def test_a_forgotten_password_comes_back_by_mail(tmp_path: Path, browser: Browser) -> None:
    with ExitStack() as opened:
        box = opened.enter_context(mailbox())
        home = opened.enter_context(household(tmp_path, smtp_url=box.url, mail_from="belvedere@example.org"))
        other = await new_page(browser)
        await sign_in(other, home.server.url)
        page = await new_page(browser)
        await page.goto(home.server.url)
        await page.get_by_role("link", name="Forgot your password?").click()
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.get_by_role("button", name="Send the link").click()
        await page.get_by_role("heading", name="Look at your mail").wait_for()
        await next_letter(box)
        await page.goto(box.link)
        await choose(page, "12345678")
        await page.get_by_role("alert").get_by_text("too easy to guess").wait_for()
        await choose(page, NEW)
        await page.get_by_text("Your password is set").wait_for()
        await other.get_by_role("heading", name="Sign in").wait_for()
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.get_by_role("textbox", name="Password").fill(NEW)
        await page.get_by_role("button", name="Sign in").click()
        await home_page(page)
        await page.goto(box.link)
        await page.get_by_role("heading", name="This link no longer works").wait_for()


async def test_without_mail_the_page_says_whom_to_ask(home: Household, browser: Browser) -> None:
    page = await new_page(browser)
    await page.goto(home.server.url)
    await page.get_by_role("link", name="Forgot your password?").click()
    await page.get_by_text("belvedere reset-link").wait_for()
    assert not await page.get_by_label("E-mail").count()


async def test_a_deleted_account_sees_nothing_more(place: Place, browser: Browser) -> None:
    home, _ = place
    watching = await open_watching(browser, home.server.url)
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await page.goto(f"{home.server.url}/#/account")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download my data").click()
    assert EMAIL in Path(await (await download.value).path()).read_text()
    await page.get_by_role("button", name="Delete account …").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("and with it your camera").wait_for()
    for password, said in (("not this one", "The password is not right."), (PASSWORD, "Your account was deleted.")):
        await dialog.get_by_role("textbox", name="Your password").fill(password)
        await dialog.get_by_role("button", name="Delete account").click()
        await page.get_by_text(said).wait_for()
    await until_still(watching)
    await watching.get_by_role("heading", name="Sign in").wait_for()
    assert home.server.call("POST", "/api/sessions", {"email": EMAIL, "password": PASSWORD})[0] == 401


def end_by(home: Household, action: str, viewer: str) -> None:
    """One of the ways in which an account's other sessions end. `viewer`: the session that shall."""
    if action == "session":
        home.call("DELETE", f"/api/sessions/{viewer}", expect=204)
    elif action == "password":
        home.call("PUT", "/api/me/password", {"current_password": PASSWORD, "new_password": NEW}, 204)
    else:
        home.call("DELETE", "/api/me", {"password": PASSWORD}, 204)


@pytest.mark.parametrize(
    ("action", "via"),
    [("session", "direct"), ("password", "relay"), ("delete", "direct"), ("delete", "relay")],
)
async def test_a_viewer_that_will_not_stop_gets_nothing_more(
    tmp_path: Path, stack: AsyncExitStack, action: str, via: str
) -> None:
    """Counted in packets: no page that hides the picture, but an end that no longer sends."""

    async def ended(number: int) -> float:
        home = stack.enter_context(household(tmp_path / str(number)))
        camera = home.add_camera("Garden")
        token = home.server.sign_in()
        sessions = home.server.call("GET", "/api/sessions", None, token)[1]["sessions"]
        (session,) = [session["id"] for session in sessions if session["current"]]
        peer = await stack.enter_async_context(signed_in(home.server.url, token))
        viewer = Stubborn()
        stack.push_async_callback(viewer.close)
        await viewer.begin(peer, camera.id, via)
        began = time.monotonic()
        await asyncio.to_thread(end_by, home, action, session)
        return await viewer.silent_after(began)

    print(f"{action}, {via}: the last packet came {await within_the_promise(ended):.2f} s after the request")
