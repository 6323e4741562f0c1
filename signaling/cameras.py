"""Cameras of an account: adding, pairing, confirming, removing.

A camera's `state` says how it stands with us (`pending`, `active`, `unpaired`); its pairing says how far the newest
QR code has come. Only `activation` moves a camera to `active`.
"""

import contextlib
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.access import Access, counts
from signaling.acting import unplaced
from signaling.audit import Deed
from signaling.live.state import LiveEvent, LiveState
from signaling.protocol.identity import token_hash
from signaling.refusals import Refused
from signaling.sight import owned, seen_by
from signaling.store import accounts as people
from signaling.store import audit, trust
from signaling.store import cameras as rows
from signaling.store import grants as granted
from signaling.store.database import Store
from signaling.store.rows import Camera, Pairing

TOKEN_BYTES = 16
"""128 bits (DESIGN §6.1)."""
TOKEN_SECONDS = 600.0
MAX_CAMERAS = 64
"""Per account."""
KEEP_OLD_PAIRINGS_SECONDS = 24 * 3600.0
"""So long a camera with an old code still hears `token_expired` or `token_used` instead of `token_unknown`."""


@dataclass(frozen=True, slots=True)
class View:
    """A camera as somebody sees it now. A guest sees no pairing. `protected`: it knows its owner's keys."""

    camera: Camera
    pairing: Pairing | None
    online: bool
    access: Access
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """What a new QR code is about: ids and token from the caller, the rest from the person."""

    pairing_id: str
    token: str
    ssid: str
    hidden: bool
    allowed_networks: list[str]

    def pairing(self, camera_id: str, now: float) -> Pairing:
        return Pairing(
            id=self.pairing_id,
            camera_id=camera_id,
            token_hash=token_hash(self.token),
            created_at=now,
            expires_at=now + TOKEN_SECONDS,
            step="waiting",
            winner=None,
            ssid=self.ssid,
            hidden=self.hidden,
            allowed_networks=self.allowed_networks,
        )


class Cameras:
    """Every method checks the owner; somebody else's camera does not exist (`not_found`).

    Guests are let in by `list` and `show`, and by `change` where their grant says so.
    """

    def __init__(self, store: Store, live: LiveState) -> None:
        self._store = store
        self._live = live

    async def add(self, account_id: str, camera_id: str, name: str, model: str, code: Code, *, now: float) -> View:
        """A pending camera with its first code. Raises `Refused` (too_many_cameras)."""
        camera = _new(camera_id, account_id, name, model, code.pairing_id, now)
        pairing = code.pairing(camera_id, now)
        async with self._store.write() as connection:
            await people.account_to_change(connection, account_id)
            if await rows.count_cameras(connection, account_id) >= MAX_CAMERAS:
                raise Refused("too_many_cameras", f"an account has at most {MAX_CAMERAS} cameras")
            await rows.insert_camera(connection, camera)
            await rows.insert_pairing(connection, pairing)
            await audit.record(connection, account_id, "camera_added", now=now, subject=camera_id, name=name)
        await self.announce(camera)
        return await self.show(account_id, camera_id, now=now)

    async def list(self, account_id: str, *, now: float) -> list[View]:
        """Its own, and then what others share with it."""
        async with self._store.read() as connection:
            owner = await people.account_by_id(connection, account_id)
            own = await rows.cameras_of(connection, account_id)
            shared = await granted.cameras_granted_to(connection, account_id)
            wanted = [camera.pairing_id for camera in own if camera.pairing_id]
            pairings = await rows.pairings_by_id(connection, wanted)
            known = await trust.protected_among(
                connection, [camera.id for camera in own] + [one[0].id for one in shared]
            )
        access = Access(owner.email if owner is not None else "")
        seen = [(camera, pairings.get(camera.pairing_id or ""), access) for camera in own]
        seen += [(camera, None, Access(email, grant)) for camera, grant, email in shared if counts(grant, camera, now)]
        online = await self._live.online([camera.id for camera, *_ in seen])
        return [View(camera, code, camera.id in online, rights, camera.id in known) for camera, code, rights in seen]

    async def show(self, account_id: str, camera_id: str, *, now: float) -> View:
        async with self._store.read() as connection:
            camera, access = await seen_by(connection, account_id, camera_id, now)
            own = access.grant is None and camera.pairing_id is not None
            pairing = await rows.pairing_by_id(connection, camera.pairing_id or "") if own else None
            known = await trust.protected_among(connection, [camera_id])
        return View(camera, pairing, bool(await self._live.online([camera_id])), access, camera_id in known)

    async def check_owner(self, account_id: str, camera_id: str) -> None:
        """Raises `Refused` (not_found) for everybody else."""
        async with self._store.read() as connection:
            owned(await rows.camera_by_id(connection, camera_id), account_id)

    async def change(
        self, account_id: str, camera_id: str, name: str | None, direct_viewers: int | None, *, now: float
    ) -> View:
        """What is None stays as it is. Raises `Refused` (forbidden) for a guest who may only watch."""
        wanted = {"name": name, "direct_viewers": direct_viewers}
        async with self._store.write() as connection:
            await rows.camera_to_change(connection, camera_id)
            camera, access = await seen_by(connection, account_id, camera_id, now)
            if not access.may("manage"):
                raise Refused("forbidden", "the owner of this camera lets you watch it, not change it")
            changes = {column: v for column, v in wanted.items() if v not in {None, getattr(camera, column)}}
            if changes:
                await rows.update_camera(connection, camera_id, **changes)
                said = {column: str(value) for column, value in changes.items()}
                owner = camera.account_id
                with contextlib.nullcontext() if access.grant is None else unplaced():
                    await audit.record(connection, owner, "camera_changed", now=now, subject=camera_id, **said)
        await self.announce(camera)
        return await self.show(account_id, camera_id, now=now)

    async def remove(self, account_id: str, camera_id: str, *, now: float) -> None:
        """The camera, its key and its codes are gone; its sockets close."""
        async with self._store.write() as connection:
            camera = await self._to_change(connection, account_id, camera_id)
            await rows.delete_camera(connection, camera_id)
            await audit.record(connection, account_id, "camera_removed", now=now, subject=camera_id, name=camera.name)
        await self._live.publish(LiveEvent("camera_revoked", camera_id, account_id))
        await self._live.publish(LiveEvent("camera_removed", camera_id, account_id))

    async def pair_again(self, account_id: str, camera_id: str, code: Code, *, now: float) -> View:
        """A new code. An earlier unused one dies; the old key works until the new code is activated."""
        async with self._store.write() as connection:
            camera = await self._to_change(connection, account_id, camera_id)
            await rows.cancel_open_pairings(connection, camera_id)
            await rows.insert_pairing(connection, code.pairing(camera_id, now))
            state = camera.state if camera.state == "active" else "pending"
            await rows.update_camera(
                connection, camera_id, pairing_id=code.pairing_id, state=state, problem_code=None, problem_detail=None
            )
            await audit.record(connection, account_id, "code_made", now=now, subject=camera_id)
        await self.announce(camera)
        return await self.show(account_id, camera_id, now=now)

    async def cancel_pairing(self, account_id: str, camera_id: str, *, now: float) -> None:
        """Raises `Refused` (not_pending) where no code waits to be used."""
        async with self._store.write() as connection:
            camera = await self._to_change(connection, account_id, camera_id)
            pairing = await rows.pairing_by_id(connection, camera.pairing_id) if camera.pairing_id else None
            if pairing is None or pairing.winner is not None:
                raise _not_pending()
            await rows.cancel_open_pairings(connection, camera_id)
            state = camera.state if camera.state == "active" else "unpaired"
            await rows.update_camera(connection, camera_id, pairing_id=None, state=state)
            await audit.record(connection, account_id, "code_cancelled", now=now, subject=camera_id)
        await self.announce(camera)

    async def pending(self, account_id: str, camera_id: str, token: str, *, now: float) -> Pairing:
        """The code that this token belongs to, while it may be drawn. Raises `Refused` (not_pending)."""
        async with self._store.read() as connection:
            camera = owned(await rows.camera_by_id(connection, camera_id), account_id)
            pairing = await rows.pairing_by_id(connection, camera.pairing_id or "")
        if pairing is None or pairing.winner is not None or pairing.expires_at <= now:
            raise _not_pending()
        if pairing.token_hash != token_hash(token):
            raise _not_pending()
        return pairing

    async def confirm(self, account_id: str, camera_id: str, pairing_id: str | None, *, mine: bool, now: float) -> View:
        """The person looked at the picture. Either answer ends every code of the camera; no revokes its key as well.

        `pairing_id`: the pairing that was on the screen. Nobody looked at the picture of another one: `not_pending`.
        """
        async with self._store.write() as connection:
            camera = await self._to_change(connection, account_id, camera_id)
            if camera.state != "active":
                raise Refused("not_active", "this camera has not been activated yet")
            if pairing_id not in {None, camera.pairing_id}:
                raise Refused("not_pending", "this camera was paired anew in the meantime; look at its picture again")
            await rows.cancel_open_pairings(connection, camera_id)
            changed = not mine or not camera.confirmed or camera.pairing_id is not None
            outcome = {"confirmed": True, "pairing_id": None} if mine else REVOKED
            await rows.update_camera(connection, camera_id, **outcome)
            deed: Deed = "camera_confirmed" if mine else "camera_denied"
            if changed:
                await audit.record(connection, account_id, deed, now=now, subject=camera_id)
        if not mine:
            await self._live.publish(LiveEvent("camera_revoked", camera_id, account_id))
        await self.announce(camera)
        return await self.show(account_id, camera_id, now=now)

    async def dismiss_alert(self, account_id: str, camera_id: str, *, now: float) -> None:
        """The owner knows why two devices used the camera's key, or why something did not fit. Should it go on, the
        warning comes again."""
        async with self._store.write() as connection:
            camera = await self._to_change(connection, account_id, camera_id)
            if camera.contested_at is not None or camera.alarm is not None:
                await rows.update_camera(connection, camera_id, contested_at=None, rivals={}, alarm=None)
                await audit.record(connection, account_id, "alert_dismissed", now=now, subject=camera_id)
        await self.announce(camera)

    async def give_token(self, account_id: str, camera_id: str, token: str, *, now: float) -> None:
        """For an ONVIF device that is not ours: this bearer is its identity from now on, any earlier one ends."""
        async with self._store.write() as connection:
            camera = await self._to_change(connection, account_id, camera_id)
            await rows.cancel_open_pairings(connection, camera_id)
            fresh: dict[str, object] = {
                "public_key": None,
                "bearer_hash": token_hash(token),
                "contested_at": None,
                "rivals": {},
            }
            await rows.update_camera(connection, camera_id, state="active", confirmed=True, pairing_id=None, **fresh)
            await audit.record(connection, account_id, "device_token_made", now=now, subject=camera_id)
        await self._live.publish(LiveEvent("camera_revoked", camera_id, account_id))
        await self.announce(camera)

    async def announce_expired(self, *, since: float, now: float) -> None:
        """Tell the owners of codes that ran out in that time; old codes are forgotten."""
        async with self._store.read() as connection:
            expired = await rows.newly_expired(connection, since, now)
        for camera in expired:
            await self.announce(camera)

    async def delete_old_pairings(self, *, now: float) -> None:
        async with self._store.write() as connection:
            await rows.delete_old_pairings(connection, now - KEEP_OLD_PAIRINGS_SECONDS)

    async def announce(self, camera: Camera) -> None:
        """Whoever shows this camera shall look again."""
        await self._live.publish(LiveEvent("camera", camera.id, camera.account_id))

    async def _to_change(self, connection: AsyncConnection, account_id: str, camera_id: str) -> Camera:
        return owned(await rows.camera_to_change(connection, camera_id), account_id)


REVOKED: dict[str, object] = {
    "state": "unpaired",
    "public_key": None,
    "bearer_hash": None,
    "pairing_id": None,
    "confirmed": False,
    "first_frame": False,
}
"""A camera whose key is worth nothing."""


def step_now(view: View, now: float) -> str | None:
    """How far the newest code has come; None without one. An unused code that is too old is `expired`."""
    pairing = view.pairing
    if pairing is None:
        return None
    return "expired" if pairing.winner is None and pairing.expires_at <= now else pairing.step


def state_now(view: View, now: float) -> str:
    """`pending` until its first code has run out."""
    waiting_in_vain = view.camera.state == "pending" and step_now(view, now) in {"expired", None}
    return "unpaired" if waiting_in_vain else view.camera.state


def _new(camera_id: str, account_id: str, name: str, model: str, pairing_id: str, now: float) -> Camera:
    return Camera(
        id=camera_id,
        account_id=account_id,
        name=name,
        model=model,
        state="pending",
        confirmed=False,
        first_frame=False,
        created_at=now,
        last_seen_at=None,
        hardware_id=None,
        local_ip=None,
        capabilities={},
        public_key=None,
        bearer_hash=None,
        problem_code=None,
        problem_detail=None,
        pairing_id=pairing_id,
    )


def _not_pending() -> Refused:
    return Refused("not_pending", "this code was used, has run out or belongs to another camera; make a new one")
