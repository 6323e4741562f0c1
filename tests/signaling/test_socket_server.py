"""The signaling socket of the whole server: real accounts, real pairing, real revocation, a real kill -9."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.server import Running
from tests.servers import belvedere
from tests.signaling.api import Api, Documented
from tests.signaling.device import Device
from tests.signaling.test_client import Recorder
from tests.signaling.test_client import running as client_running
from tests.signaling.viewer_client import Fault, WirePeer, connected

SOCKET = "/api/signaling"
WITHIN_SECONDS = 1.0
"""How soon a revocation acts (DESIGN §5)."""


async def paired(owner: Api) -> tuple[str, Device]:
    """A camera that has activated: id and the device."""
    camera, token = await owner.add_camera()
    device = Device(owner)
    await device.activate(token)
    return camera, device


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that another task writes down."""
    for _ in range(500):
        if await check():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


@asynccontextmanager
async def both(owner: Api, camera: str, device: Device) -> AsyncIterator[tuple[WirePeer, WirePeer, str, str]]:
    """Camera and viewer with media flowing: the two peers, the session, its ticket."""
    url = owner.origin + SOCKET
    async with AsyncExitStack() as stack:
        peer = await stack.enter_async_context(connected(url, device.authorization(camera)))
        await peer.register()
        viewer = await stack.enter_async_context(connected(url, f"Bearer {owner.token}"))
        await viewer.register()
        result = await viewer.request("connect", peer=camera)
        offering = asyncio.create_task(peer.request("invite", session=result["session"], offer="v=0"))
        await viewer.reply(await viewer.expect("invite"), answer="v=0 a")
        await offering
        yield peer, viewer, result["session"], result["belvedere"]["ticket"]


async def test_from_pairing_to_the_first_picture(running: Running, owner: Api) -> None:
    camera, device = await paired(owner)
    async with both(owner, camera, device) as (peer, viewer, session, _):
        await peer.tell("belvedere.event", name="wifi_password_wrong", detail="twice")
        await viewer.tell("belvedere.stats", session=session, firstFrameMs=80, way="direct")

        async def all_told() -> bool:
            shown = await owner.camera(camera)
            seen = shown["first_frame"] and shown["online"] and shown["pairing"]["step"] == "first_frame"
            return bool(seen and shown["problem"] and shown["problem"]["code"] == "wifi_password_wrong")

        await until(all_told)

    async def offline() -> bool:
        return not (await owner.camera(camera))["online"]

    await until(offline)


async def test_a_device_token_is_good_once(owner: Api) -> None:
    camera, device = await paired(owner)
    once = device.authorization(camera)
    async with connected(owner.origin + SOCKET, once) as peer:
        assert (await peer.register())["id"] == camera
    async with connected(owner.origin + SOCKET, once) as thief:
        with pytest.raises(Fault, match="401"):
            await thief.register()


async def test_nobody_else_may_watch(running: Running, owner: Api) -> None:
    camera, device = await paired(owner)
    other = owner.another()
    await other.register(await owner.invite(), email="other@example.org")
    async with both(owner, camera, device), connected(owner.origin + SOCKET, f"Bearer {other.token}") as viewer:
        await viewer.register()
        for name in (camera, "nowhere"):
            with pytest.raises(Fault, match="403"):
                await viewer.request("connect", peer=name)


async def test_a_ticket_reaches_its_camera_and_no_other(owner: Api) -> None:
    camera, device = await paired(owner)
    second, _ = await paired(owner)
    async with both(owner, camera, device) as (_, _, session, held):
        for name, taken in ((second, []), (camera, [session])):
            ticket = (await owner.good("POST", "/api/socket-tickets", {"camera": name}))["ticket"]
            async with connected(owner.origin + SOCKET) as page:
                answer = await page.register(f"Ticket {ticket}", belvedere={"tickets": [held]})
                assert answer.get("belvedere", {}).get("adopted", []) == taken
                if not taken:
                    with pytest.raises(Fault, match="403"):
                        await page.request("connect", peer=camera)


async def test_a_ticket_and_the_cookie_open_the_socket(owner: Api) -> None:
    camera, _ = await paired(owner)
    ticket = (await owner.good("POST", "/api/socket-tickets", {"camera": camera}))["ticket"]
    async with connected(owner.origin + SOCKET) as viewer:
        await viewer.register(authorization=f"Ticket {ticket}")
    async with connected(owner.origin + SOCKET) as viewer:
        with pytest.raises(Fault, match="401"):
            await viewer.register(authorization=f"Ticket {ticket}")
    body = {"email": "owner@example.org", "password": "correct horse battery", "cookie": True}
    answer = await owner.call("POST", "/api/sessions", body, headers={"Origin": owner.origin})
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    async with connected(owner.origin + SOCKET, headers={"Cookie": cookie}, origin=owner.origin) as viewer:
        await viewer.register()
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        async with connected(owner.origin + SOCKET, headers={"Cookie": cookie}, origin="http://evil.example"):
            pass


async def test_who_is_not_let_in_reads_why(owner: Api) -> None:
    async with owner.http.get(owner.origin + SOCKET) as answer:
        problem = await answer.json()
    assert (answer.status, problem["code"]) == (400, "invalid_request")
    assert "webrtc.onvif.org" in problem["detail"]


@pytest.mark.parametrize("how", ["logout", "password"])
async def test_signing_out_ends_socket_and_media_within_a_second(owner: Api, how: str) -> None:
    camera, device = await paired(owner)
    async with both(owner, camera, device) as (peer, viewer, session, _):
        if how == "logout":
            await owner.good("DELETE", "/api/sessions/current")
        else:
            watching = owner.token
            await owner.sign_in()
            assert owner.token != watching
            change = {"current_password": "correct horse battery", "new_password": "another horse battery"}
            await owner.good("PUT", "/api/me/password", change)
        async with asyncio.timeout(WITHIN_SECONDS):
            assert (await peer.expect("belvedere.close"))["params"]["session"] == session
            assert await viewer.closed() == 4401


async def test_removing_a_camera_ends_its_socket_and_media_within_a_second(owner: Api) -> None:
    camera, device = await paired(owner)
    async with both(owner, camera, device) as (peer, viewer, session, _):
        await owner.good("DELETE", f"/api/cameras/{camera}")
        async with asyncio.timeout(WITHIN_SECONDS):
            assert (await viewer.expect("belvedere.close"))["params"]["session"] == session
            assert await peer.closed() == 4401
    async with connected(owner.origin + SOCKET, device.authorization(camera)) as peer:
        with pytest.raises(Fault, match="401"):
            await peer.register()


async def test_pairing_anew_shuts_the_old_key_out(owner: Api) -> None:
    camera, old = await paired(owner)
    async with both(owner, camera, old) as (peer, *_):
        token = (await owner.good("POST", f"/api/cameras/{camera}/pairing", {}))["pairing"]["token"]
        assert not peer.ws.closed
        new = Device(owner)
        await new.activate(token)
        async with asyncio.timeout(WITHIN_SECONDS):
            assert await peer.closed() == 4401
        async with connected(owner.origin + SOCKET, new.authorization(camera)) as peer:
            assert (await peer.register())["id"] == camera


async def test_a_kill_in_the_middle_of_watching_and_both_go_on(tmp_path: Path) -> None:
    with belvedere(tmp_path) as server:
        async with aiohttp.ClientSession() as http:
            async with http.get(server.url + "/api/openapi.json") as answer:
                owner = Api(server.url, http, Documented(await answer.json()))
            await owner.register(server.invitation)
            camera, device = await paired(owner)
            recorder = Recorder()
            authorization: dict[str, Any] = {"authorization": lambda: device.authorization(camera)}
            async with client_running(server.url + SOCKET, recorder, **authorization) as client:
                await recorder.saw("connected")
                async with connected(server.url + SOCKET, f"Bearer {owner.token}") as viewer:
                    await viewer.register()
                    result = await viewer.request("connect", peer=camera)
                    offering = asyncio.create_task(client.invite(result["session"], "v=0"))
                    await viewer.reply(await viewer.expect("invite"), answer="v=0 a")
                    await offering
                    await asyncio.to_thread(server.kill)
                    await viewer.closed()
                await asyncio.to_thread(server.start)
                registered = await recorder.saw("connected", 2)
                assert registered.belvedere.adopted == [result["session"]]
                async with connected(server.url + SOCKET, f"Bearer {owner.token}") as viewer:
                    again = await viewer.register(belvedere={"tickets": [result["belvedere"]["ticket"]]})
                    assert again["belvedere"]["adopted"] == [result["session"]]
                    assert (await viewer.request("extend", session=result["session"]))["expiryTimeSeconds"] > 3500
                    await viewer.tell("belvedere.close", session=result["session"], reason="enough")
                    assert await recorder.saw("close") == (result["session"], "enough")
        secrets = (owner.token, result["belvedere"]["ticket"], json.dumps(device.public_key))
        assert not [secret for secret in secrets if secret in server.output]
