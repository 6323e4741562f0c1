"""A page that is used before its last resource has come still finishes loading: nothing of ours holds it back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, Route

from tests.browser import home_page, moving, new_page, sign_in
from tests.home import Household

LATE = """
addEventListener('DOMContentLoaded', () => document.body.append(Object.assign(new Image(), { src: '/late.svg' })))
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'
Seen = Callable[[Page], Awaitable[object]]


async def open_while_loading(page: Page, address: str, seen: Seen) -> None:
    """Opens `address` and holds its last image back until `seen`; ends with `load`, or fails in time."""
    shown = asyncio.Event()

    async def answer_late(route: Route) -> None:
        await shown.wait()
        await route.fulfill(content_type="image/svg+xml", body=SVG)

    await page.add_init_script(LATE)
    await page.route("**/late.svg", answer_late)
    await page.goto("about:blank")
    await page.goto(address, wait_until="commit")
    await seen(page)
    assert await page.evaluate("document.readyState") == "interactive"
    shown.set()
    await page.wait_for_load_state("load")


@pytest.mark.parametrize("seen", [home_page, moving])
async def test_what_is_shown_early_does_not_hold_the_page(home: Household, browser: Browser, seen: Seen) -> None:
    camera = home.add_camera("Garden")
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    place = f"#/camera/{camera.id}" if seen is moving else "#/"
    await open_while_loading(page, f"{home.server.url}/{place}", seen)
