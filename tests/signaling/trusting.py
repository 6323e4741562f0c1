"""What tests of trust start with: keyrings at the server, and cameras whose pairing was proven past it."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signaling.protocol.trust import keyring, orders, pairing, statement
from signaling.protocol.trust.introduction import KIND, Introduction
from signaling.protocol.trust.keyring import Keyring
from signaling.protocol.trust.orders import Orders
from tests.signaling.api import Answer, Api
from tests.signaling.device import Device
from tests.signaling.trust.people import NOW, key, name

SECRET = b"drawn by browser"
"""128 bits that the server never sees."""


@dataclass(frozen=True)
class Proven:
    """A camera that knows its owner, who has confirmed it."""

    id: str
    device: Device
    token: str
    answer: dict[str, object]


async def say(api: Api, text: str) -> Answer:
    """One more statement of the caller's keyring."""
    return await api.call("POST", "/api/me/keyring", {"statement": text})


async def ring_at(api: Api, *persons: str) -> list[str]:
    """The first begins a keyring at the server and adds the others."""
    statements = (await say(api, keyring.begin(key(persons[0]), NOW))).json["statements"]
    for count in range(2, len(persons) + 1):
        ring = keyring.follow(statements)
        text = keyring.change(key(persons[0]), ring, [name(person) for person in persons[:count]], NOW + count)
        statements = (await say(api, text)).json["statements"]
    return list(statements)


async def ring_of(api: Api) -> Keyring:
    return keyring.follow((await api.good("GET", "/api/me/keyring"))["statements"])


async def offer_owner(api: Api, camera: str, token: str, secret: bytes = SECRET) -> Answer:
    """What the owner has the camera told."""
    ring = await ring_of(api)
    proof = pairing.owner_proof(secret, api.origin, token, ring.name, ring.head)
    return await api.call("PUT", f"/api/cameras/{camera}/pairing/owner", {"head": ring.head, "proof": proof})


async def proven_camera(owner: Api, device: Device | None = None, camera: str | None = None) -> Proven:
    """Paired by a code with a secret in it. The owner has a keyring."""
    if camera is None:
        camera, token = await owner.add_camera()
    else:
        made = await owner.good("POST", f"/api/cameras/{camera}/pairing", {"ssid": "Hillside"})
        token = made["pairing"]["token"]
    device = device or Device(owner)
    assert (await offer_owner(owner, camera, token)).status == 204
    proof = pairing.camera_proof(SECRET, owner.origin, token, device.public_key)
    answer = (await device.try_activate(token, pairing_proof=proof)).json
    await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    return Proven(camera, device, token, answer)


def ordered(ring: Keyring, camera_key: str, n: int, *serials: int, by: str = "phone", standard: bool = False) -> str:
    """Orders of the owner's."""
    what = Orders(camera_key, ring.name, n, 0, list(serials), standard)
    return statement.sign(key(by), orders.KIND, what)


def introduced(ring: Keyring, camera: str, camera_key: str, owner: str, *, by: str = "phone") -> str:
    return statement.sign(key(by), KIND, Introduction(ring.name, camera, camera_key, owner, NOW))


async def trust_of(api: Api, camera: str) -> dict[str, object]:
    return dict(await api.good("GET", f"/api/cameras/{camera}/trust"))


async def deeds_of(api: Api) -> list[str]:
    """Newest first."""
    return [entry["deed"] for entry in (await api.good("GET", "/api/audit?limit=200"))["entries"]]


def stranger_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()
