"""A server that wants a proven camera's picture unprotected: whatever it says, strips or shows again, there is none."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route

from tests.browser import chromium, home_page, moving, new_page, sign_in
from tests.home import household
from tests.journeys.test_signed_sessions import Place
from tests.journeys.watching import Message, between, by_relay, introduce, let_in, no_picture, privacy, received
from tests.protected_home import add_protected, own

UNTRUSTED = "Somebody may stand between you and the camera, so no picture is shown."
STRANGER = "The camera does not know this browser."
INSECURE = "This page came without encryption, so it cannot check who sends the picture."
NAME = "belvedere.test"
"""Reached by plain HTTP it is no secure context."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Beside the proven garden there is a porch that believes the server: what it sends is clear."""
    with household(tmp_path_factory.mktemp("forced")) as home:
        phone = own(home)
        made = Place(home, phone, add_protected(home, phone, "Garden"))
        introduce(home, phone, made.garden)
        home.add_camera("Porch")
        yield made


@dataclass
class Server:
    """What stands between page and server. `peer`: the camera that the page gets instead, by clear frames. `via`: how
    it calls the way. `bare`: whether it keeps back who the page is. `letter`: what it says the camera has said."""

    peer: str | None = None
    via: str | None = None
    bare: bool = False
    letter: str | None = None
    heard: list[str] = field(default_factory=list)
    asked: set[object] = field(default_factory=set)

    def said(self, message: Message) -> list[Message]:
        """By the page."""
        if message.get("method") == "connect":
            self.asked.add(message["id"])
            if self.bare or self.peer:
                message["params"].get("belvedere", {}).pop("trust", None)
            message["params"]["peer"] = self.peer or message["params"]["peer"]
        return [message]

    def told(self, message: Message) -> list[Message]:
        """By the real server."""
        if message.get("method") == "belvedere.envelope":
            self.heard.append(message["params"]["envelope"])
        if message.get("id") not in self.asked or "result" not in message:
            return [message]
        self.asked.discard(message["id"])
        if self.via:
            message["result"]["belvedere"]["via"] = self.via
        return [message, *self.letters(message["result"]["session"])]

    def letters(self, session: str) -> list[Message]:
        if self.letter is None:
            return []
        params = {"session": session, "envelope": self.letter}
        return [{"jsonrpc": "2.0", "method": "belvedere.envelope", "params": params}]


def porch(place: Place) -> str:
    return place.home.cameras[-1].id


async def opened(page: Page, place: Place) -> None:
    """The garden's page, loaded anew."""
    await page.goto("about:blank")
    await page.goto(f"{place.home.server.url}/#/camera/{place.garden.id}")


async def refused(page: Page, place: Place, server: Server, lie: dict[str, Any], words: str | None) -> None:
    """Tells this lie from now on. `words`: on the page; None: enough arrives, and nothing of it is shown."""
    for name, value in (vars(Server()) | lie).items():
        setattr(server, name, value)
    await opened(page, place)
    await (received(page) if words is None else page.get_by_text(words).wait_for())
    assert await no_picture(page), lie


async def test_swap_for_clear_frames_shows_none_of_them(place: Place, browser: Browser) -> None:
    server = Server()
    page = await let_in(browser, place.home.server.url, place.phone)
    await between(page, server.told, server.said)
    by_relay(place.home)
    place.order(standard=True)
    await opened(page, place)
    await moving(page)
    assert await privacy(page) == "standard"
    [plain] = server.heard[-1:]
    place.order()
    other = {"peer": porch(place)}
    await refused(page, place, server, {"bare": True}, STRANGER)
    await refused(page, place, server, other, None)
    await refused(page, place, server, other | {"letter": plain}, UNTRUSTED)
    await refused(page, place, server, other | {"via": "direct"}, UNTRUSTED)
    by_relay(place.home, "auto")
    await refused(page, place, server, {"bare": True}, STRANGER)
    await refused(page, place, server, other, UNTRUSTED)
    await refused(page, place, server, other | {"via": "relay"}, None)
    await refused(page, place, server, other | {"via": "relay", "letter": plain}, UNTRUSTED)
    for name, value in vars(Server()).items():
        setattr(server, name, value)
    await opened(page, place)
    await moving(page)
    assert await privacy(page) == "signed"


async def hide(route: Route) -> None:
    """Says of every camera that it has proven nothing."""
    if route.request.method != "GET":
        await route.continue_()
        return
    answer = await route.fetch()
    said = await answer.json()
    none = {"pairing_proof": None, "introduction": None, "protected": False, "chain": [], "owner_keyring": []}
    if route.request.url.endswith("/trust"):
        await route.fulfill(response=answer, json=said | none)
    else:
        listed = json.dumps(said).replace('"protected": true', '"protected": false')
        await route.fulfill(response=answer, body=listed)


async def hiding(page: Page) -> None:
    await page.route("**/api/cameras**", hide)
    await page.route("**/trust", hide)


@pytest.mark.parametrize(("ways", "protection"), [("always_relay", "sealed"), ("auto", "signed")])
async def test_signed_is_what_a_browser_knows_however_the_server_calls_the_camera(
    place: Place, browser: Browser, ways: str, protection: str
) -> None:
    by_relay(place.home, ways)
    page = await let_in(browser, place.home.server.url, place.phone)
    await opened(page, place)
    await moving(page)
    await hiding(page)
    await opened(page, place)
    await moving(page)
    assert await privacy(page) == protection


async def test_signed_is_nothing_to_a_new_device_whose_server_hides_it(place: Place, browser: Browser) -> None:
    """It asks a person, and shows nothing by itself."""
    by_relay(place.home, "auto")
    page = await let_in(browser, place.home.server.url, place.phone, hiding)
    await opened(page, place)
    await page.get_by_text(STRANGER).wait_for()
    assert await no_picture(page)


async def rename(route: Route) -> None:
    """Says that somebody else is signed in, who has no keyring."""
    if route.request.url.endswith("/keyring"):
        await route.fulfill(json={"statements": []})
        return
    answer = await route.fetch()
    await route.fulfill(response=answer, json=await answer.json() | {"id": "f" * 32, "email": "other@example.org"})


async def test_signed_is_what_a_browser_with_keys_wants_whoever_the_server_says_it_is(
    place: Place, browser: Browser
) -> None:
    """It shows nothing to an account of which it has no keys, before a person says that it is theirs."""
    by_relay(place.home, "auto")
    page = await let_in(browser, place.home.server.url, place.phone)
    server = Server(peer=porch(place))
    await between(page, server.told, server.said)
    await hiding(page)
    await page.route(re.compile("/api/me(/keyring)?$"), rename)
    await opened(page, place)
    await page.get_by_text("calls yours now: other@example.org").wait_for()
    assert not server.asked and await no_picture(page)
    await page.get_by_role("button", name="It is mine: trust this server").click()
    await moving(page)
    assert await privacy(page) == "server"
    await opened(page, place)
    await moving(page)


@pytest.mark.parametrize("ways", ["auto", "always_relay"])
async def test_signed_pictures_are_refused_in_words_without_a_secure_context(place: Place, ways: str) -> None:
    by_relay(place.home, ways)
    async with chromium(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as browser:
        page = await new_page(browser)
        url = f"http://{NAME}:{place.home.server.port}"
        await sign_in(page, url)
        assert await page.evaluate("[isSecureContext, crypto.subtle === undefined]") == [False, True]
        await page.goto(f"{url}/#/camera/{place.garden.id}")
        await page.get_by_text(INSECURE).wait_for()
        assert await no_picture(page)
        await page.goto(f"{url}/#/")
        await home_page(page)
        await page.get_by_text("This page came without encryption, where browsers prove nothing.").wait_for()
