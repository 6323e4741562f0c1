"""Whoever signs out sees the sign-in page and nothing else, also where the socket's end arrives before the answer."""

import asyncio
import contextlib

from playwright.async_api import Browser, Error, Route

from tests.browser import new_page, sign_in
from tests.home import Household


async def test_signing_out_over_a_slow_line_is_no_surprise(home: Household, browser: Browser) -> None:
    page = await new_page(browser)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    closed, answered = asyncio.Event(), asyncio.Event()
    page.on("websocket", lambda socket: socket.on("close", lambda _: closed.set()))

    async def answer_late(route: Route) -> None:
        if route.request.method == "DELETE":
            answer = await route.fetch()
            await closed.wait()
            with contextlib.suppress(Error):  # what a page that takes this for news would ask now
                async with page.expect_request("**/api/me", timeout=500):
                    pass
            await route.fulfill(response=answer)
            answered.set()
        else:
            await route.fallback()

    await sign_in(page, home.server.url)
    await page.route("**/api/sessions/current", answer_late)
    await page.goto(f"{home.server.url}/#/account")
    await page.get_by_role("button", name="Sign out", exact=True).last.click()
    await page.get_by_role("heading", name="Sign in").wait_for()
    async with asyncio.timeout(20):  # the page may have heard by its event stream, ahead of both
        await answered.wait()
    assert await page.get_by_role("alert").all_inner_texts() in ([], [""])
    assert said == []
