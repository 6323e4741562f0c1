"""A camera that was removed waits before its lens for its owner: his code brings it back, nobody else's takes it."""

import asyncio

from playwright.async_api import Browser, Page

from camera_peer import state
from tests.browser import home_page, moving, new_page, sign_in
from tests.home import CameraProcess, Household, wait_until
from tests.journeys.lens import code_on_screen, fill_wizard, hold_up, unpaired
from tests.journeys.test_pairing_proven import CHECKED
from tests.journeys.test_transfer import TAKER, TAKER_PASSWORD, invite_taker
from tests.journeys.test_wrong_qr import right_code


async def forgotten(home: Household, camera: CameraProcess) -> None:
    """Removed from the account, until the camera has given its pairing up."""
    [known] = home.call("GET", "/api/cameras")["cameras"]
    home.call("DELETE", f"/api/cameras/{known['id']}", expect=204)
    await asyncio.to_thread(wait_until, lambda: state.load(camera.folder / "data").pairing is None, "it has given up")


async def refuses(camera: CameraProcess, code: bytes) -> None:
    said = camera.output.count("other_owner")
    hold_up(camera, code)
    await asyncio.to_thread(wait_until, lambda: camera.output.count("other_owner") > said, "it says whose it is")


async def paired(camera: CameraProcess, page: Page, name: str) -> None:
    """By the wizard, through the lens."""
    await fill_wizard(page, name)
    hold_up(camera, await code_on_screen(page))
    await page.get_by_text(CHECKED).wait_for()
    await moving(page)
    await page.get_by_role("button", name="Yes, this is mine").click()
    await home_page(page)


async def test_a_removed_camera_is_its_owners_until_it_is_reset(home: Household, browser: Browser) -> None:
    camera, owner, taker = unpaired(home), await new_page(browser), await new_page(browser)
    await sign_in(owner, home.server.url)
    await paired(camera, owner, "Nursery")
    await forgotten(home, camera)
    _, unproven = right_code(home)
    await refuses(camera, unproven)
    invite_taker(home)
    await sign_in(taker, home.server.url, TAKER, TAKER_PASSWORD)
    await fill_wizard(taker, "Mine now")
    await refuses(camera, await code_on_screen(taker))
    assert "Reset it at the camera to pair it anew" in camera.output
    assert not await taker.locator("video").count()
    await owner.reload()
    await paired(camera, owner, "Nursery again")
    await owner.get_by_text("Nursery again").first.wait_for()
