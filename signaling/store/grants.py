"""Grants, and the invitations that make them. Whoever changes either holds the camera's row (`camera_to_change`)."""

from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.store.rows import Camera, Grant, GrantInvitation, column_values, read, written
from signaling.store.schema import accounts, cameras, grant_invitations, grants


async def insert_grant(connection: AsyncConnection, grant: Grant) -> None:
    await connection.execute(insert(grants).values(written(grant)))


async def grant_by_id(connection: AsyncConnection, grant_id: str) -> Grant | None:
    row = (await connection.execute(select(grants).where(grants.c.id == grant_id))).first()
    return read(Grant, row) if row else None


async def grant_of(connection: AsyncConnection, camera_id: str, account_id: str) -> Grant | None:
    """The one grant of this account for this camera, ended or not."""
    query = select(grants).where(grants.c.camera_id == camera_id, grants.c.account_id == account_id)
    row = (await connection.execute(query)).first()
    return read(Grant, row) if row else None


async def grants_of_camera(connection: AsyncConnection, camera_id: str) -> list[tuple[Grant, str]]:
    """Oldest first, ended ones too, each with its account's e-mail."""
    query = select(grants, accounts.c.email).join(accounts, grants.c.account_id == accounts.c.id)
    query = query.where(grants.c.camera_id == camera_id).order_by(grants.c.created_at, grants.c.id)
    return [(read(Grant, row), row.email) for row in await connection.execute(query)]


async def granted_to(connection: AsyncConnection, account_id: str) -> list[Grant]:
    """Every grant of this account, ended ones and sleeping ones too."""
    rows = await connection.execute(select(grants).where(grants.c.account_id == account_id))
    return [read(Grant, row) for row in rows]


async def cameras_granted_to(connection: AsyncConnection, account_id: str) -> list[tuple[Camera, Grant, str]]:
    """Cameras that others share with this account, oldest grant first, each with its grant and its owner's e-mail."""
    query = select(cameras, accounts.c.email).join(accounts, cameras.c.account_id == accounts.c.id)
    held = {grant.camera_id: grant for grant in await granted_to(connection, account_id)}
    rows = await connection.execute(query.where(cameras.c.id.in_(held)))
    found = [(read(Camera, row), held[row.id], str(row.email)) for row in rows]
    return sorted(found, key=lambda one: (one[1].created_at, one[1].id))


async def hold_cameras_of(connection: AsyncConnection, account_id: str) -> None:
    """Its own and those shared with it, which nobody else changes before this transaction ends. In the order of their
    ids, so that two such transactions never wait for each other."""
    shared = select(grants.c.camera_id).where(grants.c.account_id == account_id)
    query = select(cameras.c.id).where(or_(cameras.c.account_id == account_id, cameras.c.id.in_(shared)))
    await connection.execute(query.order_by(cameras.c.id).with_for_update())


async def count_grants_of_camera(connection: AsyncConnection, camera_id: str) -> int:
    query = select(func.count()).select_from(grants).where(grants.c.camera_id == camera_id)
    return int((await connection.execute(query)).scalar_one())


async def update_grant(connection: AsyncConnection, grant_id: str, **values: Any) -> None:
    await connection.execute(update(grants).where(grants.c.id == grant_id).values(column_values(values)))


async def delete_grant(connection: AsyncConnection, grant_id: str) -> bool:
    """False where somebody else was faster."""
    return bool((await connection.execute(delete(grants).where(grants.c.id == grant_id))).rowcount == 1)


async def delete_all_of_camera(connection: AsyncConnection, camera_id: str) -> list[str]:
    """Grants and invitations of a camera that goes to another owner; the accounts that had a grant."""
    c = grant_invitations.c
    await connection.execute(delete(grant_invitations).where(c.camera_id == camera_id))
    query = delete(grants).where(grants.c.camera_id == camera_id).returning(grants.c.account_id)
    return [str(row.account_id) for row in await connection.execute(query)]


async def insert_invitation(connection: AsyncConnection, invitation: GrantInvitation) -> bool:
    """False where there is one with this secret, which somebody else has drawn."""
    try:
        async with connection.begin_nested():
            await connection.execute(insert(grant_invitations).values(written(invitation)))
    except IntegrityError:
        return False
    return True


async def open_invitation(connection: AsyncConnection, secret_hash: str, now: float) -> GrantInvitation | None:
    row = (await connection.execute(select(grant_invitations).where(*_open(secret_hash, now)))).first()
    return read(GrantInvitation, row) if row else None


async def use_invitation(connection: AsyncConnection, secret_hash: str, now: float) -> bool:
    """The one statement that decides a race: True for exactly one caller."""
    changed = await connection.execute(update(grant_invitations).where(*_open(secret_hash, now)).values(used_at=now))
    return bool(changed.rowcount == 1)


async def open_invitations_of_camera(connection: AsyncConnection, camera_id: str, now: float) -> list[GrantInvitation]:
    """Oldest first."""
    c = grant_invitations.c
    query = select(grant_invitations).where(c.camera_id == camera_id, c.used_at.is_(None), c.expires_at > now)
    return [read(GrantInvitation, row) for row in await connection.execute(query.order_by(c.created_at, c.id))]


async def invitation_by_id(connection: AsyncConnection, invitation_id: str) -> GrantInvitation | None:
    query = select(grant_invitations).where(grant_invitations.c.id == invitation_id)
    row = (await connection.execute(query)).first()
    return read(GrantInvitation, row) if row else None


async def delete_invitation(connection: AsyncConnection, invitation_id: str) -> bool:
    """False where it was used, or somebody else was faster."""
    c = grant_invitations.c
    query = delete(grant_invitations).where(c.id == invitation_id, c.used_at.is_(None))
    return bool((await connection.execute(query)).rowcount == 1)


async def delete_ended(connection: AsyncConnection, now: float, ended_before: float) -> None:
    """Invitations that nobody can use any more, and grants that ended long ago."""
    c = grant_invitations.c
    await connection.execute(delete(grant_invitations).where(or_(c.expires_at <= now, c.used_at.is_not(None))))
    await connection.execute(delete(grants).where(grants.c.expires_at < ended_before))


def _open(secret_hash: str, now: float) -> "tuple[ColumnElement[bool], ...]":
    c = grant_invitations.c
    return (c.secret_hash == secret_hash, c.expires_at > now, c.used_at.is_(None))
