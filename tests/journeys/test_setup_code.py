"""A code whose Wi-Fi password only the camera with the right label can read, held up to its lens."""

import json
import subprocess

import zxingcpp
from PIL import Image
from playwright.async_api import Browser, Page

from tests.browser import moving, new_page, sign_in
from tests.home import CameraProcess, Household, wait_until
from tests.journeys.lens import SCENE, SSID, WIFI_PASSWORD, code_on_screen, hold_up, unpaired
from tests.program import ROOT


def label_of(camera: CameraProcess) -> dict[str, str]:
    """What `belvedere-camera label` prints: setup code and label key."""
    done = subprocess.run(
        camera._command("label"), capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    ).stdout
    return {" ".join(line.split()[:2]).lower(): line.split()[2] for line in done.splitlines()}


async def wizard(page: Page, secret: str) -> None:
    """Up to the code, with what stands on the camera."""
    await page.get_by_role("link", name="Add").first.click()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Network name").fill(SSID)
    await page.get_by_role("textbox", name="Password").fill(WIFI_PASSWORD)
    await page.get_by_text("More", exact=True).click()
    await page.get_by_label("Setup code").fill(secret)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Name").fill("Nursery")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("img", name="QR code for the camera").wait_for()


def text_before_the_lens(camera: CameraProcess) -> str:
    return str(zxingcpp.read_barcodes(Image.open(camera.folder / SCENE))[0].text)


async def paired_by(home: Household, browser: Browser, kind: str) -> str:
    """What the code said, once the first picture was there."""
    camera = unpaired(home)
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await wizard(page, label_of(camera)[kind])
    hold_up(camera, await code_on_screen(page))
    text = text_before_the_lens(camera)
    await page.get_by_role("heading", name="Is this your camera?").wait_for()
    await moving(page)
    return text


async def test_by_the_setup_code(home: Household, browser: Browser) -> None:
    text = await paired_by(home, browser, "setup code")
    assert WIFI_PASSWORD not in text and json.loads(text)["e"] == "s"


async def test_by_the_label_key(home: Household, browser: Browser) -> None:
    text = await paired_by(home, browser, "label key")
    assert WIFI_PASSWORD not in text and json.loads(text)["e"] == "h"


async def test_a_code_for_another_camera_is_named_by_this_one(home: Household, browser: Browser) -> None:
    other = home.new_camera()
    camera = unpaired(home)
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await wizard(page, label_of(other)["setup code"])
    hold_up(camera, await code_on_screen(page))
    wait_until(lambda: "code_wrong" in camera.output, "the camera says so")
    assert WIFI_PASSWORD not in camera.output and label_of(camera)["setup code"] not in camera.output
    assert await page.get_by_text("Waiting for the camera").first.is_visible()


async def test_a_typing_mistake_is_found_before_there_is_a_code(home: Household, browser: Browser) -> None:
    right = label_of(home.new_camera())["setup code"]
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await page.get_by_role("link", name="Add").first.click()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Network name").fill(SSID)
    await page.get_by_role("textbox", name="Password").fill(WIFI_PASSWORD)
    await page.get_by_text("More", exact=True).click()
    await page.get_by_label("Setup code").fill(right[:-1] + ("A" if right[-1] != "A" else "B"))
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_text("There is a typing mistake in this setup code.").wait_for()
