"""Sharing: a guest sees one camera and nothing more, and when the owner says so, or time does, the picture is over."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from signaling.http.call import rfc3339
from tests.browser import moving, new_page, sign_in, stamps, watch
from tests.home import CameraProcess, Household, household
from tests.journeys.relay_viewer import signed_in, until
from tests.journeys.stubborn import Stubborn, within_the_promise
from tests.servers import free_port
from tests.signaling.viewer_client import Fault

GUEST, PASSWORD = "guest@example.org", "a sentence nobody guesses"
STILL_WITHIN = 3
"""Looks of a second, for a page on a busy machine. How soon media ends is counted in packets."""
Place = tuple[Household, CameraProcess]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A household with a camera in use, one that is not to be shared, and a relay."""
    with household(tmp_path_factory.mktemp("sharing"), metrics_port=str(free_port())) as home:
        camera = home.add_camera("Garden")
        home.pending("Bedroom")
        yield home, camera


def share(place: Place, *scopes: str, **more: Any) -> str:
    """The secret of a link to the garden."""
    home, camera = place
    body = {"scopes": list(scopes), **more}
    link = home.call("POST", f"/api/cameras/{camera.id}/invitations", body, 201)["link"]
    return str(link.rpartition("/#/accept/")[2])


def guest_with(place: Place, *scopes: str, email: str, **more: Any) -> str:
    """A new account that came by a link; its token."""
    server = place[0].server
    body = {"email": email, "password": PASSWORD, "invitation": share(place, *scopes, **more)}
    assert server.call("POST", "/api/accounts", body)[0] == 201
    return server.sign_in(email, PASSWORD)


def grant_of(place: Place, email: str) -> str:
    home, camera = place
    grants = home.call("GET", f"/api/cameras/{camera.id}/grants")["grants"]
    return next(f"/api/grants/{grant['id']}" for grant in grants if grant["email"] == email)


def watching(place: Place) -> list[tuple[str, str]]:
    """Who watches now and by which way, as the owner is told."""
    home, camera = place
    return [(one["email"], one["way"]) for one in home.call("GET", f"/api/cameras/{camera.id}/viewers")["now"]]


async def until_still(page: Page) -> None:
    """No new picture for a second; fails where they go on."""
    for _ in range(STILL_WITHIN):
        if not await stamps(page, 1.0):
            return
    raise AssertionError("the picture goes on")


async def test_a_guest_sees_one_camera_until_it_is_revoked(place: Place, browser: Browser) -> None:
    home = place[0]
    guest_with(place, "live", email=GUEST)
    page = await new_page(browser)
    await sign_in(page, home.server.url, GUEST, PASSWORD)
    await page.get_by_role("link", name="Watch Garden").wait_for()
    assert await page.get_by_role("link", name="Watch").count() == 1
    assert not await page.get_by_text("Bedroom").count()
    await watch(page, "Garden")
    await moving(page)
    await until(lambda: watching(place) == [(GUEST, "direct")], "the guest among those who watch")
    home.call("DELETE", grant_of(place, GUEST), expect=204)
    await until_still(page)
    await until(lambda: watching(place) == [], "nobody watches")


@pytest.mark.parametrize("via", ["direct", "relay"])
async def test_a_viewer_that_will_not_stop_gets_nothing_more(place: Place, stack: AsyncExitStack, via: str) -> None:
    """Counted in packets: no page that hides the picture, but an end that no longer sends."""
    home, camera = place

    async def revoked(number: int) -> float:
        email = f"{via}{number}@example.org"
        token = guest_with(place, "live", email=email)
        peer = await stack.enter_async_context(signed_in(home.server.url, token))
        viewer = Stubborn()
        stack.push_async_callback(viewer.close)
        await viewer.begin(peer, camera.id, via)
        began = time.monotonic()
        await asyncio.to_thread(home.call, "DELETE", grant_of(place, email), None, 204)
        assert (await peer.expect("belvedere.close"))["params"]["session"] == viewer.session
        after = await viewer.silent_after(began)
        with pytest.raises(Fault) as refused:
            await peer.request("connect", peer=camera.id)
        assert refused.value.code == 403
        return after

    print(f"{via}: the last packet came {await within_the_promise(revoked):.2f} s after the owner said so")


async def test_a_grant_that_ends_by_itself(place: Place, stack: AsyncExitStack) -> None:
    home, camera = place

    async def ended(number: int) -> float:
        end = time.time() + 6
        email = f"brief{number}@example.org"
        token = guest_with(place, "live", email=email, grant_expires_at=rfc3339(end))
        peer = await stack.enter_async_context(signed_in(home.server.url, token))
        viewer = Stubborn()
        stack.push_async_callback(viewer.close)
        await viewer.begin(peer, camera.id, "direct")
        assert time.time() < end - 1, "there was time to see something"
        after = await viewer.silent_after(time.monotonic() + end - time.time())
        assert home.server.call("GET", "/api/cameras", None, token)[1]["cameras"] == []
        return after

    print(f"the last packet came {await within_the_promise(ended):.2f} s after the grant's end")


async def test_who_watched_is_told_though_the_server_was_killed(place: Place, stack: AsyncExitStack) -> None:
    home, camera = place
    email = "patient@example.org"
    token = guest_with(place, "live", email=email)
    async with signed_in(home.server.url, token) as peer:
        viewer = Stubborn()
        stack.push_async_callback(viewer.close)
        await viewer.begin(peer, camera.id, "direct")
        await asyncio.to_thread(home.server.kill)
    seen = viewer.packets
    await asyncio.to_thread(home.server.start)
    await asyncio.to_thread(home.wait_online, camera)
    await until(lambda: watching(place) == [(email, "direct")], "the viewing that went on")
    assert viewer.packets > seen
    home.call("DELETE", grant_of(place, email), expect=204)
    await until(lambda: watching(place) == [], "the end of it")
    # What has ended is told at once by a server that stops.
    await asyncio.to_thread(home.server.stop)
    await asyncio.to_thread(home.server.start)
    await asyncio.to_thread(home.wait_online, camera)
    told = home.call("GET", f"/api/cameras/{camera.id}/viewers")["earlier"]
    assert email in [one["email"] for one in told]


def test_a_guest_who_manages_renames_and_no_more(place: Place) -> None:
    home, camera = place
    token = guest_with(place, "manage", email="manager@example.org")
    path = f"/api/cameras/{camera.id}"

    def status(method: str, rest: str = "", body: Any = None) -> int:
        return home.server.call(method, path + rest, body, token)[0]

    assert status("PATCH", "", {"name": "Pond"}) == 200 and home.camera(camera.id)["name"] == "Pond"
    assert status("PATCH", "", {"name": "Garden"}) == 200
    assert status("DELETE") == 404
    assert status("POST", "/pairing", {"ssid": "x"}) == 404
    assert status("POST", "/invitations", {"scopes": ["live"]}) == 404
    assert status("GET", "/grants") == status("GET", "/viewers") == 404
    assert home.camera(camera.id)["online"]
