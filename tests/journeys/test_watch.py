"""A person signs in, clicks a camera and sees it move, straight from the camera. Two at once see the same."""

import asyncio

from playwright.async_api import Browser

from tests.browser import PHONE, is_moving, moving, new_page, open_watching, sign_in, stamps, watch
from tests.home import Household


async def test_click_a_camera_and_see_it_move(home: Household, browser: Browser) -> None:
    home.add_camera("Garden")
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await watch(page, "Garden")
    seen = await moving(page)
    assert min(age for _, age, _ in seen) < 2000, "the picture is live, not a recording"
    await page.get_by_role("button", name="Direct").wait_for()


async def test_two_viewers_at_once_see_the_same_camera(home: Household, browser: Browser) -> None:
    home.add_camera("Garden")
    pages = [await new_page(browser), await new_page(browser, PHONE)]
    for page in pages:
        await sign_in(page, home.server.url)
        await watch(page, "Garden")
    for page in pages:
        await moving(page)
    desktop, phone = await asyncio.gather(*(stamps(page, 2.0) for page in pages))
    assert is_moving(desktop) and is_moving(phone)
    assert {count for count, *_ in desktop} & {count for count, *_ in phone}, "both see the same pictures"


async def test_leaving_one_viewer_does_not_disturb_the_other(home: Household, browser: Browser) -> None:
    home.add_camera("Garden")
    stays, leaves = [await open_watching(browser, home.server.url) for _ in range(2)]
    await leaves.close()
    assert is_moving(await stamps(stays, 2.0))
