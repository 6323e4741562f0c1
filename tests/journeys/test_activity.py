"""The owner reads the audit log in plain words: the whole of it, page by page, or what concerns one camera."""

import sqlite3

from playwright.async_api import Browser

from tests.browser import new_page, sign_in
from tests.home import Household

DEEDS = 60
"""More than one page of the log."""


async def test_the_log_is_read_back_to_its_beginning(home: Household, browser: Browser) -> None:
    camera, _ = home.pending("Garden")
    for number in range(DEEDS):
        home.call("PATCH", f"/api/cameras/{camera}", {"direct_viewers": number})
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await page.goto(f"{home.server.url}/#/account")
    await page.get_by_role("link", name="Show activity").click()
    entries = page.get_by_role("listitem")
    await entries.first.get_by_text("You signed in with Chrome, Linux.").wait_for()
    await page.get_by_role("button", name="Show older").click()
    await entries.last.get_by_text("This account was made.").wait_for()
    assert await entries.count() == DEEDS + 4  # the account, two sign-ins, the camera
    assert not await page.get_by_role("button", name="Show older").count()


async def test_a_camera_tells_of_itself_alone(home: Household, browser: Browser) -> None:
    camera, _ = home.pending("Garden")
    home.call("PATCH", f"/api/cameras/{camera}", {"name": "Yard"})
    home.pending("Door")
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await page.goto(f"{home.server.url}/#/camera/{camera}/settings")
    await page.get_by_role("link", name="Show activity").click()
    await page.get_by_text("You gave a camera the name “Yard”.").wait_for()
    assert await page.get_by_role("listitem").count() == 2


async def test_an_entry_whose_words_were_taken_away_is_still_seen(home: Household, browser: Browser) -> None:
    home.pending("Garden")
    with sqlite3.connect(home.server.data_dir / "belvedere.sqlite3") as database:
        database.execute("UPDATE audit SET body = NULL, salt = NULL WHERE deed = 'camera_added'")
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await page.goto(f"{home.server.url}/#/account")
    await page.get_by_role("link", name="Show activity").click()
    await page.get_by_text("Camera added: somebody erased from the database").wait_for()
