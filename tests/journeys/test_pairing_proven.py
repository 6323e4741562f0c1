"""Proven pairing in real browsers: the wizard checks the camera, other profiles are let in, paper brings one back."""

import asyncio
import io
import json
import re
from typing import Any

import zxingcpp
from PIL import Image
from playwright.async_api import Browser, Page, Route, expect

from tests.browser import home_page, moving, new_page, sign_in, watch
from tests.home import SMALL_SOURCE, CameraProcess, Household, wait_until
from tests.journeys.watching import use_paper

CHECKED = "Checked: this is the camera that read your code. Nobody stands between, not even this server."
SEEN = "whoever else sees it while it is good can take the camera"
BELIEVED = "The camera has proven nothing: this picture comes by the word of this server."
REFUTED = "This is not the camera that read your code"


async def code_text(page: Page, name: str) -> str:
    """Through the wizard to the code of a camera without a lens."""
    await page.goto(page.url.partition("#")[0] + "#/add")
    await page.get_by_text("Belvedere without a lens").click()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_text("It is on the network already").click()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Continue").click()
    return await page.get_by_label("QR code for the camera").input_value()


def pair(home: Household, text: str) -> CameraProcess:
    camera = home.new_camera("--source", SMALL_SOURCE, "--wifi", "already-online")
    paired = camera.pair(text)
    assert paired.returncode == 0, paired.stdout + paired.stderr
    camera.start()
    return camera


def trust(home: Household) -> Any:
    [camera] = home.call("GET", "/api/cameras")["cameras"]
    return home.call("GET", f"/api/cameras/{camera['id']}/trust")


def deeds(home: Household) -> list[str]:
    return [entry["deed"] for entry in home.call("GET", "/api/audit")["entries"]]


async def paired_page(home: Household, browser: Browser, name: str = "Cellar") -> Page:
    """A profile whose camera has just been paired with proof, on the list of cameras."""
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    text = await code_text(page, name)
    await page.get_by_text(SEEN).wait_for()
    pair(home, text)
    await page.get_by_text(CHECKED).wait_for()
    assert not await page.get_by_text(BELIEVED).count()
    await page.get_by_role("button", name="Yes, this is mine").click()
    await home_page(page)
    return page


async def devices(page: Page, home: Household) -> None:
    await page.goto(f"{home.server.url}/#/account/devices")
    await page.get_by_role("heading", name="Devices that may watch").wait_for()


async def test_pairing_is_proven_by_the_wizard(home: Household, browser: Browser) -> None:
    page = await paired_page(home, browser)
    known = trust(home)
    assert known["protected"] and known["introduction"] and len(known["owner_keyring"]) == 1
    assert json.dumps(known).count('"x"') == 0
    await watch(page, "Cellar")
    await moving(page)


async def test_pairing_survives_that_the_page_is_loaded_anew(home: Household, browser: Browser) -> None:
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    text = await code_text(page, "Cellar")
    [camera] = home.call("GET", "/api/cameras")["cameras"]
    await page.goto("about:blank")
    pair(home, text).id = camera["id"]
    home.wait_online(home.cameras[-1])
    await page.goto(f"{home.server.url}/#/camera/{camera['id']}/pair")
    await page.get_by_text(CHECKED).wait_for()


async def test_pairing_with_another_camera_is_refused_loudly(home: Household, browser: Browser) -> None:
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    text = await code_text(page, "Cellar")

    async def swap(route: Route) -> None:
        answer = await route.fetch()
        said = await answer.json()
        key = said["camera_key"]
        await route.fulfill(response=answer, json=said | {"camera_key": key and key[::-1].translate({ord("_"): "-"})})

    await page.route("**/trust", swap)
    pair(home, text)
    await page.get_by_role("heading", name=REFUTED).wait_for()
    assert not await page.get_by_role("button", name="Yes, this is mine").count()
    await asyncio.to_thread(wait_until, lambda: "session_mismatch" in deeds(home), "the log tells of it")
    await page.get_by_role("button", name="Remove it").click()
    await page.get_by_text("Its key no longer works").wait_for()


async def test_pairing_without_a_proof_shows_nothing_by_itself(home: Household, browser: Browser) -> None:
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    text = await code_text(page, "Cellar")

    async def strip(route: Route) -> None:
        answer = await route.fetch()
        hidden = {"pairing_proof": None, "introduction": None, "protected": False}
        await route.fulfill(response=answer, json=await answer.json() | hidden)

    await page.route("**/trust", strip)
    pair(home, text)
    await page.get_by_role("heading", name="This camera has proven nothing").wait_for()
    assert not await page.locator("video").count()
    assert not await page.get_by_role("button", name="Yes, this is mine").count()
    await page.get_by_role("button", name="Trust this server about it").click()
    await page.get_by_role("heading", name="Is this your camera?").wait_for()


async def test_pairing_that_nobody_has_proven_is_asked_about_once(home: Household, browser: Browser) -> None:
    page = await paired_page(home, browser)
    home.add_camera("Old one")
    await watch(page, "Old one")
    await page.get_by_role("button", name="Trust this server about it").click()
    await moving(page)
    await page.goto(f"{home.server.url}/#/")
    await page.reload()
    await watch(page, "Old one")
    await moving(page)


async def test_pairing_by_a_browser_without_keys_names_the_weaker_trust(home: Household, browser: Browser) -> None:
    page = await new_page(browser)
    await page.add_init_script("Object.defineProperty(globalThis, 'indexedDB', { value: undefined })")
    await sign_in(page, home.server.url)
    text = await code_text(page, "Cellar")
    assert '"x"' not in text
    await page.get_by_text("you and this camera will have to trust this server").wait_for()
    await page.get_by_text(SEEN).wait_for()
    pair(home, text)
    await page.get_by_role("heading", name="Is this your camera?").wait_for()
    await page.get_by_text(BELIEVED).wait_for()
    assert not await page.get_by_text(CHECKED).count()
    assert not trust(home)["protected"]


async def let_in(home: Household, browser: Browser, first: Page) -> Page:
    """A second profile, which the first has let in by its code; on the list of cameras."""
    second = await new_page(browser)
    await sign_in(second, home.server.url)
    await second.get_by_role("link", name="Let this browser in").click()
    await second.get_by_role("button", name="Show a code").click()
    code = await second.locator(".shown-code").inner_text()
    assert re.fullmatch(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}", code)
    await devices(first, home)
    await first.get_by_label("Code of the other device").fill(code.lower())
    await first.get_by_role("button", name="Find it").click()
    await first.get_by_role("button", name="Let it in").click()
    await first.get_by_text("may watch now").wait_for()
    await second.get_by_text("This browser may watch now").wait_for()
    await second.goto(f"{home.server.url}/#/")
    return second


async def test_pairing_of_a_second_browser_by_its_code(home: Household, browser: Browser) -> None:
    second = await let_in(home, browser, await paired_page(home, browser))
    await watch(second, "Cellar")
    await moving(second)


async def test_pairing_of_a_second_browser_by_its_link(home: Household, browser: Browser) -> None:
    first = await paired_page(home, browser)
    second = await new_page(browser)
    await sign_in(second, home.server.url)
    await devices(second, home)
    await second.get_by_role("button", name="Show a code").click()
    code = await second.locator(".shown-code").inner_text()
    await first.goto(f"{home.server.url}/#/welcome/{code}")
    await expect(first.locator(".shown-code")).to_have_text(code)
    await first.get_by_role("button", name="Let it in").click()
    await second.get_by_text("This browser may watch now").wait_for()
    assert code not in first.url
    await first.get_by_role("button", name="Remove").nth(1).click()
    await first.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(first.get_by_role("listitem")).to_have_count(1)
    await second.reload()
    await second.get_by_role("heading", name="This browser was taken off").wait_for()


async def test_pairing_outlives_every_browser_by_its_recovery_code(home: Household, browser: Browser) -> None:
    first = await paired_page(home, browser)
    await first.get_by_role("link", name="Print it").click()
    await first.get_by_role("button", name="Make one to print").click()
    paper = await first.locator(".sheet code").inner_text()
    assert paper.startswith("BELVEDERE-RECOVERY-1:")
    drawn = Image.open(io.BytesIO(await first.get_by_role("img", name="Recovery code").screenshot()))
    assert [code.text for code in zxingcpp.read_barcodes(drawn)] == [paper], "no address, which browsers write down"
    await first.get_by_role("button", name="I have it").click()
    await first.get_by_role("button", name="Make another").wait_for()
    await first.context.close()
    second = await new_page(browser)
    await sign_in(second, home.server.url)
    await use_paper(second, home.server.url, paper)
    await second.goto(f"{home.server.url}/#/")
    await watch(second, "Cellar")
    await moving(second)


async def test_pairing_counts_on_no_paper_that_nobody_has(home: Household, browser: Browser) -> None:
    page = await paired_page(home, browser)
    for _ in range(2):
        await page.get_by_role("link", name="Print it").click()
        await page.get_by_role("button", name="Make one to print").click()
        await page.locator(".sheet code").wait_for()
        await page.goto("about:blank")
        await page.goto(f"{home.server.url}/#/")
    await devices(page, home)
    await expect(page.get_by_role("listitem")).to_have_count(1)
    await page.get_by_role("button", name="Make one to print").click()
    await page.route("**/api/me/keyring", lambda route: route.abort())
    await page.get_by_role("button", name="I have it").click()
    await page.get_by_text("The server does not answer").wait_for()
    await page.unroute_all()
    await page.get_by_role("button", name="I have it").click()
    await expect(page.get_by_role("listitem")).to_have_count(2)
    await page.goto(f"{home.server.url}/#/")
    await home_page(page)
    assert not await page.get_by_role("link", name="Print it").count()


async def test_pairing_keeps_nobody_signed_in_whose_browser_cannot_forget(home: Household, browser: Browser) -> None:
    page = await paired_page(home, browser)
    await page.goto(f"{home.server.url}/#/account")
    await page.get_by_label("Forget this device").check()
    closed = "() => { indexedDB.open = indexedDB.deleteDatabase = () => { throw new Error('closed'); } }"
    await page.evaluate(closed)
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await page.get_by_text("This browser may still have its key").wait_for()
    await page.get_by_role("heading", name="Sign in").wait_for()


async def test_pairing_ends_for_a_computer_that_forgets(home: Household, browser: Browser) -> None:
    page = await paired_page(home, browser)
    await page.goto(f"{home.server.url}/#/account")
    await page.get_by_label("Forget this device").check()
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await page.get_by_role("heading", name="Sign in").wait_for()
    await sign_in(page, home.server.url)
    await page.get_by_text("Your cameras do not know this browser yet").wait_for()
