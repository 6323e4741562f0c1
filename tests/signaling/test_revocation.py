"""Revocation reaches open WebSockets within a second: logout, new password, camera removed or refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.server import Running, serving
from tests.servers import RedisServer
from tests.signaling.api import PASSWORD, Api
from tests.signaling.device import Device
from tests.signaling.helpers import api_of, quick_settings, secret_of

PROMISE_SECONDS = 1.0


@pytest.fixture(params=["memory", "redis"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    """The promise holds on both back ends of the live state."""
    url = ""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        url = server.url
    async with serving(quick_settings(tmp_path, redis_url=url)) as server_running:
        yield server_running


@pytest.fixture
async def owner(running: Running, http: aiohttp.ClientSession) -> Api:
    api = await api_of(running, http)
    await api.register(secret_of(running))
    return api


async def registered(api: Api, authorization: str) -> aiohttp.ClientWebSocketResponse:
    """An open signaling socket of a device or a viewer."""
    ws = await api.http.ws_connect(
        api.origin + "/api/signaling", protocols=["webrtc.onvif.org"], headers={"Authorization": authorization}
    )
    await ws.send_str(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "register", "params": {}}))
    answer: dict[str, Any] = json.loads((await ws.receive(timeout=5)).data)
    assert "result" in answer, answer
    return ws


async def ends_in_time(ws: aiohttp.ClientWebSocketResponse) -> bool:
    async with asyncio.timeout(PROMISE_SECONDS):
        while not ws.closed:
            await ws.receive()
    return True


async def online_camera(owner: Api) -> tuple[str, Device, aiohttp.ClientWebSocketResponse]:
    camera, token = await owner.add_camera()
    device = Device(owner)
    await device.activate(token)
    return camera, device, await registered(owner, device.authorization(camera))


async def until_online(owner: Api, camera: str, wanted: bool) -> dict[str, Any]:
    """Polls, as an app without event stream does."""
    async with asyncio.timeout(30):
        while True:
            shown = await owner.camera(camera)
            if shown["online"] is wanted:
                return dict(shown)
            await asyncio.sleep(0.02)


async def test_a_connected_camera_is_online_until_it_goes(owner: Api) -> None:
    camera, _, ws = await online_camera(owner)
    assert (await until_online(owner, camera, True))["pairing"]["step"] in {"activated", "online"}
    await ws.close()
    assert (await until_online(owner, camera, False))["last_seen_at"] is not None


@pytest.mark.parametrize("action", ["logout", "all", "one", "password", "delete"])
async def test_the_end_of_a_login_closes_its_sockets(owner: Api, action: str) -> None:
    other = owner.another()
    await other.sign_in()
    ws = await registered(owner, f"Bearer {owner.token}")
    if action == "logout":
        await owner.good("DELETE", "/api/sessions/current")
    elif action == "all":
        await other.good("DELETE", "/api/sessions")
    elif action == "one":
        listed = (await other.good("GET", "/api/sessions"))["sessions"]
        (session,) = [session["id"] for session in listed if not session["current"]]
        await other.good("DELETE", f"/api/sessions/{session}")
    elif action == "delete":
        await other.good("DELETE", "/api/me", {"password": PASSWORD})
    else:
        body = {"current_password": PASSWORD, "new_password": "another horse battery"}
        await other.good("PUT", "/api/me/password", body)
    assert await ends_in_time(ws)


@pytest.mark.parametrize("action", ["remove", "refuse", "token", "pair again", "delete account"])
async def test_a_revoked_camera_loses_its_socket(owner: Api, action: str) -> None:
    camera, _, ws = await online_camera(owner)
    path = f"/api/cameras/{camera}"
    if action == "remove":
        await owner.good("DELETE", path)
    elif action == "refuse":
        await owner.good("POST", path + "/confirm", {"mine": False})
    elif action == "delete account":
        await owner.good("DELETE", "/api/me", {"password": PASSWORD})
    elif action == "token":
        await owner.good("POST", path + "/token")
    else:
        token = (await owner.good("POST", path + "/pairing", {}))["pairing"]["token"]
        assert not ws.closed
        await Device(owner).activate(token)
    assert await ends_in_time(ws)


async def test_other_sockets_stay(owner: Api) -> None:
    kept, _, ws = await online_camera(owner)
    removed, _, gone = await online_camera(owner)
    await owner.good("DELETE", f"/api/cameras/{removed}")
    assert await ends_in_time(gone)
    await until_online(owner, kept, True)
    assert not ws.closed
    await ws.close()
