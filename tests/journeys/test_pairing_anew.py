"""A camera that was reset is paired again on one device: the others of its owner learn its new key by themselves."""

import asyncio

from playwright.async_api import Browser, Page

from tests.browser import moving, privacy
from tests.home import Household, wait_until
from tests.journeys.test_pairing_proven import CHECKED, deeds, let_in, pair, paired_page

UNTRUSTED = "Somebody may stand between"


async def new_code(page: Page, home: Household, camera: str) -> str:
    """By the page that pairs a camera again."""
    await page.goto(f"{home.server.url}/#/camera/{camera}/pair")
    await page.get_by_text("It is on the network already").click()
    await page.get_by_role("button", name="Continue").click()
    return await page.get_by_label("QR code for the camera").input_value()


async def test_pairing_anew_on_one_device_is_no_alarm_on_another(home: Household, browser: Browser) -> None:
    first = await paired_page(home, browser)
    second = await let_in(home, browser, first)
    await second.route("**/api/events", lambda route: route.abort())  # it is told of nothing
    [paired] = home.call("GET", "/api/cameras")["cameras"]
    await second.goto(f"{home.server.url}/#/camera/{paired['id']}")
    await second.reload()
    await moving(second)
    [before] = home.cameras
    await asyncio.to_thread(before.stop)  # and what follows has another key, as after a reset
    text = await new_code(first, home, paired["id"])
    await asyncio.to_thread(pair, home, text)
    await first.get_by_text(CHECKED).wait_for()
    await moving(second)
    assert await privacy(second) == "signed"
    assert not await second.get_by_text(UNTRUSTED).count()
    await asyncio.to_thread(wait_until, lambda: home.camera(paired["id"])["online"], "it is online")
    assert "session_mismatch" not in deeds(home)
