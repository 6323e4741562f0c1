"""The rows of transfer links."""

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.store.rows import Transfer, read, written
from signaling.store.schema import pairings, transfers


async def replace_transfer(connection: AsyncConnection, transfer: Transfer) -> None:
    """An earlier link of this camera is good for nothing from now on."""
    await delete_transfer(connection, transfer.camera_id)
    await connection.execute(insert(transfers).values(written(transfer)))


async def transfer_of(connection: AsyncConnection, camera_id: str, now: float) -> Transfer | None:
    """The open link of this camera."""
    query = select(transfers).where(transfers.c.camera_id == camera_id, transfers.c.expires_at > now)
    row = (await connection.execute(query)).first()
    return read(Transfer, row) if row else None


async def open_transfer(connection: AsyncConnection, secret_hash: str, now: float) -> Transfer | None:
    query = select(transfers).where(transfers.c.secret_hash == secret_hash, transfers.c.expires_at > now)
    row = (await connection.execute(query)).first()
    return read(Transfer, row) if row else None


async def use_transfer(connection: AsyncConnection, secret_hash: str, now: float) -> bool:
    """True for the one caller that may use it."""
    query = delete(transfers).where(transfers.c.secret_hash == secret_hash, transfers.c.expires_at > now)
    return bool((await connection.execute(query)).rowcount == 1)


async def delete_transfer(connection: AsyncConnection, camera_id: str) -> bool:
    """False where there was none."""
    query = delete(transfers).where(transfers.c.camera_id == camera_id)
    return bool((await connection.execute(query)).rowcount == 1)


async def delete_ended(connection: AsyncConnection, now: float) -> None:
    """Links that nobody can use any more."""
    await connection.execute(delete(transfers).where(transfers.c.expires_at <= now))


async def forget_pairings(connection: AsyncConnection, camera_id: str) -> None:
    """The codes of this camera, with the names of the networks in them."""
    await connection.execute(delete(pairings).where(pairings.c.camera_id == camera_id))
