"""A walk through all pages leaves the console empty: no error, no refused request, nothing against our policy."""

from playwright.async_api import Browser

from tests.browser import home_page, moving, new_page, sign_in, watch
from tests.home import Household

TELL = "document.addEventListener('securitypolicyviolation', (event) => console.error(event.violatedDirective))"


async def test_nothing_complains_from_the_first_page_to_the_last(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    page = await new_page(browser)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    await page.add_init_script(TELL)
    url = home.server.url
    await sign_in(page, url)
    await watch(page, "Garden")
    await moving(page)
    await page.goto(f"{url}/#/camera/{camera.id}/settings")
    await page.get_by_role("button", name="Save name").wait_for()
    await page.reload()
    await page.get_by_role("button", name="Save name").wait_for()
    await page.goto(f"{url}/#/add")
    await page.get_by_role("heading", name="Which camera is it?").wait_for()
    await page.goto(f"{url}/lite.html")
    await page.get_by_role("button", name="Watch").click()
    await moving(page)
    await page.goto(f"{url}/")
    await home_page(page)
    await page.goto(f"{url}/#/account")
    await page.get_by_role("button", name="Sign out", exact=True).last.click()
    await page.get_by_role("heading", name="Sign in").wait_for()
    await page.reload()
    await page.get_by_role("heading", name="Sign in").wait_for()
    assert said == []
