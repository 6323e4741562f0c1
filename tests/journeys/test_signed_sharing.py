"""Signed sharing: the owner of a camera that believes nobody else shares it, and takes it back; the camera decides."""

import asyncio
from datetime import UTC, datetime, timedelta

from playwright.async_api import Browser, Page, Request, Route, expect

from tests.browser import PHONE, moving, new_page, sign_in, stamps
from tests.home import Household
from tests.journeys.signed import LINK, add_protected, open_settings, register_by, signed_link
from tests.journeys.stubborn import within_the_promise
from tests.journeys.test_accessibility import severe

GUEST, GUEST_PASSWORD = "guest@example.org", "a sentence nobody guesses"


def overheard(page: Page) -> list[str]:
    """All that this page tells the server from now on."""
    said: list[str] = []

    def hear(request: Request) -> None:
        said.append(request.url + (request.post_data or ""))

    page.on("request", hear)
    return said


async def test_a_signed_link_from_invitation_to_removal(home: Household, browser: Browser) -> None:
    owner, guest = await new_page(browser), await new_page(browser, PHONE)
    said = [overheard(owner), overheard(guest)]
    await sign_in(owner, home.server.url)
    camera = await add_protected(owner, home, "Garden")
    await open_settings(owner, home, camera)
    await owner.get_by_text("This server passes on what it cannot watch.").wait_for()
    link = await signed_link(owner)
    await register_by(guest, link, GUEST, GUEST_PASSWORD)
    await moving(guest)
    await guest.get_by_role("button", name="Direct · end to end").wait_for()
    found = LINK.search(link)
    assert found is not None
    assert not [one for page in said for one in page if found[1] in one], "the seed has reached the server"
    await owner.get_by_role("button", name=f"Change what {GUEST}").click()
    await owner.get_by_role("radio", name="Watch live and manage").check()
    await owner.get_by_role("button", name="Save", exact=True).click()
    await owner.get_by_text(f"Saved for {GUEST}. The camera itself has confirmed this").wait_for()
    await moving(guest)
    await owner.get_by_role("button", name=f"Remove {GUEST}").click()
    await owner.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await owner.get_by_text(f"{GUEST} is revoked. The camera itself has confirmed this").wait_for()
    await guest.get_by_role("heading", name="“Garden” is no longer shared with you").wait_for()


async def test_a_signed_revocation_needs_no_server_to_obey(home: Household, browser: Browser) -> None:
    """The server goes on letting the guest in; the camera does not."""
    owner = await new_page(browser)
    await sign_in(owner, home.server.url)
    camera = await add_protected(owner, home, "Garden")

    async def keep_grant(route: Route) -> None:
        if route.request.method == "DELETE":
            await route.fulfill(status=204)
        else:
            await route.continue_()

    await owner.route("**/api/grants/*", keep_grant)

    async def revoked(number: int) -> float:
        email = f"guest{number}@example.org"
        guest = await new_page(browser)
        await open_settings(owner, home, camera)
        await register_by(guest, await signed_link(owner), email, GUEST_PASSWORD)
        await moving(guest)
        await owner.get_by_role("button", name=f"Remove {email}").click()
        async with owner.expect_request("**/orders"):
            await owner.get_by_role("dialog").get_by_role("button", name="Remove").click()
        began = await guest.evaluate("performance.now()")
        seen = await stamps(guest, 4.0)
        await guest.get_by_text("The camera does not know this browser.").wait_for()
        listed = home.call("GET", f"/api/cameras/{camera.id}/grants")["grants"]
        assert email in [one["email"] for one in listed], "the server still lets the guest in"
        await guest.reload()
        assert not await stamps(guest, 2.0), "nor does it come back"
        return max([at - began for _, _, at in seen], default=0.0) / 1000

    print(f"the last picture was shown {await within_the_promise(revoked):.2f} s after the owner said so")


async def test_a_signed_revocation_waits_for_the_camera(home: Household, browser: Browser) -> None:
    owner, guest = await new_page(browser), await new_page(browser)
    await sign_in(owner, home.server.url)
    camera = await add_protected(owner, home, "Garden")
    await open_settings(owner, home, camera)
    await register_by(guest, await signed_link(owner), GUEST, GUEST_PASSWORD)
    await moving(guest)
    await asyncio.to_thread(camera.stop)
    await asyncio.to_thread(home.wait_online, camera, online=False)
    await owner.get_by_role("button", name=f"Change what {GUEST}").click()
    await owner.get_by_role("radio", name="Watch live and manage").check()
    await owner.get_by_role("button", name="Save", exact=True).click()
    await owner.get_by_text(f"Saved for {GUEST}. Signed, but the camera was not reached yet.").wait_for()
    await owner.get_by_text("End to end once the camera confirms").wait_for()
    await owner.get_by_role("button", name=f"Remove {GUEST}").click()
    await owner.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await owner.get_by_text(f"{GUEST} is revoked. Signed, but the camera was not reached yet.").wait_for()
    await asyncio.to_thread(camera.start)
    await owner.get_by_text(f"{GUEST} is revoked. The camera itself has confirmed this").wait_for()
    await owner.get_by_text("This server passes on what it cannot watch.").wait_for()


async def test_a_signed_right_that_the_server_hides(home: Household, browser: Browser) -> None:
    """The owner is told of it, and takes it back without being shown whose it is."""
    owner, guest = await new_page(browser, bypass_csp=True, reduced_motion="reduce"), await new_page(browser)
    await sign_in(owner, home.server.url)
    camera = await add_protected(owner, home, "Garden")
    await open_settings(owner, home, camera)
    await register_by(guest, await signed_link(owner), GUEST, GUEST_PASSWORD)
    await moving(guest)
    nobody = {"grants": [], "invitations": []}
    await owner.route(f"**/api/cameras/{camera.id}/grants", lambda route: route.fulfill(json=nobody))
    await owner.reload()
    await owner.get_by_text("You have signed for more (1) than this server lists").wait_for()
    assert not await owner.get_by_text("Nobody but you sees this camera.").count()
    assert await severe(owner) == []
    await owner.get_by_role("button", name="Take that back").click()
    await owner.get_by_text("Taken back. The camera itself has confirmed this").wait_for()
    await guest.get_by_text("The camera does not know this browser.").wait_for()
    await owner.get_by_text("Nobody but you sees this camera.").wait_for()


async def test_a_signed_invitation_that_the_server_swaps(home: Household, browser: Browser) -> None:
    owner, guest = await new_page(browser), await new_page(browser)
    await sign_in(owner, home.server.url)
    camera = await add_protected(owner, home, "Garden")
    await open_settings(owner, home, camera)
    link = await signed_link(owner)
    lies: list[dict[str, str] | None] = [None, {"camera_key": "A" * 43}, {"link_proof": "A" * 43}]

    async def lie(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        body["signed"] = None if lies[0] is None else body["signed"] | lies[0]
        await route.fulfill(response=answer, json=body)

    await guest.route("**/api/grants/check", lie)
    while lies:
        await guest.goto(link)
        await guest.get_by_role("heading", name="Do not trust this invitation").wait_for()
        assert not await guest.get_by_role("button", name="Create an account").count()
        lies.pop(0)
        await guest.goto("about:blank")
    await guest.unroute("**/api/grants/check")
    await register_by(guest, link, GUEST, GUEST_PASSWORD)
    await moving(guest)


async def test_a_signed_invitation_is_finished_where_it_was_begun(home: Household, browser: Browser) -> None:
    """The account is there and the link used; what could not be signed is signed by another try."""
    owner, guest = await new_page(browser), await new_page(browser, bypass_csp=True, reduced_motion="reduce")
    await sign_in(owner, home.server.url)
    camera = await add_protected(owner, home, "Garden")
    await open_settings(owner, home, camera)
    link = await signed_link(owner)
    await guest.route("**/api/grants/*/acceptance", lambda route: route.abort())
    await guest.goto(link)
    await guest.get_by_role("button", name="Create an account").click()
    await guest.get_by_label("E-mail").fill(GUEST)
    await guest.get_by_role("textbox", name="Password").fill(GUEST_PASSWORD)
    await guest.get_by_role("button", name="Create account").click()
    await guest.get_by_role("heading", name="Your invitation is not finished yet").wait_for()
    assert await severe(guest) == []
    await guest.unroute("**/api/grants/*/acceptance")
    await guest.get_by_role("button", name="Try again").click()
    await guest.wait_for_url(f"**/#/camera/{camera.id}")
    await moving(guest)


async def test_a_signed_invitation_to_a_browser_whose_clock_is_ahead(home: Household, browser: Browser) -> None:
    owner, guest = await new_page(browser), await new_page(browser, bypass_csp=True, reduced_motion="reduce")
    await sign_in(owner, home.server.url)
    camera = await add_protected(owner, home, "Garden")
    await open_settings(owner, home, camera)
    await owner.get_by_role("button", name="Invite somebody").click()
    await owner.get_by_label("For how long").select_option(label="For a day")
    await owner.get_by_role("dialog").get_by_role("button", name="Make a link").click()
    link = await owner.get_by_label("Invitation link").input_value()
    await guest.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=2))
    await guest.goto(link)
    await guest.get_by_role("heading", name="What this invitation gives has ended").wait_for()
    await guest.get_by_text("The clock of this device says that it is").wait_for()
    assert await severe(guest) == []


async def test_whoever_is_no_device_signs_nothing(home: Household, browser: Browser) -> None:
    """Another browser of the owner's, with the right password, shares nothing that the camera would believe."""
    owner, other = await new_page(browser), await new_page(browser)
    await sign_in(owner, home.server.url)
    camera = await add_protected(owner, home, "Garden")
    await sign_in(other, home.server.url)
    await open_settings(other, home, camera)
    await other.get_by_text("This browser is not one of your devices yet").first.wait_for()
    await expect(other.get_by_role("button", name="Invite somebody")).to_be_disabled()
    assert not await other.get_by_role("checkbox", name="Allow standard players").count()
    await other.get_by_role("link", name="Let this browser in").first.click()
    await other.get_by_role("heading", name="Devices that may watch").wait_for()


async def test_signed_permission_for_standard_players(home: Household, browser: Browser) -> None:
    owner = await new_page(browser, bypass_csp=True, reduced_motion="reduce")
    await sign_in(owner, home.server.url)
    camera = await add_protected(owner, home, "Garden")
    await open_settings(owner, home, camera)
    box = owner.get_by_role("checkbox", name="Allow standard players")
    await expect(box).not_to_be_checked()
    await box.check()
    await owner.get_by_text("Allowed. The camera itself has confirmed this").wait_for()
    await owner.get_by_text("Whoever runs this server could watch", exact=True).wait_for()
    assert await severe(owner) == []
    home.call("PATCH", "/api/me", {"ways": "always_relay"})
    await owner.goto(f"{home.server.url}/#/camera/{camera.id}")
    await moving(owner)
    await owner.mouse.move(200, 200)
    await owner.get_by_role("button", name="Via relay · server could watch").click()
    await owner.get_by_text("it sends its pictures unsealed").wait_for()
    assert await severe(owner) == []
    await open_settings(owner, home, camera)
    await box.uncheck()
    await owner.get_by_text("No longer allowed. The camera itself has confirmed this").wait_for()
    await owner.goto(f"{home.server.url}/#/camera/{camera.id}")
    await moving(owner)
    await owner.mouse.move(220, 220)
    await owner.get_by_role("button", name="Via relay · end to end").click()
    await owner.get_by_text("The relay cannot watch what it passes on.").wait_for()
    await owner.get_by_text("SFrame (AES-128-GCM)").wait_for()
