"""Owners with their cameras on a real server, and their viewers: made through the API, by real activations."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from camera_peer.activation import activate
from camera_peer.identity import Identity
from camera_peer.problem import CameraProblem
from signaling.protocol.qr import OnboardingCode
from tests.journeys.watermark.plan import CameraPlan, Plan, ViewerPlan
from tests.servers import PASSWORD, Belvedere

ONLY_RELAYED = 4
"""Every so many owners, one lets nobody watch directly, so that browsers take the relay too."""
SHARED_BY = 5
"""Owners of whom each guest has a camera; there are as many guests as that gives."""
AT_A_TIME = 16
"""Requests; the server lets 64 wait for a hash."""


@dataclass(frozen=True)
class Account:
    """`cameras`: those that it may watch, its own or shared with it."""

    email: str
    token: str
    cameras: list[CameraPlan]


@dataclass(frozen=True)
class Estate:
    plan: Plan
    owners: list[Account]
    guests: list[Account]


async def settle(server: Belvedere, owners: int, cameras: int, viewers: int) -> Estate:
    """All accounts and cameras, paired, confirmed and shared. Viewers are spread over them, each with its own login."""
    connector = aiohttp.TCPConnector(limit=AT_A_TIME)
    async with aiohttp.ClientSession(server.url, connector=connector) as http:
        first = await _owner(http, server, 0, owners, cameras)
        others = await asyncio.gather(*(_owner(http, server, at, owners, cameras) for at in range(1, owners)))
        settled = [first, *others]
        guests = [await _guest(http, at, settled[at :: owners // SHARED_BY]) for at in range(owners // SHARED_BY)]
        people = [*settled, *guests]
        made = await asyncio.gather(*(_viewer(http, people[at % len(people)]) for at in range(viewers)))
    plan = Plan(server.url, [camera for owner in settled for camera in owner.cameras], made)
    return Estate(plan, settled, guests)


async def call(http: aiohttp.ClientSession, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """The JSON of an answer that has to be a success."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with http.request(method, path, json=body, headers=headers) as answer:
        assert answer.status < 300, (method, path, answer.status, await answer.text())
        return await answer.json() if answer.content_type == "application/json" else None


async def sign_in(http: aiohttp.ClientSession, email: str) -> str:
    """A login of its own."""
    return str((await call(http, "POST", "/api/sessions", {"email": email, "password": PASSWORD}))["token"])


async def _owner(http: aiohttp.ClientSession, server: Belvedere, at: int, owners: int, cameras: int) -> Account:
    email = f"owner{at}@example.org"
    token = await _sign_up(http, email, {"invitation": server.invitation} if at == 0 else {})
    if at % ONLY_RELAYED == ONLY_RELAYED - 1:
        await call(http, "PATCH", "/api/me", {"ways": "always_relay"}, token)
    made = [await _camera(http, token, at + owners * number) for number in range(cameras)]
    return Account(email, token, made)


async def _guest(http: aiohttp.ClientSession, at: int, owners: list[Account]) -> Account:
    """Somebody with whom each of these shares one camera."""
    email = f"guest{at}@example.org"
    token = await _sign_up(http, email, {})
    shared = [owner.cameras[at % len(owner.cameras)] for owner in owners]
    for owner, camera in zip(owners, shared, strict=True):
        path = f"/api/cameras/{camera.id}/invitations"
        made = await call(http, "POST", path, {"scopes": ["live"]}, owner.token)
        await call(http, "POST", "/api/grants", {"invitation": made["link"].rpartition("/")[2]}, token)
    return Account(email, token, shared)


async def _sign_up(http: aiohttp.ClientSession, email: str, first: dict[str, str]) -> str:
    await call(http, "POST", "/api/accounts", {"email": email, "password": PASSWORD} | first)
    return await sign_in(http, email)


async def _camera(http: aiohttp.ClientSession, token: str, number: int) -> CameraPlan:
    """Its name is what its picture says."""
    body = {"name": name_of(number), "model": "belvedere", "ssid": ""}
    answer = await call(http, "POST", "/api/cameras", body, token)
    pairing = answer["pairing"]
    code = OnboardingCode(server_url=pairing["server_url"], token=pairing["token"], ssid="", pin=pairing["pin"])
    identity = Identity(Ed25519PrivateKey.generate())
    won = await activate(code, identity, random=random.random, monotonic=time.monotonic, delayed=_delayed)
    await call(http, "POST", f"/api/cameras/{won.camera_id}/confirm", {"mine": True}, token)
    return CameraPlan(won.camera_id, number, identity.key.private_bytes_raw().hex())


async def _viewer(http: aiohttp.ClientSession, account: Account) -> ViewerPlan:
    seen = {camera.id: camera.number for camera in account.cameras}
    return ViewerPlan(account.email, await sign_in(http, account.email), seen)


def _delayed(problem: CameraProblem) -> None:
    raise problem


def name_of(number: int) -> str:
    """Of the camera with this number."""
    return f"No {number:03}"
