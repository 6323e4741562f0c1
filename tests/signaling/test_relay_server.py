"""Relays at the whole server: real accounts and rules, and whatever ends a picture ends it there too, in a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from signaling.protocol import relay_token
from signaling.server import Running, serving
from tests.signaling.api import Api
from tests.signaling.helpers import quick_settings
from tests.signaling.test_socket_server import SOCKET, WITHIN_SECONDS, paired
from tests.signaling.viewer_client import Fault, WirePeer, connected

SECRET = "a secret that the server and its relays share"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with serving(quick_settings(tmp_path, relay_secret=SECRET)) as server:
        yield server


@dataclass
class Scene:
    """Owner, camera, and a relay that shows it to the owner's screen in `session`, by way of `upload`."""

    owner: Api
    camera: str
    device: WirePeer
    viewer: WirePeer
    player: WirePeer
    asker: WirePeer
    session: str
    upload: str


async def join(stack: AsyncExitStack, origin: str, role: str) -> WirePeer:
    signed = relay_token.sign(SECRET.encode(), name="attic", origin=origin, jti=role, now=time.time())
    peer = await stack.enter_async_context(connected(origin + SOCKET, f"Relay {signed}"))
    assert (await peer.register(belvedere={"role": role}))["id"] == "relay:attic"
    return peer


async def offered(device: WirePeer, client: WirePeer, session: str) -> None:
    await device.reply(await device.expect("connect"))
    offering = asyncio.create_task(device.request("invite", session=session, offer="v=0"))
    await client.reply(await client.expect("invite"), answer="v=0 a")
    await offering


@pytest.fixture
async def scene(owner: Api) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        camera, key = await paired(owner)
        device = await stack.enter_async_context(connected(owner.origin + SOCKET, key.authorization(camera)))
        await device.register()
        viewer = await stack.enter_async_context(connected(owner.origin + SOCKET, f"Bearer {owner.token}"))
        await viewer.register()
        player, asker = await join(stack, owner.origin, "device"), await join(stack, owner.origin, "client")
        session = (await viewer.request("connect", peer=camera, belvedere={"via": "relay"}))["session"]
        upload = (await asker.request("connect", peer=camera))["session"]
        await offered(device, asker, upload)
        await offered(player, viewer, session)
        yield Scene(owner, camera, device, viewer, player, asker, session, upload)


async def log_out(scene: Scene) -> None:
    await scene.owner.good("DELETE", "/api/sessions/current")


async def remove(scene: Scene) -> None:
    await scene.owner.good("DELETE", f"/api/cameras/{scene.camera}")


async def forbid(scene: Scene) -> None:
    await scene.owner.good("PATCH", "/api/me", {"ways": "never_relay"})


@pytest.mark.parametrize("end", [log_out, remove, forbid])
async def test_what_ends_a_picture_ends_it_at_the_relay(scene: Scene, end: Callable[[Scene], Awaitable[None]]) -> None:
    await end(scene)
    async with asyncio.timeout(WITHIN_SECONDS):
        assert (await scene.player.expect("belvedere.close"))["params"]["session"] == scene.session
    assert not scene.player.ws.closed and not scene.asker.ws.closed


async def test_a_camera_that_is_removed_ends_the_upload_too(scene: Scene) -> None:
    await remove(scene)
    async with asyncio.timeout(WITHIN_SECONDS):
        assert (await scene.asker.expect("belvedere.close"))["params"]["session"] == scene.upload
    assert await scene.device.closed() == 4401


async def test_both_halves_are_extended(scene: Scene) -> None:
    for client, device, session in (
        (scene.viewer, scene.player, scene.session),
        (scene.asker, scene.device, scene.upload),
    ):
        extending = asyncio.create_task(client.request("extend", session=session))
        await device.reply(await device.expect("extend"))
        assert (await extending)["expiryTimeSeconds"] in {3599, 3600}


async def test_rules_are_those_of_the_cameras_account(scene: Scene) -> None:
    scene_path = f"/api/cameras/{scene.camera}"
    await scene.owner.good("PATCH", scene_path, {"direct_viewers": 0})
    answer = await scene.viewer.request("connect", peer=scene.camera)
    assert (answer["belvedere"]["via"], answer["belvedere"]["ways"]) == ("relay", ["relay"])
    await scene.owner.good("PATCH", scene_path, {"direct_viewers": 1})
    answer = await scene.viewer.request("connect", peer=scene.camera)
    assert (answer["belvedere"]["via"], answer["belvedere"]["ways"]) == ("direct", ["direct", "relay"])
    await scene.owner.good("PATCH", "/api/me", {"ways": "always_relay"})
    with pytest.raises(Fault, match="488"):
        await scene.viewer.request("connect", peer=scene.camera, belvedere={"via": "direct"})


async def test_a_relay_sees_no_camera_that_nobody_watches_through_it(scene: Scene) -> None:
    other, key = await paired(scene.owner)
    async with connected(scene.owner.origin + SOCKET, key.authorization(other)) as device:
        await device.register()
        with pytest.raises(Fault, match="403"):
            await scene.asker.request("connect", peer=other)
        assert device.inbox == []
