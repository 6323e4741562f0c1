"""A browser that the web app itself has let in, and somebody who stands between it and its server.

page = await let_in(browser, home, phone)            # by the recovery code of an installation that belongs
await between(page, lie)                             # changes what passes over its signaling socket
"""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Browser, Page, WebSocketRoute

from signaling.protocol.identity import token_hash
from signaling.protocol.trust import statement
from signaling.protocol.trust.grant import ACCEPTANCE, Acceptance
from signaling.protocol.trust.introduction import KIND, Introduction
from signaling.protocol.trust.link import link_keys, link_proof
from signaling.protocol.trust.recovery import Recovery, write_recovery
from tests.browser import new_page, sign_in
from tests.home import Household
from tests.protected_home import Protected, granted
from tests.servers import EMAIL, PASSWORD
from tests.trust_viewer import Installation

Message = dict[str, Any]
Lie = Callable[[Message], list[Message]]
"""What arrives in place of a message."""

Prepare = Callable[[Page], Awaitable[None]]

VIEWER = """() => {
  // Of the element that shows the camera.
  const find = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.viewer?.phase) return element.viewer;
      const inner = element.shadowRoot && find(element.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  return find(document);
}"""
PACKETS = f"""async () => {{
  const report = await ({VIEWER})()?.connection?.getStats();
  const all = report ? [...report.values()] : [];
  return all.find(({{ kind, type }}) => type === 'inbound-rtp' && kind === 'video')?.packetsReceived ?? 0;
}}"""
RECEIVED_SECONDS = 30.0
"""For a page on a busy machine that tries again after a quarter of a minute without a picture."""
POLL_SECONDS = 0.2
LINK_BYTES = 16
ENOUGH_PACKETS = 200
"""Several groups of pictures: whatever can be shown of them was."""


def introduce(home: Household, phone: Installation, camera: Protected) -> None:
    """The owner's other devices learn of the camera by this one."""
    home.call("PUT", f"/api/cameras/{camera.id}/introduction", {"statement": _said_of(camera, phone, phone)}, 204)


def guest(
    home: Household, phone: Installation, camera: Protected, email: str, serial: int, **said: object
) -> Installation:
    """A new account with this address that came by a signed link, and the first device of its keyring."""
    friend, seed = Installation.first(), os.urandom(LINK_BYTES)
    link, call = link_keys(seed), home.server.call
    given = granted(phone, camera, statement.name_of(link.key), serial, link=True, **said)
    proof = link_proof(seed, camera.key, phone.ring_name, statement.digest(given))
    made = {"scopes": ["live"], "secret_hash": token_hash(link.secret), "grant": given, "link_proof": proof}
    home.call("POST", f"/api/cameras/{camera.id}/invitations", made, 201)
    assert call("POST", "/api/accounts", {"email": email, "password": PASSWORD, "invitation": link.secret})[0] == 201
    token = home.server.sign_in(email)
    assert call("POST", "/api/me/keyring", {"statement": friend.ring[0]}, token)[0] == 201
    grant = call("GET", f"/api/cameras/{camera.id}", None, token)[1]["access"]["grant"]
    taken = Acceptance(statement.digest(given), friend.ring_name, int(time.time()))
    accepted = {"statement": statement.sign(link.key, ACCEPTANCE, taken)}
    assert call("PUT", f"/api/grants/{grant}/acceptance", accepted, token)[0] == 204
    known = {"statement": _said_of(camera, friend, phone)}
    assert call("PUT", f"/api/cameras/{camera.id}/introduction", known, token)[0] == 204
    return friend


def _said_of(camera: Protected, who: Installation, owner: Installation) -> str:
    what = Introduction(who.ring_name, camera.id, camera.key, owner.ring_name, int(time.time()))
    return statement.sign(who.key, KIND, what)


async def let_in(
    browser: Browser,
    url: str,
    who: Installation,
    prepare: Prepare | None = None,
    *,
    email: str = EMAIL,
    password: str = PASSWORD,
) -> Page:
    """A page of a new profile, signed in, that belongs to the keyring of `who`; on the list of cameras.
    `prepare`: before anything is loaded."""
    page = await new_page(browser)
    if prepare is not None:
        await prepare(page)
    await sign_in(page, url, email, password)
    paper = write_recovery(Recovery(who.ring_name, who.key.private_bytes_raw()))
    await use_paper(page, url, paper)
    await page.goto(f"{url}/#/")
    return page


async def use_paper(page: Page, url: str, paper: str) -> None:
    """Types a recovery code where devices are let in."""
    await page.goto(f"{url}/#/account/devices")
    await page.get_by_text("I have a recovery code").click()
    await page.get_by_label("Recovery code, as it is printed").fill(paper)
    await page.get_by_role("button", name="Let this browser in").click()
    await page.get_by_text("This browser may watch now").wait_for()


def by_relay(home: Household, ways: str = "always_relay") -> None:
    """What the account allows from now on."""
    home.call("PATCH", "/api/me", {"ways": ways})


async def privacy(page: Page) -> str | None:
    """What protects the picture that shows."""
    found: str | None = await page.evaluate(f"() => ({VIEWER})()?.privacy ?? null")
    return found


async def between(page: Page, told: Lie, said: Lie = lambda message: [message]) -> None:
    """From the next load on. `told`: of the server's messages, `said`: of the page's."""

    def sit(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def down(text: str | bytes) -> None:
            for message in told(json.loads(text)):
                socket.send(json.dumps(message))

        def up(text: str | bytes) -> None:
            for message in said(json.loads(text)):
                server.send(json.dumps(message))

        server.on_message(down)
        socket.on_message(up)

    await page.route_web_socket("**/api/signaling", sit)


async def no_picture(page: Page) -> bool:
    """Whether no element of the page has decoded anything."""
    return not await page.evaluate("theVideo()?.videoWidth ?? 0")


async def received(page: Page) -> None:
    """Until so much has arrived that a picture would show."""
    deadline = time.monotonic() + RECEIVED_SECONDS
    while await page.evaluate(PACKETS) < ENOUGH_PACKETS:
        assert time.monotonic() < deadline, "nothing arrives"
        await asyncio.sleep(POLL_SECONDS)
