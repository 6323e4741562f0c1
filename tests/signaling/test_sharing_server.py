"""A shared camera at the whole server: whatever ends the right to watch ends the media, on both back ends."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.gate import Viewer
from signaling.http import events
from signaling.http.call import rfc3339
from signaling.server import Running, serving
from tests.patience import eventually
from tests.servers import RedisServer
from tests.signaling.api import EMAIL, PASSWORD, Api
from tests.signaling.device import Device
from tests.signaling.helpers import api_of, quick_settings, secret_of
from tests.signaling.sharing import GUEST, account_id, confirmed_camera, grants, guest_of, link
from tests.signaling.test_socket_server import SOCKET, WITHIN_SECONDS
from tests.signaling.viewer_client import Fault, WirePeer, connected


@pytest.fixture(params=["memory", "redis"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    url = ""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        url = server.url
    async with serving(quick_settings(tmp_path, redis_url=url)) as server_running:
        yield server_running


@dataclass
class Scene:
    """A guest and the owner watch the owner's camera, each in a session of their own."""

    running: Running
    owner: Api
    guest: Api
    camera: str
    key: Device
    device: WirePeer
    viewer: WirePeer
    session: str
    kept: str
    stack: AsyncExitStack

    async def grant(self) -> str:
        return str((await grants(self.owner, self.camera))["grants"][0]["id"])


async def registered(stack: AsyncExitStack, api: Api, authorization: str) -> WirePeer:
    peer = await stack.enter_async_context(connected(api.origin + SOCKET, authorization))
    await peer.register()
    return peer


async def flowing(device: WirePeer, viewer: WirePeer, camera: str) -> str:
    session = str((await viewer.request("connect", peer=camera))["session"])
    offering = asyncio.create_task(device.request("invite", session=session, offer="v=0"))
    await viewer.reply(await viewer.expect("invite"), answer="v=0 a")
    await offering
    return session


@pytest.fixture
async def scene(running: Running, http: aiohttp.ClientSession) -> AsyncIterator[Scene]:
    owner = await api_of(running, http)
    await owner.register(secret_of(running))
    camera, key = await confirmed_camera(owner)
    guest = await guest_of(owner, camera, "live", "manage")
    async with AsyncExitStack() as stack:
        device = await registered(stack, owner, key.authorization(camera))
        viewer = await registered(stack, guest, f"Bearer {guest.token}")
        own = await registered(stack, owner, f"Bearer {owner.token}")
        session, kept = await flowing(device, viewer, camera), await flowing(device, own, camera)
        yield Scene(running, owner, guest, camera, key, device, viewer, session, kept, stack)


async def revoke(scene: Scene) -> None:
    await scene.owner.good("DELETE", f"/api/grants/{await scene.grant()}")


async def leave(scene: Scene) -> None:
    await scene.guest.good("DELETE", f"/api/grants/{await scene.grant()}")


async def end_now(scene: Scene) -> None:
    body = {"expires_at": rfc3339(time.time() - 1)}
    await scene.owner.good("PATCH", f"/api/grants/{await scene.grant()}", body)


async def take_live_away(scene: Scene) -> None:
    await scene.owner.good("PATCH", f"/api/grants/{await scene.grant()}", {"scopes": ["manage"]})


async def delete_guest(scene: Scene) -> None:
    assert (await scene.guest.call("DELETE", "/api/me", {"password": PASSWORD})).status == 204


async def end_soon(scene: Scene) -> None:
    """By the clock alone: the lease ends, nobody announces it."""
    end = float(int(time.time()) + 2)
    await scene.owner.good("PATCH", f"/api/grants/{await scene.grant()}", {"expires_at": rfc3339(end)})
    await asyncio.sleep(end - time.time())


@pytest.mark.parametrize("end", [revoke, leave, end_now, take_live_away, delete_guest, end_soon])
async def test_the_end_of_the_right_is_the_end_of_the_media(
    scene: Scene, end: Callable[[Scene], Awaitable[None]]
) -> None:
    await end(scene)
    async with asyncio.timeout(WITHIN_SECONDS):
        assert (await scene.device.expect("belvedere.close"))["params"]["session"] == scene.session
    viewer = Viewer("nobody", "", time.time())
    assert await scene.running.services.gate.may_watch(viewer, scene.camera) is None
    if end is not delete_guest:
        assert (await scene.viewer.expect("belvedere.close"))["params"]["session"] == scene.session
        with pytest.raises(Fault) as refused:
            await scene.viewer.request("connect", peer=scene.camera)
        assert refused.value.code == 403
    now = await scene.owner.good("GET", f"/api/cameras/{scene.camera}/viewers")
    assert [one["email"] for one in now["now"]] == [EMAIL]


async def test_a_guest_who_deletes_the_account_has_left(scene: Scene) -> None:
    await delete_guest(scene)
    entries = (await scene.owner.good("GET", f"/api/audit?camera={scene.camera}"))["entries"]
    assert [entry["details"]["guest"] for entry in entries if entry["deed"] == "guest_left"] == [GUEST]
    assert (await grants(scene.owner, scene.camera))["grants"] == []


async def test_another_change_disturbs_nobody(scene: Scene) -> None:
    grant = f"/api/grants/{await scene.grant()}"
    await scene.owner.good("PATCH", grant, {"scopes": ["live"], "expires_at": rfc3339(time.time() + 7200)})
    await scene.owner.good("PATCH", f"/api/cameras/{scene.camera}", {"name": "Pond"})
    assert "expiryTimeSeconds" in await extended(scene)
    assert not [m for m in scene.device.inbox if m.get("method") == "belvedere.close"]


async def extended(scene: Scene) -> dict[str, object]:
    asking = asyncio.create_task(scene.viewer.request("extend", session=scene.session))
    await scene.device.reply(await scene.device.expect("extend"))
    return await asking


async def test_paired_anew_the_camera_is_its_owners_alone(scene: Scene) -> None:
    token = (await scene.owner.good("POST", f"/api/cameras/{scene.camera}/pairing", {}))["pairing"]["token"]
    fresh = Device(scene.owner)
    await fresh.activate(token)
    await scene.device.closed()
    await registered(scene.stack, scene.owner, fresh.authorization(scene.camera))
    with pytest.raises(Fault) as refused:
        await scene.viewer.request("connect", peer=scene.camera)
    assert refused.value.code == 403
    await scene.owner.good("POST", f"/api/cameras/{scene.camera}/confirm", {"mine": True})
    assert "session" in await scene.viewer.request("connect", peer=scene.camera)


async def test_the_ticket_of_a_revoked_grant_is_not_adopted(scene: Scene) -> None:
    """The camera was away at the time, and its media went on; it hears when it returns."""
    tickets = [
        message["params"]["belvedere"]["ticket"] for message in scene.device.inbox if message.get("method") == "connect"
    ]
    scene.device.ws._response.close()  # type: ignore[attr-defined]  # cut, not closed
    await scene.device.closed()
    await revoke(scene)
    again = await scene.stack.enter_async_context(
        connected(scene.owner.origin + SOCKET, scene.key.authorization(scene.camera))
    )
    result = await again.register(belvedere={"tickets": tickets})
    assert result["belvedere"]["adopted"] == [scene.kept]
    assert (await again.expect("belvedere.close"))["params"]["session"] == scene.session


async def test_the_owner_sees_who_watches_and_who_watched(scene: Scene) -> None:
    path = f"/api/cameras/{scene.camera}/viewers"
    seen = await scene.owner.good("GET", path)
    assert [(one["email"], one["way"]) for one in seen["now"]] == [(GUEST, "direct"), (EMAIL, "direct")]
    assert seen["earlier"] == []
    assert (await scene.guest.call("GET", path)).code == "not_found"
    await scene.viewer.tell("belvedere.close", session=scene.session)
    viewings = scene.running.services.watch_log.viewings
    await eventually(lambda: len(viewings.running(scene.camera)) == 1)
    await scene.running.services.watch_log.close()
    own, told = (await scene.owner.good("GET", path))["earlier"]
    assert (told["email"], told["way"]) == (GUEST, "direct") and told["began_at"] <= told["ended_at"]
    assert own["email"] == EMAIL, "who watches while the server stops has watched until then"
    entry = (await scene.owner.good("GET", f"/api/audit?camera={scene.camera}&limit=2"))["entries"][1]
    assert (entry["deed"], entry["by"], entry["details"]["viewer"]) == ("watched", GUEST, GUEST)
    assert "watched" not in str(await scene.guest.good("GET", "/api/audit"))


async def test_who_watched_when_the_server_stopped_and_left_meanwhile_has_watched(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    async with AsyncExitStack() as stack, serving(quick_settings(tmp_path)) as before:
        owner = await api_of(before, http)
        await owner.register(secret_of(before))
        camera, key = await confirmed_camera(owner)
        guest = await guest_of(owner, camera, "live")
        device = await registered(stack, owner, key.authorization(camera))
        await flowing(device, await registered(stack, guest, f"Bearer {guest.token}"), camera)
    async with serving(quick_settings(tmp_path)) as after:
        again = await api_of(after, http)
        await again.sign_in()
        seen = await again.good("GET", f"/api/cameras/{camera}/viewers")
    assert seen["now"] == [] and [one["email"] for one in seen["earlier"]] == [GUEST]


async def test_a_guest_hears_of_the_camera_while_it_is_shared(scene: Scene) -> None:
    async with scene.owner.http.get(
        scene.owner.origin + "/api/events", headers={"Authorization": f"Bearer {scene.guest.token}"}
    ) as stream:
        async with asyncio.timeout(30):
            assert (await event(stream, "camera"))["access"]["role"] == "guest"
            await scene.owner.good("PATCH", f"/api/cameras/{scene.camera}", {"name": "Pond"})
            while (await event(stream, "camera"))["name"] != "Pond":
                pass
            await revoke(scene)
            assert await event(stream, "removed") == {"id": scene.camera}
            await scene.owner.good("PATCH", f"/api/cameras/{scene.camera}", {"name": "Secret"})
            await scene.owner.good("PATCH", f"/api/cameras/{scene.camera}", {"name": "Pond"})
            again = await link(scene.owner, scene.camera)
            accepted = await scene.guest.good("POST", "/api/grants", {"invitation": again})
            shown = await event(stream, "camera")
            assert (shown["name"], shown["access"]) == ("Pond", accepted["access"]), "nothing in between was told"
            await scene.owner.good("DELETE", f"/api/cameras/{scene.camera}")
            assert await event(stream, "removed") == {"id": scene.camera}


async def event(stream: aiohttp.ClientResponse, name: str) -> dict[str, Any]:
    """What the next event with this name says."""
    wanted = False
    while True:
        line = (await stream.content.readline()).decode().strip()
        if line.startswith("event: "):
            wanted = line == f"event: {name}"
        elif line.startswith("data: ") and wanted:
            return dict(json.loads(line.removeprefix("data: ")))


async def test_a_grant_that_ended_by_itself_takes_the_camera_from_the_list(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    headers = {"Authorization": f"Bearer {scene.guest.token}"}
    async with scene.owner.http.get(scene.owner.origin + "/api/events", headers=headers) as stream:
        async with asyncio.timeout(30):
            await event(stream, "camera")
            body = {"expires_at": rfc3339(time.time() + 1)}
            await scene.owner.good("PATCH", f"/api/grants/{await scene.grant()}", body)
            assert await event(stream, "removed") == {"id": scene.camera}


async def test_a_gate_knows_the_terms_of_a_guest(scene: Scene) -> None:
    until = time.time() + 600
    await scene.owner.good("PATCH", f"/api/grants/{await scene.grant()}", {"expires_at": rfc3339(until)})
    viewer = await scene.running.services.gate.viewer_by_token(scene.guest.token)
    assert viewer is not None
    terms = await scene.running.services.gate.may_watch(viewer, scene.camera)
    assert terms is not None and abs(terms.until - until) < 0.01
    assert terms.owner == await account_id(scene.owner)
