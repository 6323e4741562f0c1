"""The page that shows the client API believes a server no more than the app does."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page

from tests.browser import moving
from tests.home import household
from tests.journeys.test_signed_sessions import Place
from tests.journeys.watching import introduce, let_in, no_picture, privacy
from tests.protected_home import add_protected, own

STRANGER = "The camera does not know this browser."


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with household(tmp_path_factory.mktemp("lite")) as home:
        phone = own(home)
        made = Place(home, phone, add_protected(home, phone, "Garden"))
        introduce(home, phone, made.garden)
        home.add_camera("Porch")
        yield made


async def choose(page: Page, name: str) -> None:
    await page.get_by_label("Camera", exact=True).select_option(label=name)
    await page.get_by_role("button", name="Watch").click()


async def test_signed_pictures_alone_come_to_the_page_that_shows_the_api(place: Place, browser: Browser) -> None:
    page = await let_in(browser, place.home.server.url, place.phone)
    await page.goto(f"{place.home.server.url}/lite.html")
    await choose(page, "Garden")
    await moving(page)
    assert await privacy(page) == "signed"
    await choose(page, "Porch")
    await page.get_by_text(STRANGER).wait_for()
    assert await no_picture(page)
