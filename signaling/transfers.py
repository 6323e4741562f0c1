"""Giving a camera to another account: a link that its owner makes, and that somebody else accepts once.

The camera stays paired, for its key is its own; whatever else was between it and the old owner ends. The new owner is
asked whether the camera is theirs, as after a pairing: until the yes, nobody else sees it. A bearer, which the old
owner has seen or could have, ends as well: such a camera is given unpaired. So is a camera that knows its owner's keys:
it would go on believing them, and nobody but a new code tells it otherwise.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.acting import unplaced
from signaling.cameras import MAX_CAMERAS, REVOKED
from signaling.live.state import LiveEvent, LiveState
from signaling.protocol.identity import token_hash
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import audit, grants
from signaling.store import cameras as rows
from signaling.store import transfers as links
from signaling.store import trust as words
from signaling.store.database import Store
from signaling.store.rows import Account, Camera, Transfer
from signaling.ways import DIRECT_VIEWERS

TRANSFER_SECONDS = 24 * 3600.0
"""Long enough to send it and have it opened, too short to be forgotten in a mailbox."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the holder of a link is told before accepting. `giver`: the owner's e-mail. `stays`: paired."""

    camera: Camera
    giver: str
    expires_at: float
    stays: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What the owner is told. `transfer`: the open link, if there is one. `stays`: the camera stays paired by it."""

    transfer: Transfer | None
    stays: bool


class Transfers:
    """Every method of an owner checks that; somebody else's camera does not exist (`not_found`)."""

    def __init__(self, store: Store, live: LiveState) -> None:
        self._store = store
        self._live = live

    async def offer(self, account_id: str, camera_id: str, secret: str, *, now: float) -> tuple[Transfer, bool]:
        """Make a link good once; and whether the camera stays paired by it. An earlier one ends.

        Raises `Refused`: not_found, not_active.
        """
        transfer = Transfer(camera_id, token_hash(secret), now + TRANSFER_SECONDS)
        async with self._store.write() as connection:
            camera = _owned(await rows.camera_to_change(connection, camera_id), account_id)
            if camera.state != "active" or not camera.confirmed:
                raise Refused("not_active", "only a camera that is paired, and that you said is yours, can be given")
            await links.replace_transfer(connection, transfer)
            await audit.record(connection, account_id, "transfer_offered", now=now, subject=camera_id)
            return transfer, await stays_paired(connection, camera)

    async def standing(self, account_id: str, camera_id: str, *, now: float) -> Standing:
        """Raises `Refused` (not_found)."""
        async with self._store.read() as connection:
            camera = _owned(await rows.camera_by_id(connection, camera_id), account_id)
            found = await links.transfer_of(connection, camera_id, now)
            return Standing(found, await stays_paired(connection, camera))

    async def withdraw(self, account_id: str, camera_id: str, *, now: float) -> None:
        """The link, if there is one, is good for nothing from now on. Raises `Refused` (not_found)."""
        async with self._store.write() as connection:
            _owned(await rows.camera_to_change(connection, camera_id), account_id)
            if await links.delete_transfer(connection, camera_id):
                await audit.record(connection, account_id, "transfer_withdrawn", now=now, subject=camera_id)

    async def look(self, secret: str, *, now: float) -> Offer:
        """What this link gives. Raises `Refused` (transfer_invalid)."""
        async with self._store.read() as connection:
            transfer = await links.open_transfer(connection, token_hash(secret), now)
            camera = await rows.camera_by_id(connection, transfer.camera_id) if transfer else None
            giver = await people.account_by_id(connection, camera.account_id) if camera else None
            if transfer is None or camera is None or giver is None:
                raise _invalid()
            return Offer(camera, giver.email, transfer.expires_at, await stays_paired(connection, camera))

    async def accept(self, taker: Account, secret: str, *, now: float) -> str:
        """The camera is the taker's; returns its id. Raises `Refused`: transfer_invalid, too_many_cameras."""
        offer = await self.look(secret, now=now)
        camera = offer.camera
        async with self._store.write() as connection:
            await people.account_to_change(connection, taker.id)
            camera = _still(await rows.camera_to_change(connection, camera.id), camera)
            if camera.account_id == taker.id:
                raise Refused("transfer_invalid", "this camera is yours already; the link is for somebody else")
            if await rows.count_cameras(connection, taker.id) >= MAX_CAMERAS:
                raise Refused("too_many_cameras", f"an account has at most {MAX_CAMERAS} cameras")
            if not await links.use_transfer(connection, token_hash(secret), now):
                raise _invalid()
            guests = await grants.delete_all_of_camera(connection, camera.id)
            stays = await stays_paired(connection, camera)
            await _hand_over(connection, camera, taker, offer.giver, now, stays=stays)
        await self._live.publish(LiveEvent("camera_given", camera.id, camera.account_id))
        if not stays:
            await self._live.publish(LiveEvent("camera_revoked", camera.id, taker.id))
        for guest in guests:
            await self._live.publish(LiveEvent("grant", camera.id, guest))
        await self._live.publish(LiveEvent("camera", camera.id, taker.id))
        return camera.id

    async def delete_ended(self, *, now: float) -> None:
        async with self._store.write() as connection:
            await links.delete_ended(connection, now)


async def _hand_over(
    connection: AsyncConnection, camera: Camera, taker: Account, giver: str, now: float, *, stays: bool
) -> None:
    await links.forget_pairings(connection, camera.id)
    await words.forget_camera(connection, camera.id)
    ended = {} if stays else {**REVOKED, "contested_at": None}
    await rows.update_camera(connection, camera.id, account_id=taker.id, **(_fresh(now) | ended))
    with unplaced():
        old, to = camera.account_id, taker.email
        await audit.record(connection, old, "camera_given", now=now, subject=camera.id, name=camera.name, to=to)
    await audit.record(connection, taker.id, "camera_taken", now=now, subject=camera.id, name=camera.name, giver=giver)


async def stays_paired(connection: AsyncConnection, camera: Camera) -> bool:
    """Whether nobody but the camera itself holds what it proves itself with, and it believes nobody but us."""
    trust = await words.trust_of(connection, camera.id)
    return camera.bearer_hash is None and (trust is None or not trust.protected)


def _fresh(now: float) -> dict[str, object]:
    """What the new owner is not to know of the old one's home, and what the new owner has not said yet."""
    return {
        "confirmed": False,
        "first_frame": False,
        "created_at": now,
        "local_ip": None,
        "problem_code": None,
        "problem_detail": None,
        "pairing_id": None,
        "direct_viewers": DIRECT_VIEWERS,
        "rivals": {},
        "alarm": None,
    }


def _owned(camera: Camera | None, account_id: str) -> Camera:
    if camera is None or camera.account_id != account_id:
        raise Refused("not_found", "there is no such camera")
    return camera


def _still(camera: Camera | None, offered: Camera) -> Camera:
    """What was offered, unless it went elsewhere, was removed or revoked in the meantime."""
    if camera is None or camera.account_id != offered.account_id or camera.state != "active" or not camera.confirmed:
        raise _invalid()
    return camera


def _invalid() -> Refused:
    return Refused("transfer_invalid", "this link was used, withdrawn or has run out; ask for a new one")
