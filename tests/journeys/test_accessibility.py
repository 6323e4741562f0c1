"""Every page in light and in dark, looked at by axe-core: nothing serious or critical."""

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.authenticator import plug_in
from tests.browser import home_page, moving, new_page, sign_in, watch
from tests.home import Household
from tests.journeys.security import (
    add_passkey,
    begin_app,
    named_household,
    open_security,
    prove_by_passkey,
    second_step,
    sign_out,
)
from tests.servers import PASSWORD

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
GUEST = "guest@example.org"
VIEWERS = {
    "now": [{"email": GUEST, "since": "2026-01-31T12:00:00Z", "way": "direct"}],
    "earlier": [
        {"email": GUEST, "began_at": "2026-01-31T11:00:00Z", "ended_at": "2026-01-31T11:30:00Z", "way": "relay"}
    ],
}
SEVERE = {"serious", "critical"}
RUN = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.map(
    ({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html, any }) => [html, any.map((a) => a.message)]) })
)"""


async def severe(page: Page) -> list[Any]:
    """What axe-core finds serious or critical on the page as it stands."""
    if not await page.evaluate("'axe' in window"):
        await page.add_script_tag(path=AXE)
    return [found for found in await page.evaluate(RUN) if found["impact"] in SEVERE]


async def visit(page: Page, url: str, heading: str) -> None:
    """Go to an address of the app, and wait for the page that belongs to it."""
    await page.goto(url)
    await page.get_by_role("heading", name=heading).first.wait_for()


async def add_steps(page: Page) -> dict[str, list[Any]]:
    """What is found at each step of the wizard."""
    found = {"model": await severe(page)}
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Network name").fill("home")
    found["wifi"] = await severe(page)
    await page.get_by_role("textbox", name="Password").fill("a long password")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Name").fill("Garage")
    found["name"] = await severe(page)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("img", name="QR code for the camera").wait_for()
    return found | {"code": await severe(page)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_shuts_anybody_out(home: Household, browser: Browser, scheme: str) -> None:
    camera = home.add_camera("Garden")
    # Our policy keeps foreign scripts out, this test's too.
    page = await new_page(browser, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    url = home.server.url
    await page.goto(url)
    await page.get_by_role("heading", name="Sign in").wait_for()
    found = {"sign in": await severe(page)}
    found |= await forgotten_states(page, url)
    await sign_in(page, url)
    found["home"] = await severe(page)
    await watch(page, "Garden")
    await moving(page)
    found["watch"] = await severe(page)
    await page.get_by_role("button", name="Direct").click()
    found["facts"] = await severe(page)
    await visit(page, f"{url}/#/account", "Account")
    found["account"] = await severe(page)
    await page.get_by_role("button", name="Delete account …").click()
    await page.get_by_role("heading", name="Delete your account?").wait_for()
    found["delete account"] = await severe(page)
    await page.keyboard.press("Escape")
    await visit(page, f"{url}/#/account/activity", "Activity")
    await page.get_by_text("This account was made.").wait_for()
    found["activity"] = await severe(page)
    await visit(page, f"{url}/#/camera/{camera.id}/settings", "Garden")
    found["settings"] = await severe(page)
    await visit(page, f"{url}/#/add", "Which camera is it?")
    found |= await add_steps(page)
    await page.goto(f"{url}/#/")
    await home_page(page)
    found["home with still"] = await severe(page)
    assert {name: findings for name, findings in found.items() if findings} == {}


async def forgotten_states(page: Page, url: str) -> dict[str, list[Any]]:
    """What is found on the way to a new password, of a server that sends no mail."""
    await visit(page, f"{url}/#/forgot", "Forgot your password?")
    found = {"forgot": await severe(page)}
    await visit(page, f"{url}/#/reset/spent", "This link no longer works")
    return found | {"spent link": await severe(page)}


async def sharing_states(page: Page, settings: str) -> dict[str, list[Any]]:
    """What is found in the dialogs of the owner's settings page."""
    await visit(page, settings, "Garden")
    await page.get_by_role("list", name="Lately").wait_for()
    await page.get_by_role("button", name=f"Change what {GUEST}").wait_for()
    found = {"sharing": await severe(page)}
    await page.get_by_role("button", name=f"Change what {GUEST}").click()
    await page.get_by_label("For how long").select_option("date")
    found["change"] = await severe(page)
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name=f"Remove {GUEST}").click()
    found["remove"] = await severe(page)
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Invite somebody").click()
    found["invite"] = await severe(page)
    await page.get_by_role("dialog").get_by_role("button", name="Make a link").click()
    await page.get_by_label("Invitation link").wait_for()
    return found | {"link": await severe(page)}


async def accept_states(page: Page, link: str) -> dict[str, list[Any]]:
    """What is found on the way from an invitation to an account; ends signed in as the guest, not yet accepted."""
    await visit(page, link, "“Garden”")
    found = {"accept": await severe(page)}
    await page.get_by_role("button", name="Create an account").click()
    found["accept by registering"] = await severe(page)
    await page.get_by_role("button", name="Back to the invitation").click()
    await page.get_by_role("button", name="I have an account").click()
    found["accept by signing in"] = await severe(page)
    await page.get_by_label("E-mail").fill(GUEST)
    await page.get_by_role("textbox", name="Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Accept").wait_for()
    return found | {"accept signed in": await severe(page)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_of_sharing_shuts_anybody_out(home: Household, browser: Browser, scheme: str) -> None:
    camera = home.add_camera("Garden")
    url, invitations = home.server.url, f"/api/cameras/{camera.id}/invitations"
    link, other = (home.call("POST", invitations, {"scopes": ["live"]}, 201)["link"] for _ in range(2))
    body = {"email": GUEST, "password": PASSWORD, "invitation": link.rpartition("/")[2]}
    assert home.server.call("POST", "/api/accounts", body)[0] == 201
    page = await new_page(browser, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    await page.route("**/viewers", lambda route: route.fulfill(json=VIEWERS))
    await sign_in(page, url)
    found = await sharing_states(page, f"{url}/#/camera/{camera.id}/settings")
    await visit(page, other, "This camera is your own")
    found["own"] = await severe(page)
    page = await new_page(browser, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    found |= await accept_states(page, other)
    await visit(page, link, "This invitation no longer works")
    found["dead"] = await severe(page)
    await visit(page, f"{url}/#/", "Cameras")
    found["home of a guest"] = await severe(page)
    await visit(page, f"{url}/#/camera/{camera.id}/settings", "Garden")
    found["settings of a guest"] = await severe(page)
    grant = home.call("GET", f"/api/cameras/{camera.id}/grants")["grants"][0]["id"]
    home.call("DELETE", f"/api/grants/{grant}", expect=204)
    await page.get_by_role("heading", name="no longer shared").wait_for()
    found["over"] = await severe(page)
    assert {name: findings for name, findings in found.items() if findings} == {}


async def test_the_look_finds_what_is_wrong(home: Household, browser: Browser) -> None:
    page = await new_page(browser, bypass_csp=True)
    await page.goto(home.server.url)
    await page.get_by_role("heading", name="Sign in").wait_for()
    await page.evaluate("document.body.append(document.createElement('button'))")
    assert [finding["id"] for finding in await severe(page)] == ["button-name"]


async def security_states(page: Page, url: str) -> dict[str, list[Any]]:
    """What is found while second factors are set up; ends signed in, with an app and a passkey."""
    await open_security(page, url)
    found = {"security": await severe(page)}
    await page.get_by_role("button", name="Set up an app").click()
    await page.get_by_role("textbox", name="Your password").wait_for()
    found["proof"] = await severe(page)
    await page.get_by_role("button", name="Cancel").click()
    app = await begin_app(page)
    found["app"] = await severe(page)
    await page.get_by_label("Code that the app shows").fill(app.now())
    await page.get_by_role("button", name="Turn on").click()
    await page.get_by_role("heading", name="Keep these recovery codes").wait_for()
    found["recovery codes"] = await severe(page)
    await page.get_by_role("button", name="Make new codes …").click()
    await page.get_by_label("Code from the app, or a recovery code").wait_for()
    found["proof by code"] = await severe(page)
    await page.get_by_role("button", name="Cancel").click()
    await add_passkey(page, "Phone", app.at(time.time() + app.interval))
    found["passkeys"] = await severe(page)
    await page.get_by_role("button", name="Let only passkeys in").click()
    await prove_by_passkey(page)
    await page.get_by_role("button", name="Remove the passkey").click()
    await page.get_by_role("dialog").get_by_label("Recovery code").wait_for()
    found["proof by passkey"] = await severe(page)
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Let the password in again").click()
    await prove_by_passkey(page)
    await page.get_by_role("button", name="Rename the passkey Phone").click()
    return found | {"renaming": await severe(page)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_second_factors_shut_nobody_out_either(tmp_path: Path, browser: Browser, scheme: str) -> None:
    with named_household(tmp_path, relay="0") as (_, url):
        page = await new_page(browser, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
        await plug_in(page)
        await sign_in(page, url)
        found = await security_states(page, url)
        await sign_out(page)
        await page.get_by_role("button", name="Sign in with a passkey").wait_for()
        found["sign in"] = await severe(page)
        await second_step(page)
        found["second step"] = await severe(page)
        await page.get_by_role("button", name="Start over").click()
        await page.get_by_role("button", name="I have lost my passkey").click()
        found["lost passkey"] = await severe(page)
    assert {name: findings for name, findings in found.items() if findings} == {}


async def device_states(page: Page, other: Page, url: str) -> dict[str, list[Any]]:
    """What is found while a first browser begins and lets another one in."""
    await visit(page, f"{url}/#/account/devices", "Devices that may watch")
    await page.get_by_role("button", name="Begin now").click()
    await page.get_by_role("button", name="Make one to print").wait_for()
    found = {"first device": await severe(page)}
    await visit(other, f"{url}/#/account/devices", "This browser is not among them")
    await other.get_by_role("button", name="Show a code").click()
    code = await other.locator(".shown-code").inner_text()
    found["code of a device"] = await severe(other)
    await page.goto(f"{url}/#/welcome/{code}")
    await page.get_by_role("button", name="Let it in").wait_for()
    found["another asks"] = await severe(page)
    await page.get_by_role("button", name="Let it in").click()
    await other.get_by_text("This browser may watch now").wait_for()
    found["two devices"] = await severe(page)
    await page.get_by_role("button", name="Remove").nth(1).click()
    found["removing a device"] = await severe(page)
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Make one to print").click()
    await page.get_by_role("button", name="I have it").wait_for()
    return found | {"recovery sheet": await severe(page)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_letting_devices_in_shuts_nobody_out(home: Household, browser: Browser, scheme: str) -> None:
    page = await new_page(browser, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    other = await new_page(browser, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    for each in (page, other):
        await sign_in(each, home.server.url)
    found = await device_states(page, other, home.server.url)
    assert {name: findings for name, findings in found.items() if findings} == {}
