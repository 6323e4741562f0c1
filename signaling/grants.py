"""Sharing a camera: the owner invites, changes and revokes; a guest accepts and leaves.

Whoever is not the owner of a camera is told that it does not exist. A change is in the store first and then announced
(`grant`), so that running media ends within a second and nothing depends on the announcement alone.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.acceptance import Offer, accept, invitation_invalid, offered
from signaling.access import Scope, is_awake
from signaling.acting import unplaced
from signaling.audit import Deed
from signaling.live.state import LiveEvent, LiveState
from signaling.protocol.identity import token_hash
from signaling.refusals import Refused
from signaling.signed_grants import accepted, check_grant
from signaling.store import accounts as people
from signaling.store import audit
from signaling.store import cameras as camera_rows
from signaling.store import grants as rows
from signaling.store.database import Store
from signaling.store.rows import Account, Camera, Grant, GrantInvitation

INVITATION_SECONDS = 7 * 24 * 3600.0
MAX_OPEN_INVITATIONS = 16
"""Per camera: more than anybody hands out in a week."""
KEEP_ENDED_SECONDS = 30 * 24 * 3600.0
"""So long an ended grant stays in the owner's list, where it can be given more time."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the owner of a camera has given: grants with the e-mails of their accounts, and open invitations."""

    grants: list[tuple[Grant, str]]
    invitations: list[GrantInvitation]


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """What a new grant gives. Times in seconds since the epoch; None: no bound."""

    scopes: Sequence[Scope]
    history_since: float | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """What stands for the link that is handed out: only the hash of its secret. `statement`: the owner's signed grant
    to it, and `proof`: of the camera's key, for the guest; both or none."""

    secret_hash: str
    statement: str | None = None
    proof: str | None = None


class Grants:
    """All methods may raise `Refused`."""

    def __init__(self, store: Store, live: LiveState) -> None:
        self._store = store
        self._live = live

    async def cameras_granted_to(self, account_id: str) -> set[str]:
        """Ids of the cameras that others share with this account, those included that it may not see now."""
        async with self._store.read() as connection:
            return {grant.camera_id for grant in await rows.granted_to(connection, account_id)}

    async def of_camera(self, owner_id: str, camera_id: str, *, now: float) -> Shared:
        async with self._store.read() as connection:
            _owned(await camera_rows.camera_by_id(connection, camera_id), owner_id)
            given = await rows.grants_of_camera(connection, camera_id)
            return Shared(given, await rows.open_invitations_of_camera(connection, camera_id, now))

    async def invite(
        self, owner_id: str, camera_id: str, terms: GrantTerms, link: Link, *, invitation_id: str, now: float
    ) -> GrantInvitation:
        """A link good once, for a week. Raises `Refused`: not_active, too_many_invitations, invalid_body,
        statement_untrue."""
        if terms.expires_at is not None and terms.expires_at <= now:
            raise Refused("invalid_body", "the grant would be over before it begins - at `$.grant_expires_at`")
        scopes: list[str] = sorted(set(terms.scopes))
        invitation = GrantInvitation(
            id=invitation_id,
            secret_hash=link.secret_hash,
            camera_id=camera_id,
            scopes=scopes,
            history_since=terms.history_since,
            grant_expires_at=terms.expires_at,
            created_at=now,
            expires_at=now + INVITATION_SECONDS,
            statement=link.statement,
            link_proof=link.proof,
        )
        async with self._store.write() as connection:
            camera = _owned(await camera_rows.camera_to_change(connection, camera_id), owner_id)
            if not is_awake(camera):
                raise Refused("not_active", "say first that this is your camera, then share it")
            if len(await rows.open_invitations_of_camera(connection, camera_id, now)) >= MAX_OPEN_INVITATIONS:
                raise Refused("too_many_invitations", f"{MAX_OPEN_INVITATIONS} invitations are still open")
            if link.statement is not None:
                check_grant(link.statement, camera, link=True)
            if not await rows.insert_invitation(connection, invitation):
                raise Refused("invalid_body", "this link was made before; draw another - at `$.secret_hash`")
            await _record(connection, camera, "guest_invited", now, scopes=" ".join(scopes))
        return invitation

    async def withdraw(self, owner_id: str, invitation_id: str, *, now: float) -> None:
        """The link is good for nothing from now on."""
        async with self._store.write() as connection:
            invitation = await rows.invitation_by_id(connection, invitation_id)
            held = await camera_rows.camera_to_change(connection, invitation.camera_id) if invitation else None
            camera = _owned(held, owner_id, "there is no such invitation")
            if not await rows.delete_invitation(connection, invitation_id):
                raise Refused("not_found", "there is no such invitation")
            await _record(connection, camera, "guest_invitation_withdrawn", now)

    async def check(self, secret: str, *, now: float) -> Offer:
        """What a link offers, for whoever holds it. Raises `Refused`: invitation_invalid, not_active."""
        async with self._store.read() as connection:
            offer = await offered(connection, token_hash(secret), now)
        if offer is None:
            raise invitation_invalid()
        return offer

    async def accept(
        self, account: Account, secret: str, acceptance: str | None, *, grant_id: str, now: float
    ) -> Grant:
        """Raises `Refused`, see `signaling.acceptance`."""
        hashed = token_hash(secret)
        async with self._store.write() as connection:
            await people.account_to_change(connection, account.id)
            grant = await accept(connection, hashed, account, grant_id=grant_id, now=now, acceptance=acceptance)
        await self.announce(grant)
        return grant

    async def countersign(self, account_id: str, grant_id: str, acceptance: str) -> None:
        """The guest, who had no keyring when the grant was made, says now who the link's holder is.

        Raises `Refused`: not_found, already_accepted, statement_untrue.
        """
        async with self._store.write() as connection:
            grant, _, _ = await self._to_change(connection, grant_id)
            if grant.account_id != account_id:
                raise _no_grant()
            await rows.update_grant(connection, grant_id, chain=accepted(grant.chain, acceptance))
        await self.announce(grant)

    async def change(self, owner_id: str, grant_id: str, changes: dict[str, Any], *, now: float) -> tuple[Grant, str]:
        """`changes`: among `scopes`, `history_since`, `expires_at` and `chain`, of one signed grant to the guest's
        keyring. The grant and its account's e-mail. Raises `Refused` (statement_untrue)."""
        async with self._store.write() as connection:
            grant, camera, email = await self._to_change(connection, grant_id)
            _owned(camera, owner_id, "there is no such grant")
            changes = {column: value for column, value in changes.items() if value != getattr(grant, column)}
            for text in changes.get("chain", ()):
                check_grant(text, camera, link=False)
            if changes:
                await rows.update_grant(connection, grant_id, **changes)
                said = {"guest": email, "changed": " ".join(sorted(changes))}
                if "scopes" in changes:
                    said["scopes"] = " ".join(changes["scopes"])
                await _record(connection, camera, "guest_changed", now, **said)
            changed = await rows.grant_by_id(connection, grant_id) or grant
        await self.announce(changed)
        return changed, email

    async def end(self, account_id: str, grant_id: str, *, now: float) -> None:
        """The owner revokes it, or the guest leaves."""
        async with self._store.write() as connection:
            grant, camera, email = await self._to_change(connection, grant_id)
            if account_id not in {camera.account_id, grant.account_id}:
                raise _no_grant()
            if not await rows.delete_grant(connection, grant_id):
                raise _no_grant()
            own = account_id == camera.account_id
            deed: Deed = "guest_revoked" if own else "guest_left"
            with contextlib.nullcontext() if own else unplaced():
                await _record(connection, camera, deed, now, guest=email)
        await self.announce(grant)

    async def delete_ended(self, *, now: float) -> None:
        """Housekeeping."""
        async with self._store.write() as connection:
            await rows.delete_ended(connection, now, now - KEEP_ENDED_SECONDS)

    async def announce_all(self, account_id: str) -> None:
        """What this account was given."""
        async with self._store.read() as connection:
            given = await rows.granted_to(connection, account_id)
        for grant in given:
            await self.announce(grant)

    async def announce(self, grant: Grant) -> None:
        """Whoever watches or shows this camera by this grant shall look again, and so shall its owner's pages."""
        await self._live.publish(LiveEvent("grant", grant.camera_id, grant.account_id))
        async with self._store.read() as connection:
            camera = await camera_rows.camera_by_id(connection, grant.camera_id)
        if camera is not None:
            await self._live.publish(LiveEvent("camera", camera.id, camera.account_id))

    async def _to_change(self, connection: AsyncConnection, grant_id: str) -> tuple[Grant, Camera, str]:
        """The grant, its camera, which nobody else changes now, and its account's e-mail."""
        grant = await rows.grant_by_id(connection, grant_id)
        camera = await camera_rows.camera_to_change(connection, grant.camera_id) if grant is not None else None
        grant = await rows.grant_by_id(connection, grant_id) if camera is not None else None
        account = await people.account_by_id(connection, grant.account_id) if grant is not None else None
        if grant is None or camera is None or account is None:
            raise _no_grant()
        return grant, camera, account.email


async def _record(connection: AsyncConnection, camera: Camera, deed: Deed, now: float, **details: str) -> None:
    await audit.record(
        connection, camera.account_id, deed, now=now, subject=camera.id, **({"name": camera.name} | details)
    )


def _owned(camera: Camera | None, account_id: str, otherwise: str = "there is no such camera") -> Camera:
    if camera is None or camera.account_id != account_id:
        raise Refused("not_found", otherwise)
    return camera


def _no_grant() -> Refused:
    return Refused("not_found", "there is no such grant")
