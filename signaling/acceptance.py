"""The secret of a sharing link: what it offers, and how it becomes a grant.

Inside the caller's transaction, because who has no account yet gets it together with the grant. An invitation that
cannot be accepted now (the owner's own, a camera that is not confirmed) is not used up.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.access import counts, end_of, is_awake
from signaling.acting import unplaced
from signaling.refusals import Refused
from signaling.signed_grants import accepted
from signaling.store import accounts as people
from signaling.store import audit, trust
from signaling.store import cameras as camera_rows
from signaling.store import grants as rows
from signaling.store.rows import Account, Camera, Grant, GrantInvitation

MAX_GRANTS_PER_CAMERA = 32
"""Family, neighbours, a caretaker: more than any home has guests."""
MAX_GRANTS_PER_ACCOUNT = 64
"""As many as one may have cameras of one's own: lists and event streams stay as short."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An invitation that can be accepted. `owner`: an e-mail. `keyring`: the owner's."""

    invitation: GrantInvitation
    camera: Camera
    owner: str
    keyring: list[str]


async def offered(connection: AsyncConnection, secret_hash: str, now: float) -> Offer | None:
    """None where there is no such invitation, or no longer. Raises `Refused` (not_active)."""
    invitation = await rows.open_invitation(connection, secret_hash, now)
    if invitation is None or _ended(invitation, now):
        return None
    camera = await camera_rows.camera_by_id(connection, invitation.camera_id)
    owner = await people.account_by_id(connection, camera.account_id) if camera is not None else None
    if camera is None or owner is None:
        return None
    if not is_awake(camera):
        raise Refused("not_active", "the owner has yet to confirm this camera; open the link again afterwards")
    return Offer(invitation, camera, owner.email, await trust.ring_of(connection, owner.id))


async def accept(
    connection: AsyncConnection,
    secret_hash: str,
    account: Account,
    *,
    grant_id: str,
    now: float,
    acceptance: str | None = None,
) -> Grant:
    """Make the grant; exactly one caller gets it. `account` is in the store, and held by this transaction.
    `acceptance`: signed by the link's key.

    Raises `Refused`: invitation_invalid, own_camera, already_shared, too_many_grants, not_active, statement_untrue.
    """
    invitation = await rows.open_invitation(connection, secret_hash, now)
    held = await camera_rows.camera_to_change(connection, invitation.camera_id) if invitation is not None else None
    offer = await offered(connection, secret_hash, now) if held is not None else None
    if offer is None:
        raise invitation_invalid()
    if offer.camera.account_id == account.id:
        raise Refused("own_camera", "this is a camera of your own; give the link to somebody else")
    await _make_room(connection, offer.camera, account.id, now)
    if not await rows.use_invitation(connection, secret_hash, now):
        raise invitation_invalid()
    grant = _grant(offer.invitation, account.id, grant_id, now, acceptance)
    await rows.insert_grant(connection, grant)
    said = {"name": offer.camera.name, "guest": account.email, "scopes": " ".join(grant.scopes)}
    owner, camera = offer.camera.account_id, offer.camera.id
    with unplaced():
        await audit.record(connection, owner, "guest_accepted", now=now, subject=camera, **said)
    return grant


async def _make_room(connection: AsyncConnection, camera: Camera, account_id: str, now: float) -> None:
    """An ended grant of the same account gives way."""
    old = await rows.grant_of(connection, camera.id, account_id)
    if old is not None and counts(old, camera, now):
        raise Refused("already_shared", "this camera is shared with you already")
    if old is not None:
        await rows.delete_grant(connection, old.id)
    if await rows.count_grants_of_camera(connection, camera.id) >= MAX_GRANTS_PER_CAMERA:
        raise Refused("too_many_grants", f"a camera is shared with at most {MAX_GRANTS_PER_CAMERA} accounts")
    held = [grant for grant in await rows.granted_to(connection, account_id) if now < end_of(grant)]
    if len(held) >= MAX_GRANTS_PER_ACCOUNT:
        raise Refused("too_many_grants", f"at most {MAX_GRANTS_PER_ACCOUNT} cameras of others are shared with one")


def _grant(invitation: GrantInvitation, account_id: str, grant_id: str, now: float, acceptance: str | None) -> Grant:
    chain = [invitation.statement] if invitation.statement is not None else []
    return Grant(
        id=grant_id,
        camera_id=invitation.camera_id,
        account_id=account_id,
        scopes=invitation.scopes,
        history_since=invitation.history_since,
        expires_at=invitation.grant_expires_at,
        created_at=now,
        chain=accepted(chain, acceptance) if acceptance is not None else chain,
        link_proof=invitation.link_proof,
    )


def _ended(invitation: GrantInvitation, now: float) -> bool:
    """Whether the grant would be over before it began."""
    return invitation.grant_expires_at is not None and invitation.grant_expires_at <= now


def invitation_invalid() -> Refused:
    return Refused("invitation_invalid", "this invitation was used, has run out or never existed")
