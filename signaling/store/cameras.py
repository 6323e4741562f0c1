"""Cameras and their pairings."""

from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.store.rows import Camera, Pairing, column_values, read, written
from signaling.store.schema import accounts, cameras, pairings
from signaling.ways import Policy

PROVEN_STEPS = ("activated", "online")
CANCELLED = "cancelled"
"""The step of a code that was taken back or replaced before anybody used it; no camera points at it."""


async def insert_camera(connection: AsyncConnection, camera: Camera) -> None:
    await connection.execute(insert(cameras).values(written(camera)))


async def camera_by_id(connection: AsyncConnection, camera_id: str) -> Camera | None:
    row = (await connection.execute(select(cameras).where(cameras.c.id == camera_id))).first()
    return read(Camera, row) if row else None


async def camera_with_policy(connection: AsyncConnection, camera_id: str) -> tuple[Camera, Policy] | None:
    """The camera, and which ways its account allows."""
    query = select(cameras, accounts.c.ways).join(accounts, cameras.c.account_id == accounts.c.id)
    row = (await connection.execute(query.where(cameras.c.id == camera_id))).first()
    return (read(Camera, row), row.ways) if row else None


async def camera_to_change(connection: AsyncConnection, camera_id: str) -> Camera | None:
    """The camera, which nobody else changes before this transaction ends: PostgreSQL locks the row, SQLite has one
    writer. Comes before any change of its pairings, so that two transactions never wait for each other."""
    row = (await connection.execute(select(cameras).where(cameras.c.id == camera_id).with_for_update())).first()
    return read(Camera, row) if row else None


async def camera_by_bearer(connection: AsyncConnection, bearer_hash: str) -> Camera | None:
    row = (await connection.execute(select(cameras).where(cameras.c.bearer_hash == bearer_hash))).first()
    return read(Camera, row) if row else None


async def cameras_of(connection: AsyncConnection, account_id: str) -> list[Camera]:
    """Oldest first."""
    query = select(cameras).where(cameras.c.account_id == account_id).order_by(cameras.c.created_at, cameras.c.id)
    return [read(Camera, row) for row in await connection.execute(query)]


async def count_cameras(connection: AsyncConnection, account_id: str) -> int:
    query = select(func.count()).select_from(cameras).where(cameras.c.account_id == account_id)
    return int((await connection.execute(query)).scalar_one())


async def update_camera(connection: AsyncConnection, camera_id: str, **values: Any) -> bool:
    """Set the named columns; False where there is no such camera."""
    query = update(cameras).where(cameras.c.id == camera_id).values(column_values(values))
    return bool((await connection.execute(query)).rowcount == 1)


async def delete_camera(connection: AsyncConnection, camera_id: str) -> None:
    await connection.execute(delete(cameras).where(cameras.c.id == camera_id))


async def insert_pairing(connection: AsyncConnection, pairing: Pairing) -> None:
    await connection.execute(insert(pairings).values(written(pairing)))


async def pairing_by_id(connection: AsyncConnection, pairing_id: str) -> Pairing | None:
    row = (await connection.execute(select(pairings).where(pairings.c.id == pairing_id))).first()
    return read(Pairing, row) if row else None


async def pairing_by_token(connection: AsyncConnection, token_hash: str) -> Pairing | None:
    row = (await connection.execute(select(pairings).where(pairings.c.token_hash == token_hash))).first()
    return read(Pairing, row) if row else None


async def pairings_by_id(connection: AsyncConnection, pairing_ids: list[str]) -> dict[str, Pairing]:
    """Pairings under their ids."""
    rows = await connection.execute(select(pairings).where(pairings.c.id.in_(pairing_ids)))
    return {row.id: read(Pairing, row) for row in rows}


async def win(connection: AsyncConnection, token_hash: str, winner: str, now: float) -> bool:
    """The one statement that decides a race of activations: True for exactly one caller."""
    c = pairings.c
    query = update(pairings).where(c.token_hash == token_hash, c.winner.is_(None), c.expires_at > now)
    query = query.where(c.step != CANCELLED)  # `now` may be older than the cancelling: when the request came in
    changed = await connection.execute(query.values(winner=winner, step="activated"))
    return bool(changed.rowcount == 1)


async def advance(connection: AsyncConnection, pairing_id: str, step: str, earlier: tuple[str, ...]) -> bool:
    """Move a pairing on from one of the earlier steps; False where it is elsewhere."""
    query = update(pairings).where(pairings.c.id == pairing_id, pairings.c.step.in_(earlier)).values(step=step)
    return bool((await connection.execute(query)).rowcount == 1)


async def cancel_open_pairings(connection: AsyncConnection, camera_id: str) -> None:
    """Tokens of this camera that nobody has used are good for nothing from now on."""
    query = update(pairings).where(pairings.c.camera_id == camera_id, pairings.c.winner.is_(None))
    await connection.execute(query.values(step=CANCELLED))


async def newly_expired(connection: AsyncConnection, since: float, now: float) -> list[Camera]:
    """Cameras whose code ran out unused in that time."""
    c = pairings.c
    query = select(cameras).join(pairings, cameras.c.pairing_id == c.id)
    query = query.where(c.expires_at > since, c.expires_at <= now, c.winner.is_(None))
    return [read(Camera, row) for row in await connection.execute(query)]


async def delete_old_pairings(connection: AsyncConnection, before: float) -> None:
    """Old codes that no camera points at."""
    current = select(cameras.c.pairing_id).where(cameras.c.pairing_id.is_not(None))
    await connection.execute(
        delete(pairings).where(pairings.c.expires_at < before, pairings.c.id.not_in(current.scalar_subquery()))
    )
