"""The page that shows the API: readable on a phone, nothing of its source left in it."""

import pytest
from playwright.async_api import Browser

from tests.browser import DESKTOP, PHONE, new_page
from tests.home import Household

TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_api_page_reads_well(home: Household, browser: Browser, viewport: dict[str, int]) -> None:
    page = await new_page(browser, viewport)
    await page.goto(f"{home.server.url}/api/docs")
    await page.get_by_role("heading", name="problems").wait_for()
    assert await page.evaluate(TOO_WIDE) == 0
    await page.evaluate("document.querySelectorAll('details').forEach((row) => (row.open = true))")
    assert await page.evaluate(TOO_WIDE) == 0
    assert "`" not in await page.inner_text("body")
    headings = await page.eval_on_selector_all("h2", "all => all.map((heading) => heading.textContent)")
    assert headings == ["server", "account", "cameras", "device", "types", "problems"]
