"""Codes that cannot work: of something else, expired, replaced, of another or a dead server, with the wrong password.

Each is said, none ends the camera's search, and the right code works afterwards. The wizard shows no code that is
worth nothing any more.
"""

import contextlib
import io
import sqlite3
import time
from pathlib import Path

import pytest
import qrcode
from playwright.async_api import Browser, Locator, Page

from signaling.protocol import qr
from tests.browser import new_page, sign_in
from tests.home import CameraProcess, Household, household, wait_until
from tests.journeys.lens import SSID, WIFI_PASSWORD, code_on_screen, fill_wizard, hold_up, unpaired
from tests.servers import free_port


def drawn(text: str) -> bytes:
    image = io.BytesIO()
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_L, box_size=8)
    code.add_data(text)
    code.make_image().save(image, "PNG")
    return image.getvalue()


def right_code(home: Household) -> tuple[str, bytes]:
    camera_id, code = home.pending("Right", SSID)
    full = qr.OnboardingCode(code.server_url, code.token, SSID, WIFI_PASSWORD, pin=code.pin)
    return camera_id, drawn(qr.to_compact(full))


def comes_online(home: Household, camera: CameraProcess, camera_id: str) -> None:
    camera.id = camera_id
    home.wait_online(camera)


async def wizard(browser: Browser, home: Household, name: str = "Right") -> Page:
    """A page of the owner's that shows a new camera's code."""
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await fill_wizard(page, name)
    return page


async def still_waits(page: Page) -> None:
    """The code is on the screen, and nothing has come of it."""
    assert await code(page).is_visible()
    assert await page.get_by_text("Waiting for the camera").first.is_visible()


async def code_is_gone(page: Page, why: str) -> None:
    """Not a trace of the code, and one sentence."""
    await page.get_by_text(why).wait_for()
    assert not await code(page).count()
    assert not await page.get_by_text("Good for").count()
    assert not await page.get_by_text("Waiting for the camera").count()


async def asks_whose_it_is(page: Page) -> None:
    await page.get_by_role("heading", name="Is this your camera?").wait_for()
    assert not await code(page).count()


def code(page: Page) -> Locator:
    return page.get_by_role("img", name="QR code for the camera")


async def test_a_code_of_something_else_is_passed_over(home: Household, browser: Browser) -> None:
    camera = unpaired(home)
    page = await wizard(browser, home)
    hold_up(camera, drawn("https://example.org/menu"))
    wait_until(lambda: "not an onboarding code" in camera.output, "the camera says what it saw")
    await still_waits(page)
    hold_up(camera, await code_on_screen(page))
    await asks_whose_it_is(page)


async def test_a_code_of_another_server_pairs_with_that_server_alone(
    home: Household, browser: Browser, tmp_path: Path
) -> None:
    with household(tmp_path / "elsewhere") as elsewhere:
        camera = unpaired(home)
        waits = await wizard(browser, home, "Waits in vain")
        gets = await wizard(browser, elsewhere, "Gets it")
        hold_up(camera, await code_on_screen(gets))
        await asks_whose_it_is(gets)
        await still_waits(waits)
        mine = home.call("GET", "/api/cameras")["cameras"]
        assert [(made["state"], made["online"]) for made in mine] == [("pending", False)]


async def test_a_token_of_one_server_is_worth_nothing_at_another(
    home: Household, browser: Browser, tmp_path: Path
) -> None:
    with household(tmp_path / "elsewhere") as elsewhere:
        camera = unpaired(home)
        page = await wizard(browser, home)
        _, foreign = elsewhere.pending("Foreign", SSID)
        mixed = qr.OnboardingCode(home.server.url, foreign.token, SSID, WIFI_PASSWORD)
        hold_up(camera, drawn(qr.to_compact(mixed)))
        wait_until(lambda: "token_unknown" in camera.output or "does not know" in camera.output, "the camera says so")
        await still_waits(page)
        hold_up(camera, await code_on_screen(page))
        await asks_whose_it_is(page)


async def test_an_expired_code_is_refused_and_a_new_one_works(home: Household, browser: Browser) -> None:
    camera = unpaired(home)
    page = await wizard(browser, home, "Late")
    late = await code_on_screen(page)
    expire(home)
    await code_is_gone(page, "This code has run out")
    hold_up(camera, late)
    wait_until(lambda: "run out" in camera.output or "expired" in camera.output, "the camera says so")
    await page.get_by_role("button", name="New code").click()
    hold_up(camera, await code_on_screen(page))
    await asks_whose_it_is(page)


@pytest.mark.parametrize(
    ("method", "path", "why"),
    [
        ("POST", "/pairing", "Another code was made for this camera"),
        ("DELETE", "/pairing", "pairing was cancelled elsewhere"),
    ],
)
async def test_a_code_that_is_no_longer_the_cameras_own_leaves_the_screen(
    home: Household, browser: Browser, method: str, path: str, why: str
) -> None:
    page = await wizard(browser, home)
    camera_id = home.call("GET", "/api/cameras")["cameras"][0]["id"]
    old = await code_on_screen(page)
    body = {"ssid": SSID} if method == "POST" else None
    home.call(method, f"/api/cameras/{camera_id}{path}", body, 201 if body else 204)
    await code_is_gone(page, why)
    camera = unpaired(home)
    hold_up(camera, old)
    wait_until(lambda: "token_expired" in camera.output, "the camera says that it is worth nothing")
    await page.get_by_role("button", name="New code").click()
    hold_up(camera, await code_on_screen(page))
    await asks_whose_it_is(page)


async def test_the_code_of_a_removed_camera_leaves_the_screen(home: Household, browser: Browser) -> None:
    page = await wizard(browser, home)
    camera_id = home.call("GET", "/api/cameras")["cameras"][0]["id"]
    home.call("DELETE", f"/api/cameras/{camera_id}", expect=204)
    await code_is_gone(page, "It was removed elsewhere")
    assert not await page.get_by_role("button", name="New code").count()
    await page.get_by_role("button", name="Add camera").click()
    await page.get_by_role("heading", name="Which camera is it?").wait_for()


def test_a_code_of_a_dead_server_gives_way_to_the_right_one(home: Household) -> None:
    camera = unpaired(home)
    dead = qr.OnboardingCode(f"http://127.0.0.1:{free_port()}", "AAECAwQFBgcICQoLDA0ODw", SSID, WIFI_PASSWORD)
    hold_up(camera, drawn(qr.to_compact(dead)))
    wait_until(lambda: "server_unreachable" in camera.output, "the camera says so")
    camera_id, code = right_code(home)
    hold_up(camera, code)
    comes_online(home, camera, camera_id)


def expire(home: Household) -> None:
    """Ten minutes pass for every waiting code: they end in a moment, under the server's hands."""
    with contextlib.closing(sqlite3.connect(home.server.data_dir / "belvedere.sqlite3")) as database, database:
        database.execute("update pairings set expires_at = ?", (time.time() + 1,))


async def test_a_wrong_wifi_password_is_named_and_mended(home: Household, browser: Browser) -> None:
    camera = unpaired(home)
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await fill_wizard(page, "Porch", password="not the password")
    hold_up(camera, await code_on_screen(page))
    wait_until(lambda: "wifi_password_wrong" in camera.output, "the camera says so")
    camera_id, code = right_code(home)
    hold_up(camera, code)
    comes_online(home, camera, camera_id)
