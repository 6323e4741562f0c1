"""What is revoked ends on media through a TURN server too: between homes that cannot meet, counted in the network."""

import asyncio
import time
from pathlib import Path
from typing import Literal

import pytest

from tests.journeys.stubborn import LOOK_SECONDS, QUIET_SECONDS, WATCHED_SECONDS, within_the_promise
from tests.natlab import picture
from tests.natlab.lab import Lab
from tests.natlab.product import Product, product
from tests.natlab.watching import Person, person
from tests.natlab.way import SHARE, TURN
from tests.servers import EMAIL, PASSWORD

pytestmark = [pytest.mark.namespace, pytest.mark.browser]

Right = Literal["session", "grant"]
DELAY_MS = 10.0
WILL_NOT_STOP = "RTCPeerConnection.prototype.close = () => {}"
"""What still comes to such a page is what the camera sends."""
MEDIA_BYTES_PER_SECOND = 30_000
"""Less than half of what the source gives; checks and refreshes are a few hundred."""


@pytest.mark.parametrize("right", ["session", "grant"])
async def test_revoked_media_over_turn_ends_within_the_promise(right: Right, tmp_path: Path) -> None:
    with (
        Lab("symmetric", "symmetric", delay_ms=DELAY_MS) as lab,
        product(lab, tmp_path / "product", relay=False, turn=True) as running,
    ):

        async def revoked(number: int) -> float:
            email = EMAIL if right == "session" else guest(running, f"guest{number}@example.org")
            async with person(lab.viewer, tmp_path, email) as who:
                await who.page.evaluate(WILL_NOT_STOP)
                await sees_by_turn(running, who)
                began = time.monotonic()
                await asyncio.to_thread(revoke, running, right)
                return await silent_after(lab, began)

        print(f"{right}: the camera sent the last of it {await within_the_promise(revoked):.2f} s after the request")


async def sees_by_turn(running: Product, who: Person) -> None:
    """A picture, whose bytes go through coturn and no other way."""
    assert await who.click() is not None, picture.logs(running)
    running.lab.clear_counts()
    began = time.monotonic()
    assert await who.pictures(picture.WINDOW_SECONDS) > 0, picture.logs(running)
    least = MEDIA_BYTES_PER_SECOND * (time.monotonic() - began)
    for leg in (picture.sent(running.lab), picture.received(running.lab)):
        assert leg.amount(TURN) > least and leg.share_of(TURN) > SHARE, str(leg)


async def silent_after(lab: Lab, began: float) -> float:
    """Seconds from `began` to the last byte that the camera sent to coturn, of which it wants nothing but media."""
    sent, last = -1, began
    while True:
        before, sent = sent, picture.sent(lab).amount(TURN)
        now = time.monotonic()
        last = now if sent > before else last
        if now - last > QUIET_SECONDS or now - began > WATCHED_SECONDS:
            return last - began
        await asyncio.sleep(LOOK_SECONDS)


def guest(running: Product, email: str) -> str:
    """Somebody with whom the camera is shared."""
    home, path = running.home, f"/api/cameras/{running.camera.id}/invitations"
    link = home.call("POST", path, {"scopes": ["live"]}, 201)["link"]
    body = {"email": email, "password": PASSWORD, "invitation": link.rpartition("/")[2]}
    status, answer = running.server.call("POST", "/api/accounts", body)
    assert status == 201, answer
    return email


def revoke(running: Product, right: Right) -> None:
    """All sessions but ours, or all grants."""
    home = running.home
    if right == "session":
        ended = [
            f"/api/sessions/{one['id']}" for one in home.call("GET", "/api/sessions")["sessions"] if not one["current"]
        ]
    else:
        grants = home.call("GET", f"/api/cameras/{running.camera.id}/grants")["grants"]
        ended = [f"/api/grants/{one['id']}" for one in grants]
    assert ended
    for path in ended:
        home.call("DELETE", path, expect=204)
