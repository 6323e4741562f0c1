"""The camera's side of onboarding: `seen` and `activate` (DESIGN §6.3).

The token decides, nothing else: `hardware_id` is a label. One statement (`store.cameras.win`) picks the winner of any
race; the same key may ask again while the token lives, because its first answer may have been lost.
"""

import ipaddress
from dataclasses import dataclass

from signaling.acting import now_known_as
from signaling.cameras import REVOKED
from signaling.live.state import EventKind, LiveEvent, LiveState
from signaling.pairing_trust import Owner, note_pairing, owner_of
from signaling.protocol.identity import PUBLIC_KEY_BYTES, activation_is_genuine, decode_bytes, token_hash
from signaling.refusals import Refused
from signaling.store import audit
from signaling.store import cameras as rows
from signaling.store.database import Store
from signaling.store.rows import Camera, Pairing

RESET = "factory_reset"
"""The problem of a camera that was reset at its device."""
PLAIN_FIRMWARE = "bearer"
"""Stands where a public key would: the winner is whoever got the bearer secret."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the camera says. `pairing_proof`: that whoever drew the code knows its key (`protocol.trust.pairing`); we
    cannot judge it. `bearer`: what plain firmware gets if it wins. `address`: where the request came
    from; empty where a proxy does not say it, which is in no network."""

    token: str
    hardware_id: str
    local_ip: str
    public_key: str | None
    proof: str | None
    bearer: str
    address: str
    pairing_proof: str | None = None


@dataclass(frozen=True, slots=True)
class Activated:
    """`bearer` only for firmware without a key. `owner`: None where the owner has sent no proof."""

    camera_id: str
    name: str
    bearer: str | None
    owner: Owner | None = None


class Activation:
    """`origin`: what the proof was signed for."""

    def __init__(self, store: Store, live: LiveState, *, origin: str) -> None:
        self._store = store
        self._live = live
        self._origin = origin

    async def seen(self, token: str, *, now: float) -> None:
        """The first request with this token reached us. Raises `Refused` (token_…)."""
        async with self._store.read() as connection:
            pairing = await rows.pairing_by_token(connection, token_hash(token))
        pairing = _usable(pairing, now)
        if pairing.step != "waiting":
            return
        async with self._store.write() as connection:
            await rows.advance(connection, pairing.id, "seen", ("waiting",))
            camera = await rows.camera_by_id(connection, pairing.camera_id)
        await self._announce("camera", camera)

    async def activate(self, claim: Claim, *, now: float) -> Activated:
        """Raises `Refused`: token_unknown, token_expired, token_used, network_not_allowed, proof_invalid."""
        hashed = token_hash(claim.token)
        winner = claim.public_key or PLAIN_FIRMWARE
        async with self._store.read() as connection:
            pairing = await rows.pairing_by_token(connection, hashed)
        if pairing is not None and pairing.winner is not None:
            return await self._repeated(pairing, claim, now)
        pairing = _usable(pairing, now)
        await self._check(pairing, claim)
        async with self._store.write() as connection:
            before = await rows.camera_to_change(connection, pairing.camera_id)
            won = await rows.win(connection, hashed, winner, now)
            if won:
                changes = _proven(claim, now) | _settled(before, claim)
                await rows.update_camera(connection, pairing.camera_id, **changes)
            camera = await rows.camera_by_id(connection, pairing.camera_id)
            pairing = await rows.pairing_by_token(connection, hashed)
            owner = await owner_of(connection, camera, pairing)
            if won and camera is not None:
                protected = await note_pairing(connection, camera.id, claim.public_key, claim.pairing_proof, owner)
                now_known_as("camera")
                await audit.record(
                    connection,
                    camera.account_id,
                    "camera_activated",
                    now=now,
                    subject=camera.id,
                    hardware=claim.hardware_id,
                    **({"proven": "yes"} if protected else {}),
                )
        if not won:
            return await self._repeated(_usable(pairing, now), claim, now)
        if before is not None and (before.public_key or before.bearer_hash):
            await self._announce("camera_revoked", before)
        await self._announce("camera", camera)
        return _answer(camera, claim, owner)

    async def reset(self, camera_id: str, *, now: float) -> None:
        """The camera forgets us: its key is worth nothing from now on, and its owner is told why."""
        async with self._store.write() as connection:
            camera = await rows.camera_to_change(connection, camera_id)
            if camera is None:
                return
            await rows.cancel_open_pairings(connection, camera_id)
            await rows.update_camera(connection, camera_id, **REVOKED, problem_code=RESET, problem_detail="")
            now_known_as("camera")
            await audit.record(connection, camera.account_id, "camera_reset", now=now, subject=camera_id)
        await self._announce("camera_revoked", camera)
        await self._announce("camera", camera)

    async def _repeated(self, pairing: Pairing, claim: Claim, now: float) -> Activated:
        """The token has its winner: the same key hears the same answer, within the window."""
        _usable(pairing, now)
        if claim.public_key is None or pairing.winner != claim.public_key or not self._is_genuine(claim):
            raise _used()
        async with self._store.read() as connection:
            camera = await rows.camera_by_id(connection, pairing.camera_id)
            owner = await owner_of(connection, camera, pairing)
        if camera is None or camera.public_key != claim.public_key or camera.pairing_id != pairing.id:
            raise _used()
        return _answer(camera, claim, owner)

    async def _check(self, pairing: Pairing, claim: Claim) -> None:
        if not address_allowed(claim.address, pairing.allowed_networks):
            detail = "the camera is not in a network from which this code may be used"
            await self._fail(pairing, "network_not_allowed", detail)
            raise Refused("network_not_allowed", detail)
        if not self._is_genuine(claim):
            raise Refused("proof_invalid", "the proof was not made by this key for this server, token and hardware id")

    def _is_genuine(self, claim: Claim) -> bool:
        if claim.public_key is None:
            return claim.proof is None
        try:
            key = decode_bytes(claim.public_key)
        except ValueError:
            return False
        if len(key) != PUBLIC_KEY_BYTES or claim.proof is None:
            return False
        return activation_is_genuine(self._origin, claim.token, claim.hardware_id, key, claim.proof)

    async def _fail(self, pairing: Pairing, code: str, detail: str) -> None:
        async with self._store.write() as connection:
            camera = await rows.camera_to_change(connection, pairing.camera_id)
            if not await rows.advance(connection, pairing.id, "failed", ("waiting", "seen")):
                return
            await rows.update_camera(connection, pairing.camera_id, problem_code=code, problem_detail=detail)
        await self._announce("camera", camera)

    async def _announce(self, kind: EventKind, camera: Camera | None) -> None:
        if camera is not None:
            await self._live.publish(LiveEvent(kind, camera.id, camera.account_id))


def address_allowed(address: str, networks: list[str]) -> bool:
    """Whether an address lies in one of the networks (CIDR); no networks means everywhere."""
    if not networks:
        return True
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return any((mapped or parsed) in ipaddress.ip_network(network) for network in networks)


def _usable(pairing: Pairing | None, now: float) -> Pairing:
    if pairing is None:
        raise Refused("token_unknown", "this server has never made this code, or has forgotten it")
    if pairing.step == rows.CANCELLED:
        raise Refused("token_expired", "this code was taken back or replaced; use the newest one in the app")
    if pairing.expires_at <= now:
        raise Refused("token_expired", "this code has run out; make a new one in the app")
    return pairing


def _used() -> Refused:
    return Refused("token_used", "another device has already used this code; make a new one in the app")


def _proven(claim: Claim, now: float) -> dict[str, object]:
    return {
        "state": "active",
        "confirmed": False,
        "first_frame": False,
        "hardware_id": claim.hardware_id,
        "local_ip": claim.local_ip,
        "public_key": claim.public_key,
        "bearer_hash": None if claim.public_key else token_hash(claim.bearer),
        "last_seen_at": now,
        "problem_code": None,
        "problem_detail": None,
        "alarm": None,
    }


def _settled(before: Camera | None, claim: Claim) -> dict[str, object]:
    """A new key shuts out whoever had copied the old one; with the same key the warning stays."""
    same = before is not None and before.public_key is not None and before.public_key == claim.public_key
    return {} if same else {"contested_at": None, "rivals": {}}


def _answer(camera: Camera | None, claim: Claim, owner: Owner | None) -> Activated:
    if camera is None:
        raise Refused("token_unknown", "this camera was removed in the meantime")
    return Activated(camera.id, camera.name, None if claim.public_key else claim.bearer, owner)
