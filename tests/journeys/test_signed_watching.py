"""Watching a proven camera in a real browser: the picture is signed or sealed; where it is neither, there is none."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute

from tests.browser import home_page, moving, new_page, privacy, sign_in, watch
from tests.home import Household
from tests.journeys.test_pairing_proven import CHECKED, code_text, deeds, pair
from tests.patience import eventually

UNTRUSTED = "Somebody may stand between you and the camera, so no picture is shown."
UNSEALABLE = "This browser cannot open the encrypted video that comes over the relay."
NO_TRANSFORM = "delete window.RTCRtpScriptTransform"
Message = dict[str, Any]


async def paired(home: Household, browser: Browser, init: str | None = None) -> Page:
    """A profile whose camera has just been paired with proof, on the list of cameras."""
    page = await new_page(browser)
    if init:
        await page.add_init_script(init)
    await sign_in(page, home.server.url)
    pair(home, await code_text(page, "Cellar"))
    await page.get_by_text(CHECKED).wait_for()
    await page.get_by_role("button", name="Yes, this is mine").click()
    await home_page(page)
    return page


def by_relay(home: Household) -> None:
    home.call("PATCH", "/api/me", {"ways": "always_relay"})


async def test_signed_pictures_come_straight(home: Household, browser: Browser) -> None:
    page = await paired(home, browser)
    await watch(page, "Cellar")
    await moving(page)
    assert await privacy(page) == "signed"


async def test_sframe_pictures_come_over_the_relay(home: Household, browser: Browser) -> None:
    page = await paired(home, browser)
    by_relay(home)
    await watch(page, "Cellar")
    await moving(page)
    assert await privacy(page) == "sealed"


async def test_sframe_without_a_place_for_the_worker_is_refused_in_words(home: Household, browser: Browser) -> None:
    page = await paired(home, browser, NO_TRANSFORM)
    await watch(page, "Cellar")
    await moving(page)
    assert await privacy(page) == "signed", "straight it goes as ever"
    by_relay(home)
    await page.reload()
    await page.get_by_text(UNSEALABLE).wait_for()
    assert not await page.evaluate("theVideo()?.videoWidth ?? 0")


def swapped(message: Message) -> Message:
    """The offer of somebody who stands between, with the camera's own proof."""
    params = message["params"]
    at = params["offer"].index("sha-256 ") + len("sha-256 ")
    old = params["offer"][at : at + 2]
    new = "00" if old != "00" else "11"
    return message | {"params": params | {"offer": params["offer"].replace(f"sha-256 {old}", f"sha-256 {new}")}}


def unsigned(message: Message) -> Message:
    params = {name: value for name, value in message["params"].items() if name != "belvedere"}
    return message | {"params": params}


@pytest.mark.parametrize("lie", [swapped, unsigned])
async def test_swap_by_the_server_shows_no_picture_and_is_told(
    home: Household, browser: Browser, lie: Callable[[Message], Message]
) -> None:
    page = await paired(home, browser)

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def told(text: str | bytes) -> None:
            message = json.loads(text)
            socket.send(json.dumps(lie(message) if message.get("method") == "invite" else message))

        server.on_message(told)

    await page.route_web_socket("**/api/signaling", between)
    await page.reload()
    await home_page(page)
    await watch(page, "Cellar")
    await page.get_by_text(UNTRUSTED).wait_for()
    assert not await page.evaluate("theVideo()?.videoWidth ?? 0")
    await eventually(lambda: "session_mismatch" in deeds(home))
