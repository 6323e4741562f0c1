"""A page of another site opens no signaling socket, whatever it brings; one that the operator named does, by ticket."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from signaling.server import serving
from signaling.tokens import COOKIE
from tests.signaling.api import Api
from tests.signaling.device import Device
from tests.signaling.helpers import api_of, quick_settings, secret_of
from tests.signaling.sharing import confirmed_camera
from tests.signaling.viewer_client import Fault, connected

FRIEND = "https://friend.example"
FOREIGN = (
    "http://evil.example",
    "https://evil.example",
    "null",
    "",
    "http://127.0.0.1",
    "https://[",
    f"{FRIEND}.evil.example",
)

UPGRADE = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
UPGRADE += [("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="), ("Sec-WebSocket-Protocol", "webrtc.onvif.org")]


@pytest.fixture
async def owner(tmp_path: Path, http: aiohttp.ClientSession) -> AsyncIterator[Api]:
    async with serving(quick_settings(tmp_path, allowed_origins=(FRIEND,))) as server:
        api = await api_of(server, http)
        await api.register(secret_of(server))
        yield api


async def credentials(owner: Api, camera: str, device: Device) -> list[dict[str, str]]:
    """Headers of everybody who may open a socket, and of nobody."""
    ticket = (await owner.good("POST", "/api/socket-tickets", {"camera": camera}))["ticket"]
    texts = (f"Bearer {owner.token}", device.authorization(camera), f"Ticket {ticket}")
    return [{}, {"Cookie": f"{COOKIE}={owner.token}"}, *({"Authorization": text} for text in texts)]


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_page_opens_none_whatever_it_brings(owner: Api, origin: str) -> None:
    camera, device = await confirmed_camera(owner)
    for headers in await credentials(owner, camera, device):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with connected(owner.origin + "/api/signaling", headers=headers | {"Origin": origin}):
                pass
        assert refused.value.status == 403, headers


async def test_two_origins_are_none(owner: Api) -> None:
    both = [("Origin", owner.origin), ("Origin", "https://evil.example")]
    for headers in (both, both[::-1]):
        answer = await owner.http.get(owner.origin + "/api/signaling", headers=[*headers, *UPGRADE])
        assert answer.status == 403 and (await answer.json())["code"] == "origin_refused"


async def test_devices_and_apps_send_none(owner: Api) -> None:
    camera, device = await confirmed_camera(owner)
    for text in (f"Bearer {owner.token}", device.authorization(camera)):
        async with connected(owner.origin + "/api/signaling", text) as peer:
            await peer.register()


async def test_a_named_page_watches_by_ticket_and_our_own_by_cookie(owner: Api) -> None:
    camera, device = await confirmed_camera(owner)
    url = owner.origin + "/api/signaling"
    ticket = (await owner.good("POST", "/api/socket-tickets", {"camera": camera}))["ticket"]
    cookie = {"Cookie": f"{COOKIE}={owner.token}"}
    async with connected(url, device.authorization(camera)) as peer:
        await peer.register()
        async with connected(url, headers=cookie, origin=FRIEND) as page:
            with pytest.raises(Fault, match="401"):
                await page.register()  # our cookie is none of its credentials
        async with connected(url, origin=FRIEND) as page:
            await page.register(f"Ticket {ticket}")
            await page.request("connect", peer=camera)
        async with connected(url, headers=cookie, origin=owner.origin) as page:
            await page.register()
            await page.request("connect", peer=camera)
