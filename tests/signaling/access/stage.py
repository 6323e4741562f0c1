"""The household of the access matrix, built once: everything that rows name, as a data folder that tests copy."""

from dataclasses import dataclass
from pathlib import Path

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signaling.access import SCOPES
from signaling.protocol.trust import statement
from signaling.server import serving
from tests.signaling.api import EMAIL, PASSWORD, Api
from tests.signaling.authenticator import Authenticator
from tests.signaling.device import Device
from tests.signaling.factors import add_passkey, sign_in_by_passkey
from tests.signaling.helpers import api_of, named_settings, secret_of
from tests.signaling.sharing import grants, guest_of, link
from tests.signaling.trusting import introduced, ordered, ring_at, ring_of

OWNER, OTHER, EXPIRED = EMAIL, "other@example.org", "expired@example.org"
LONG_AGO = "2020-01-01T00:00:00Z"
SHARED = ("owner", "camera", "shared name", "begun", "head", "introduction")
"""Things that guests do see."""


@dataclass(frozen=True)
class Stage:
    """`things`: what rows name with a `$`: ids of the owner's own, and secrets. `keys`: of the owner's cameras.
    `passkey`: with which the owner signs in, because the password alone is not enough any more."""

    folder: Path
    things: dict[str, str]
    keys: dict[str, Ed25519PrivateKey]
    passkey: Authenticator


def guest_email(scope: str) -> str:
    return f"{scope}@example.org"


async def build(folder: Path) -> Stage:
    """Plays it once, on a real server."""
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar) as http, serving(named_settings(folder)) as running:
        owner = await api_of(running, http)
        await owner.register(secret_of(running))
        return await _play(owner, folder)


async def _play(owner: Api, folder: Path) -> Stage:
    things, keys = {"owner": OWNER, "shared name": "Garden", "own name": "Cellar"}, {}
    await owner.another().register(await owner.invite(), OTHER, PASSWORD)
    for name in ("camera", "second", "unconfirmed"):
        things[name], keys[name] = await _camera(owner, "Garden" if name == "camera" else "Cellar")
        if name != "unconfirmed":
            await owner.good("POST", f"/api/cameras/{things[name]}/confirm", {"mine": True})
    await _share(owner, things)
    things["pending"], things["code"] = await owner.add_camera("Cellar")
    await _sign(owner, things, keys["camera"])
    passkey = Authenticator(owner.origin)
    added = await add_passkey(owner, passkey)
    things["passkey"], things["recovery"] = added["passkey"]["id"], added["recovery_codes"][0]
    before = await _sessions(owner)
    assert (await sign_in_by_passkey(owner.another(), passkey)).status == 201
    (things["session"],) = await _sessions(owner) - before
    return Stage(folder, things, keys, passkey)


async def _camera(owner: Api, name: str) -> tuple[str, Ed25519PrivateKey]:
    camera, token = await owner.add_camera(name)
    device = Device(owner)
    await device.activate(token)
    return camera, device.key


async def _share(owner: Api, things: dict[str, str]) -> None:
    """With one guest for each scope, one whose grant is over, and one more, whose grant the rows are about."""
    camera = things["camera"]
    for scope in SCOPES:
        await guest_of(owner, camera, scope, email=guest_email(scope))
    for email in (EXPIRED, "guest@example.org"):
        await guest_of(owner, camera, *SCOPES, email=email)
    ids = {grant["email"]: grant["id"] for grant in (await grants(owner, camera))["grants"]}
    things["grant"] = ids["guest@example.org"]
    await owner.good("PATCH", f"/api/grants/{ids[EXPIRED]}", {"expires_at": LONG_AGO})
    await link(owner, camera)
    things["invitation"] = (await grants(owner, camera))["invitations"][0]["id"]


async def _sign(owner: Api, things: dict[str, str], camera_key: Ed25519PrivateKey) -> None:
    """A keyring, and what it says about the camera; somebody waits to be added to it."""
    (things["begun"],) = await ring_at(owner, "phone")
    ring, camera = await ring_of(owner), statement.name_of(camera_key)
    things["head"] = ring.head
    things["orders"] = ordered(ring, camera, 0)
    things["introduction"] = introduced(ring, things["camera"], camera, ring.name)
    asked = {"key": "E" * 43, "proof": "I" * 43, "label": "Tablet"}
    things["installation"] = (await owner.good("POST", "/api/me/installations", asked))["id"]


async def _sessions(owner: Api) -> set[str]:
    return {session["id"] for session in (await owner.good("GET", "/api/sessions"))["sessions"]}
