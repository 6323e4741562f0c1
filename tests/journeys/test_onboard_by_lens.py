"""A newcomer opens the first-start link, adds a camera, holds the code up to its lens, and sees the first picture."""

import sqlite3
from pathlib import Path

from playwright.async_api import Browser, Page

from tests.browser import home_page, moving, new_page, sign_in
from tests.home import Household
from tests.journeys.lens import WIFI_PASSWORD, code_on_screen, fill_wizard, hold_up, unpaired
from tests.servers import belvedere


async def confirm_first_picture(page: Page) -> None:
    await page.get_by_role("heading", name="Is this your camera?").wait_for()
    await moving(page)
    await page.get_by_role("button", name="Yes, this is mine").click()
    await home_page(page)


async def test_from_the_first_start_link_to_the_first_account(tmp_path: Path, browser: Browser) -> None:
    with belvedere(tmp_path / "server", bcrypt_cost="4", metrics_port="0") as server:
        page = await new_page(browser)
        await page.goto(f"{server.url}/#/register/{server.invitation}")
        await page.get_by_label("E-mail").fill("newcomer@example.org")
        await page.get_by_role("textbox", name="Password").fill("a sentence nobody guesses")
        await page.get_by_role("button", name="Create account").click()
        await page.get_by_text("Add your first camera").wait_for()


async def test_onboard_by_lens(home: Household, browser: Browser) -> None:
    camera = unpaired(home)
    page = await new_page(browser)
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.url + (request.post_data or "")))
    await sign_in(page, home.server.url)
    await fill_wizard(page, "Nursery")
    hold_up(camera, await code_on_screen(page))
    await confirm_first_picture(page)
    await page.get_by_text("Nursery").first.wait_for()
    await page.get_by_text("Picture from just now").wait_for()
    assert not [body for body in bodies if WIFI_PASSWORD in body], "the Wi-Fi password left the page"


async def test_the_wifi_password_is_nowhere_afterwards(home: Household, browser: Browser) -> None:
    camera = unpaired(home)
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await fill_wizard(page, "Nursery")
    hold_up(camera, await code_on_screen(page))
    await confirm_first_picture(page)
    sqlite3.connect(home.server.data_dir / "belvedere.sqlite3").execute("pragma wal_checkpoint(truncate)")
    kept = [path for path in home.folder.rglob("*") if path.is_file() and path.suffix != ".png"]
    assert len(kept) >= 4
    assert not [path for path in kept if WIFI_PASSWORD.encode() in path.read_bytes()]
    left = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert WIFI_PASSWORD not in left


async def test_no_it_is_not_mine(home: Household, browser: Browser) -> None:
    camera = unpaired(home)
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await fill_wizard(page, "Nursery")
    hold_up(camera, await code_on_screen(page))
    await page.get_by_role("heading", name="Is this your camera?").wait_for()
    await page.get_by_role("button", name="No", exact=True).click()
    await page.get_by_text("Its key no longer works").wait_for()
    state = home.call("GET", "/api/cameras")["cameras"][0]
    assert state["state"] == "unpaired" and not state["online"]
