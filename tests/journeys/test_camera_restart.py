"""The camera loses power. The viewer says so, and the picture is back without a click when the power is."""

from playwright.async_api import Browser

from tests.browser import moving, open_watching
from tests.home import Household


async def test_the_picture_comes_back_after_a_power_cut(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    page = await open_watching(browser, home.server.url)
    camera.kill()
    home.wait_online(camera, online=False)
    await page.get_by_text("The camera is offline", exact=False).first.wait_for()
    camera.start()
    seen = await moving(page, seconds=40)
    assert min(age for _, age, _ in seen) < 2000
    assert page.url.endswith(f"#/camera/{camera.id}"), "nobody clicked anything"


async def test_a_camera_that_restarts_within_a_moment(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    page = await open_watching(browser, home.server.url)
    camera.kill()
    camera.start()
    seen = await moving(page, seconds=40)
    assert min(age for _, age, _ in seen) < 2000, "the picture is of the new process, not a frozen one"
