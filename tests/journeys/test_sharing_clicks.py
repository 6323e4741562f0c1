"""Sharing by hand: the owner invites on a page, a guest accepts on another, watches, and is removed."""

from collections.abc import Sequence

from playwright.async_api import Browser, Page, expect

from tests.browser import DESKTOP, PHONE, home_page, moving, new_page, sign_in, watch
from tests.home import Household

GUEST, GUEST_PASSWORD = "guest@example.org", "a sentence nobody guesses"


async def settings(page: Page, home: Household, camera: str) -> None:
    """The camera's settings, as whoever is signed in sees them."""
    await page.goto(f"{home.server.url}/#/camera/{camera}/settings")
    await page.get_by_role("heading", name="Garden").wait_for()


async def invite(page: Page) -> str:
    """By the dialog of the settings page that is open; the link."""
    await page.get_by_role("button", name="Invite somebody").click()
    await page.get_by_role("dialog").get_by_role("button", name="Make a link").click()
    link = await page.get_by_label("Invitation link").input_value()
    await page.get_by_role("button", name="Done").click()
    return link


async def accept_by_registering(page: Page, link: str) -> None:
    """Ends on the list of cameras."""
    await page.goto(link)
    await page.get_by_role("heading", name="“Garden”").wait_for()
    await page.get_by_text("owner@example.org shares this camera with you.").wait_for()
    await page.get_by_role("button", name="Create an account").click()
    await page.get_by_label("E-mail").fill(GUEST)
    await page.get_by_role("textbox", name="Password").fill(GUEST_PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await home_page(page)


def register(home: Household, camera: str, scopes: Sequence[str] = ("live",)) -> None:
    """The guest, with a grant for this camera."""
    made = home.call("POST", f"/api/cameras/{camera}/invitations", {"scopes": list(scopes)}, 201)
    body = {"email": GUEST, "password": GUEST_PASSWORD, "invitation": made["link"].rpartition("/")[2]}
    status, answer = home.server.call("POST", "/api/accounts", body)
    assert status == 201, answer


async def test_from_the_invitation_to_the_removal(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    owner, guest = await new_page(browser), await new_page(browser, PHONE)
    asked: list[str] = []
    guest.on("request", lambda request: asked.append(request.url))
    await sign_in(owner, home.server.url)
    await settings(owner, home, camera.id)
    await owner.get_by_text("Nobody but you sees this camera.").wait_for()
    link = await invite(owner)
    await accept_by_registering(guest, link)
    secret = link.rpartition("/")[2]
    assert not [url for url in asked if secret in url]
    assert guest.url.endswith("#/")
    await guest.go_back()
    assert secret not in guest.url
    await guest.goto(f"{home.server.url}/#/")
    await guest.get_by_text("Shared by owner@example.org").wait_for()
    await watch(guest, "Garden")
    await moving(guest)
    await owner.get_by_role("list", name="Now").get_by_text(GUEST).wait_for()
    await owner.get_by_text(GUEST).first.wait_for()  # the page hears of it by itself
    await owner.get_by_role("button", name="Remove …").click()
    await owner.get_by_role("heading", name="Remove Garden?").wait_for()
    await owner.get_by_role("button", name="Cancel").click()
    await owner.get_by_role("button", name=f"Remove {GUEST}").click()
    await owner.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await guest.get_by_role("heading", name="“Garden” is no longer shared with you").wait_for()
    assert not await guest.locator("video").count()
    await owner.get_by_text("Nobody but you sees this camera.").wait_for()
    await owner.get_by_text("Nobody is watching at this moment.").wait_for()
    await guest.get_by_role("link", name="To my cameras").click()
    await guest.get_by_role("heading", name="Nothing to see yet").wait_for()


async def test_a_picture_ends_with_words_where_the_stream_is_silent(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    register(home, camera.id)
    page = await new_page(browser)
    await sign_in(page, home.server.url, GUEST, GUEST_PASSWORD)
    await page.route("**/api/events", lambda route: route.abort())
    await page.goto(f"{home.server.url}/#/camera/{camera.id}")
    await page.reload()
    await moving(page)
    grant = home.call("GET", f"/api/cameras/{camera.id}/grants")["grants"][0]["id"]
    home.call("DELETE", f"/api/grants/{grant}", expect=204)
    await page.get_by_text("You can no longer watch this camera.").wait_for()
    assert not await page.get_by_text("Trying again by itself").count()


async def test_a_link_says_what_has_become_of_it(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await settings(page, home, camera.id)
    link = await invite(page)
    await page.goto(link)
    await page.get_by_role("heading", name="This camera is your own").wait_for()
    await settings(page, home, camera.id)
    await page.get_by_role("button", name="Withdraw").click()
    await page.get_by_text("Withdrawn. Its link no longer works.").wait_for()
    await expect(page.get_by_role("heading", name="Sharing")).to_be_focused()
    for bad in (link, link + "x", f"{home.server.url}/#/accept/short"):
        other = await new_page(browser)
        await other.goto(bad)
        await other.get_by_role("heading", name="This invitation no longer works").wait_for()


async def test_whoever_has_an_account_signs_in_and_accepts(home: Household, browser: Browser) -> None:
    camera, second = home.add_camera("Garden"), home.add_camera("Door")
    register(home, second.id)
    link = home.call("POST", f"/api/cameras/{camera.id}/invitations", {"scopes": ["live"]}, 201)["link"]
    page = await new_page(browser)
    await page.goto(link)
    await page.get_by_role("button", name="I have an account").click()
    await page.get_by_label("E-mail").fill(GUEST)
    await page.get_by_role("textbox", name="Password").fill(GUEST_PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_text(f"You are signed in as {GUEST}.").wait_for()
    await page.get_by_role("button", name="Accept").click()
    await moving(page)
    assert page.url.endswith(f"#/camera/{camera.id}")
    await page.go_back()
    assert "accept" not in page.url


async def test_a_guest_sees_what_was_granted_and_leaves(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    register(home, camera.id)
    page = await new_page(browser, DESKTOP)
    await sign_in(page, home.server.url, GUEST, GUEST_PASSWORD)
    await settings(page, home, camera.id)
    for foreign in ("Save name", "Make a code", "Remove …", "Invite somebody"):
        assert not await page.get_by_text(foreign).count(), foreign
    grant = home.call("GET", f"/api/cameras/{camera.id}/grants")["grants"][0]["id"]
    home.call("PATCH", f"/api/grants/{grant}", {"scopes": ["live", "manage"]})
    await page.get_by_label("Name").fill("Yard")  # it appears by itself
    await page.get_by_role("button", name="Save name").click()
    await page.get_by_role("heading", name="Yard").wait_for()
    await page.get_by_role("button", name="Leave …").click()
    await page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    await page.get_by_role("heading", name="Nothing to see yet").wait_for()
    assert home.call("GET", f"/api/cameras/{camera.id}/grants")["grants"] == []


async def test_the_keyboard_alone_changes_what_a_guest_may_do(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    register(home, camera.id)
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await settings(page, home, camera.id)
    change = page.get_by_role("button", name=f"Change what {GUEST} may do")
    await expect(change).to_be_enabled()  # once it is known what may be signed
    await change.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("radio", name="Watch live").first).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(change).to_be_focused()
    for key in ("Enter", "ArrowDown", "Tab", "ArrowDown", "Tab", "Tab", "Enter"):  # manage, for a day, save
        await page.keyboard.press(key)
    await page.get_by_role("status").get_by_text("Saved.").wait_for()
    await expect(change).to_be_focused()
    grant = home.call("GET", f"/api/cameras/{camera.id}/grants")["grants"][0]
    assert grant["scopes"] == ["live", "manage"]
    assert grant["expires_at"]
