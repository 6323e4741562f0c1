"""Everybody who may open a signaling socket and has no business with the session of the owner's camera.

Guests are among them, one for each scope: those without `live` were not given to watch, and who was may begin a session
of its own, but has no business with that of others either.
"""

from collections.abc import Awaitable, Callable
from typing import Literal, get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.signaling.access import callers
from tests.signaling.access.scene import Scene
from tests.signaling.access.stage import OTHER
from tests.signaling.device import Device
from tests.signaling.viewer_client import Json

Stranger = Literal[
    "unregistered",
    "revoked_session",
    "wrong_key",
    "wrong_device_key",
    "other_user",
    "other_users_camera",
    "other_camera",
    "ticket_for_other_camera",
    "relay_as_device",
    "relay_as_client",
    "expired_grant",
    "guest_live",
    "guest_talk",
    "guest_history",
    "guest_manage",
]
STRANGERS: tuple[Stranger, ...] = get_args(Stranger)
TURNED_AWAY: frozenset[Stranger] = frozenset({"revoked_session", "wrong_key", "wrong_device_key"})
"""Who is refused at `register` already, and loses the socket."""
MAY_WATCH: frozenset[Stranger] = frozenset({"guest_live"})
"""Who may ask the camera for a session of its own."""

Papers = tuple[str | None, Json]
"""The `Authorization` header of a socket, and what more its `register` says."""


async def papers(stranger: Stranger, scene: Scene) -> Papers:
    """Made anew each time: most of it is good once."""
    return await _PAPERS[stranger](scene)


def _header(form: callers.Form, **extra: object) -> Callable[[Scene], Awaitable[Papers]]:
    async def made(scene: Scene) -> Papers:
        return (await form(scene))["Authorization"], dict(extra)

    return made


async def _nothing(_scene: Scene) -> Papers:
    return None, {}


async def _wrong_device_key(scene: Scene) -> Papers:
    """In the name of the owner's camera, by a key that it does not have."""
    thief = Device(scene.owner)
    thief.key = Ed25519PrivateKey.generate()
    return thief.authorization(scene.things["camera"]), {}


async def _other_users_camera(scene: Scene) -> Papers:
    other = scene.owner.another()
    await other.sign_in(OTHER)
    camera, token = await other.add_camera("Theirs")
    device = Device(other)
    await device.activate(token)
    return device.authorization(camera), {}


async def _ticket(scene: Scene) -> Papers:
    answer = await scene.owner.good("POST", "/api/socket-tickets", {"camera": scene.things["second"]})
    return None, {"authorization": f"Ticket {answer['ticket']}"}


_PAPERS: dict[Stranger, Callable[[Scene], Awaitable[Papers]]] = {
    "unregistered": _nothing,
    "revoked_session": _header(callers.revoked),
    "wrong_key": _header(callers.wrong_key),
    "wrong_device_key": _wrong_device_key,
    "other_user": _header(callers.other_user),
    "other_users_camera": _other_users_camera,
    "other_camera": _header(callers.other_camera),
    "ticket_for_other_camera": _ticket,
    "relay_as_device": _header(callers.relay, belvedere={"role": "device"}),
    "relay_as_client": _header(callers.relay, belvedere={"role": "client"}),
    "expired_grant": _header(callers.expired_grant),
    "guest_live": _header(callers.guest_live),
    "guest_talk": _header(callers.guest_talk),
    "guest_history": _header(callers.guest_history),
    "guest_manage": _header(callers.guest_manage),
}
