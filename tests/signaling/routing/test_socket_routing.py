"""A hundred thousand messages through the sockets of a real server: not one reaches a foreign party."""

import asyncio
import os
import random
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from camera_peer.identity import Identity
from tests.journeys.watermark.estate import Estate, settle
from tests.journeys.watermark.plan import CameraPlan
from tests.servers import belvedere
from tests.signaling.routing.talker import CameraTalker, Talker, Town, ViewerTalker

MESSAGES = int(os.environ.get("SOCKET_MESSAGES", "100000"))
SEED = os.environ.get("ROUTED_SEED", "1")
OWNERS, CAMERAS_EACH, VIEWERS = 20, 2, 72


@pytest.mark.timeout(900)
async def test_no_message_is_routed_to_a_foreign_socket(tmp_path: Path) -> None:
    town = Town(SEED, MESSAGES)
    with belvedere(tmp_path, rate_limits="0", registration="open", relay="0", log_level="warning") as server:
        estate = await settle(server, OWNERS, CAMERAS_EACH, VIEWERS)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as http, AsyncExitStack() as stack:
            await talk(estate, town, http, stack)
    print(f"said {town.said.total()}, {town.hostile} of them hostile: {dict(town.said.most_common())}")
    print(f"heard {town.heard.total()}: {dict(town.heard.most_common())}")
    assert town.foreign == []
    assert town.heard["trickle"] > MESSAGES // 3 and town.hostile > MESSAGES // 20
    assert town.heard["signed"] > MESSAGES // 100


async def talk(estate: Estate, town: Town, http: aiohttp.ClientSession, stack: AsyncExitStack) -> None:
    """Everybody, until enough has been said."""
    plan = estate.plan
    owner_of = {camera.id: owner.email for owner in estate.owners for camera in owner.cameras}
    guests = {camera.id: guest.email for guest in estate.guests for camera in guest.cameras}
    for camera in plan.cameras:
        tenants = {owner_of[camera.id], guests.get(camera.id, owner_of[camera.id])}
        talker = CameraTalker(town, owner_of[camera.id], tenants)
        await present(talker, stack, http, plan.signaling_url, device_authorization(camera, plan.origin))
    watching = []
    for at, viewer in enumerate(plan.viewers):
        watcher = ViewerTalker(town, viewer.email, {viewer.email, *(owner_of[camera] for camera in viewer.cameras)})
        await present(watcher, stack, http, plan.signaling_url, f"Bearer {viewer.token}")
        watching.append(watcher.watch(sorted(viewer.cameras), random.Random(f"{SEED} {at}")))
    await asyncio.gather(*watching)


async def present(talker: Talker, stack: AsyncExitStack, http: aiohttp.ClientSession, url: str, who: str) -> None:
    await talker.start(http, url, who)
    stack.push_async_callback(talker.stop)


def device_authorization(camera: CameraPlan, origin: str) -> str:
    token = Identity(camera.private_key).device_token(camera.id, origin, now=time.time(), jti=os.urandom(8).hex())
    return f"Bearer {token}"
