"""Codes that cannot work: of something else, expired, of another or a dead server, with the wrong Wi-Fi password.

Each is said, none ends the camera's search, and the right code works afterwards.
"""

import io
import sqlite3
import time
from pathlib import Path

import qrcode
from playwright.async_api import Browser

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


def test_a_code_of_something_else_is_passed_over(home: Household) -> None:
    camera = unpaired(home)
    hold_up(camera, drawn("https://example.org/menu"))
    wait_until(lambda: "not an onboarding code" in camera.output, "the camera says what it saw")
    camera_id, code = right_code(home)
    hold_up(camera, code)
    comes_online(home, camera, camera_id)


def test_a_code_of_another_server_pairs_with_that_server_alone(home: Household, tmp_path: Path) -> None:
    with household(tmp_path / "elsewhere") as elsewhere:
        camera = unpaired(home)
        other_id, code = right_code(elsewhere)
        home.pending("Waits in vain", SSID)
        hold_up(camera, code)
        comes_online(elsewhere, camera, other_id)
        mine = home.call("GET", "/api/cameras")["cameras"]
        assert [(made["state"], made["online"]) for made in mine] == [("pending", False)]


def test_a_token_of_one_server_is_worth_nothing_at_another(home: Household, tmp_path: Path) -> None:
    with household(tmp_path / "elsewhere") as elsewhere:
        camera = unpaired(home)
        _, foreign = elsewhere.pending("Foreign", SSID)
        mixed = qr.OnboardingCode(home.server.url, foreign.token, SSID, WIFI_PASSWORD)
        hold_up(camera, drawn(qr.to_compact(mixed)))
        wait_until(lambda: "token_unknown" in camera.output or "does not know" in camera.output, "the camera says so")
        camera_id, code = right_code(home)
        hold_up(camera, code)
        comes_online(home, camera, camera_id)


def test_an_expired_code_is_refused_and_a_new_one_works(home: Household) -> None:
    camera_id, code = home.pending("Late", SSID)
    expire(home)
    camera = unpaired(home)
    late = qr.OnboardingCode(code.server_url, code.token, SSID, WIFI_PASSWORD)
    hold_up(camera, drawn(qr.to_compact(late)))
    wait_until(lambda: "expired" in camera.output, "the camera says so")
    assert home.camera(camera_id)["pairing"]["step"] == "expired"
    answer = home.call("POST", f"/api/cameras/{camera_id}/pairing", {"ssid": SSID}, 201)
    again = qr.OnboardingCode(code.server_url, answer["pairing"]["token"], SSID, WIFI_PASSWORD)
    hold_up(camera, drawn(qr.to_compact(again)))
    comes_online(home, camera, camera_id)


def test_a_code_of_a_dead_server_gives_way_to_the_right_one(home: Household) -> None:
    camera = unpaired(home)
    dead = qr.OnboardingCode(f"http://127.0.0.1:{free_port()}", "AAECAwQFBgcICQoLDA0ODw", SSID, WIFI_PASSWORD)
    hold_up(camera, drawn(qr.to_compact(dead)))
    wait_until(lambda: "server_unreachable" in camera.output, "the camera says so")
    camera_id, code = right_code(home)
    hold_up(camera, code)
    comes_online(home, camera, camera_id)


def expire(home: Household) -> None:
    """Ten minutes pass for every waiting code."""
    home.server.stop()
    with sqlite3.connect(home.server.data_dir / "belvedere.sqlite3") as database:
        database.execute("update pairings set expires_at = ?", (int(time.time()) - 1,))
    home.server.start()


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
