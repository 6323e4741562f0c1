"""A camera without a lens, on the network already, is given the code's text; its tile then invites to watch."""

from playwright.async_api import Browser

from tests.browser import new_page, sign_in
from tests.home import SMALL_SOURCE, Household

OPACITY = "() => getComputedStyle(document.querySelector('.tile .plain')).opacity"


async def test_a_wired_camera_is_paired_by_its_text(home: Household, browser: Browser) -> None:
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await page.get_by_role("link", name="Add").first.click()
    await page.get_by_text("Belvedere without a lens").click()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_text("It is on the network already").click()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Name").fill("Cellar")
    await page.get_by_role("button", name="Continue").click()
    text = await page.get_by_label("QR code for the camera").input_value()
    assert '"p":""' in text
    assert await page.get_by_text("Paste it nowhere else").is_visible()
    assert not await page.get_by_text("password").count(), "there is none in it"
    camera = home.new_camera("--source", SMALL_SOURCE, "--wifi", "already-online")
    paired = camera.pair(text)
    assert paired.returncode == 0, paired.stdout + paired.stderr
    camera.start()
    await page.get_by_role("heading", name="Is this your camera?").wait_for()


async def test_the_play_button_covers_nothing(home: Household, browser: Browser) -> None:
    home.add_camera("Garden")
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await page.mouse.move(0, 0)
    await page.get_by_text("Not watched here yet").wait_for()
    assert await page.evaluate(OPACITY) == "1"
    await page.get_by_role("link", name="Watch Garden").hover()
    assert await page.evaluate(OPACITY) == "0"
