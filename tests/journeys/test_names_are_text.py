"""What somebody writes is shown as it was written: a name is never taken for markup."""

from playwright.async_api import Browser

from tests.browser import home_page, new_page, sign_in
from tests.home import Household

NAME = '<img src=x onerror="document.title = 1"><b>Yard</b>'


async def test_a_name_is_never_markup(home: Household, browser: Browser) -> None:
    camera, _ = home.pending("Garden")
    home.call("PATCH", f"/api/cameras/{camera}", {"name": NAME})
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    for place in ("#/", f"#/camera/{camera}/settings", "#/account/activity"):
        await page.goto(f"{home.server.url}/{place}")
        await page.get_by_text(NAME).or_(page.get_by_label("Name", exact=True)).first.wait_for()
        assert not await page.locator("b:text('Yard')").count() and not await page.locator("img[src='x']").count()
    await page.goto(f"{home.server.url}/#/")
    await home_page(page)
    assert await page.title() != "1"
