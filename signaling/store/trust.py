"""The rows of keyrings, and of what is said about cameras and to them. Whoever changes these holds the camera's row, or
the account's."""

import json
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.store.rows import CameraTrust, Pairing, read, written
from signaling.store.schema import camera_trust, cameras, introductions, keyrings, pairings


async def ring_of(connection: AsyncConnection, account_id: str) -> list[str]:
    """The statements of the account's keyring, the first one first; none where it has no keyring."""
    query = select(keyrings.c.statements).where(keyrings.c.account_id == account_id)
    row = (await connection.execute(query)).first()
    return [str(text) for text in json.loads(row.statements)] if row else []


async def put_ring(connection: AsyncConnection, account_id: str, statements: list[str]) -> None:
    """In the place of the one there may be. Whoever calls holds the account."""
    await delete_ring(connection, account_id)
    await connection.execute(insert(keyrings).values(account_id=account_id, statements=json.dumps(statements)))


async def delete_ring(connection: AsyncConnection, account_id: str) -> bool:
    """False where there was none."""
    return bool((await connection.execute(delete(keyrings).where(keyrings.c.account_id == account_id))).rowcount)


async def trust_of(connection: AsyncConnection, camera_id: str) -> CameraTrust | None:
    row = (await connection.execute(select(camera_trust).where(camera_trust.c.camera_id == camera_id))).first()
    return read(CameraTrust, row) if row else None


async def put_trust(connection: AsyncConnection, trust: CameraTrust) -> None:
    """In the place of what there may be."""
    await connection.execute(delete(camera_trust).where(camera_trust.c.camera_id == trust.camera_id))
    await connection.execute(insert(camera_trust).values(written(trust)))


async def update_trust(connection: AsyncConnection, camera_id: str, **values: Any) -> bool:
    """False where nothing is known of this camera."""
    query = update(camera_trust).where(camera_trust.c.camera_id == camera_id).values(**values)
    return bool((await connection.execute(query)).rowcount)


async def protected_cameras_of(connection: AsyncConnection, account_id: str) -> list[str]:
    """Ids of the account's cameras that know whose they are."""
    query = select(cameras.c.id).join(camera_trust, camera_trust.c.camera_id == cameras.c.id)
    query = query.where(cameras.c.account_id == account_id, camera_trust.c.protected).order_by(cameras.c.id)
    return [str(row.id) for row in await connection.execute(query)]


async def protected_among(connection: AsyncConnection, camera_ids: list[str]) -> set[str]:
    """Those of the cameras that know whose they are, and whose key has not changed since."""
    c = camera_trust.c
    query = select(cameras.c.id).join(camera_trust, c.camera_id == cameras.c.id)
    query = query.where(cameras.c.id.in_(camera_ids), c.protected, c.camera_key == cameras.c.public_key)
    return {str(row.id) for row in await connection.execute(query)}


async def forget_words(connection: AsyncConnection, account_id: str) -> None:
    """What the account's keyring has said: orders to its cameras, and what its installations told each other."""
    own = select(cameras.c.id).where(cameras.c.account_id == account_id)
    await connection.execute(update(camera_trust).where(camera_trust.c.camera_id.in_(own)).values(orders=None))
    await connection.execute(delete(introductions).where(introductions.c.account_id == account_id))


async def forget_camera(connection: AsyncConnection, camera_id: str) -> None:
    """All that was said about it and to it."""
    await connection.execute(delete(camera_trust).where(camera_trust.c.camera_id == camera_id))
    await connection.execute(delete(introductions).where(introductions.c.camera_id == camera_id))


async def introduction_of(connection: AsyncConnection, camera_id: str, account_id: str) -> str | None:
    c = introductions.c
    row = (
        await connection.execute(select(c.statement).where(c.camera_id == camera_id, c.account_id == account_id))
    ).first()
    return str(row.statement) if row else None


async def put_introduction(connection: AsyncConnection, camera_id: str, account_id: str, statement: str) -> None:
    """In the place of the one there may be. Whoever calls holds the camera."""
    c = introductions.c
    await connection.execute(delete(introductions).where(c.camera_id == camera_id, c.account_id == account_id))
    row = {"camera_id": camera_id, "account_id": account_id, "statement": statement}
    await connection.execute(insert(introductions).values(row))


async def offer_owner(connection: AsyncConnection, pairing: Pairing, head: str, proof: str, now: float) -> bool:
    """What the camera will hear at its activation. False where the code was used or has ended in the meantime."""
    c = pairings.c
    query = update(pairings).where(c.id == pairing.id, c.winner.is_(None), c.expires_at > now)
    return bool((await connection.execute(query.values(owner_head=head, owner_proof=proof))).rowcount)
