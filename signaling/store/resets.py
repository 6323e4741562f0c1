"""Links that set a new password: at most one for an account."""

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.store.rows import Account, read
from signaling.store.schema import accounts, resets


async def replace_reset(
    connection: AsyncConnection, account_id: str, secret_hash: str, now: float, expires_at: float
) -> None:
    """Earlier links of the account end."""
    await delete_all_of(connection, account_id)
    values = {"secret_hash": secret_hash, "account_id": account_id, "created_at": now, "expires_at": expires_at}
    await connection.execute(insert(resets).values(values))


async def account_of_reset(connection: AsyncConnection, secret_hash: str, now: float) -> Account | None:
    """Whose password the link sets; None where it is good for nothing."""
    query = select(accounts).join(resets, resets.c.account_id == accounts.c.id).where(*_open(secret_hash, now))
    row = (await connection.execute(query)).first()
    return read(Account, row) if row else None


async def use_reset(connection: AsyncConnection, secret_hash: str, now: float) -> bool:
    """True for the one caller that may."""
    return bool((await connection.execute(delete(resets).where(*_open(secret_hash, now)))).rowcount == 1)


async def delete_all_of(connection: AsyncConnection, account_id: str) -> None:
    await connection.execute(delete(resets).where(resets.c.account_id == account_id))


async def delete_ended(connection: AsyncConnection, now: float) -> None:
    await connection.execute(delete(resets).where(resets.c.expires_at <= now))


def _open(secret_hash: str, now: float) -> "tuple[ColumnElement[bool], ...]":
    return (resets.c.secret_hash == secret_hash, resets.c.expires_at > now)
