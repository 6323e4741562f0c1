"""Browsers and apps from which somebody has signed in to an account before."""

from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.store.schema import accounts, known_devices, logins


async def who_comes(connection: AsyncConnection, email: str, secret_hash: str, now: float) -> tuple[bool, list[str]]:
    """Whether the account with this e-mail knows the device, and from which addresses somebody is signed in to it.

    One query, the same where there is no such account.
    """
    devices = select(literal(True).label("known"), literal("").label("address")).join_from(known_devices, accounts)
    devices = devices.where(accounts.c.email == email, known_devices.c.secret_hash == secret_hash)
    homes = select(literal(False), logins.c.address).join_from(logins, accounts)
    homes = homes.where(accounts.c.email == email, logins.c.expires_at > now)
    found = (await connection.execute(devices.union_all(homes))).all()
    return any(row.known for row in found), [row.address for row in found if not row.known]


async def seen_again(connection: AsyncConnection, account_id: str, secret_hash: str, now: float) -> bool:
    """Whether the account knows it; then it was used just now."""
    c = known_devices.c
    query = update(known_devices).where(c.account_id == account_id, c.secret_hash == secret_hash)
    return bool((await connection.execute(query.values(last_used_at=now))).rowcount)


async def rename(connection: AsyncConnection, old_hash: str, new_hash: str) -> None:
    """The accounts that knew it by the old secret know it by the new one."""
    query = update(known_devices).where(known_devices.c.secret_hash == old_hash)
    await connection.execute(query.values(secret_hash=new_hash))


async def add(connection: AsyncConnection, account_id: str, secret_hash: str, now: float, *, most: int) -> None:
    """One more, and the longest unused go, so that there are at most so many."""
    c = known_devices.c
    values = {"secret_hash": secret_hash, "account_id": account_id, "created_at": now, "last_used_at": now}
    await connection.execute(insert(known_devices).values(values))
    newest = select(c.secret_hash).where(c.account_id == account_id).order_by(c.last_used_at.desc()).limit(most)
    kept = [row.secret_hash for row in await connection.execute(newest)]
    await connection.execute(delete(known_devices).where(c.account_id == account_id, c.secret_hash.not_in(kept)))


async def delete_all_of(connection: AsyncConnection, account_id: str) -> None:
    await connection.execute(delete(known_devices).where(known_devices.c.account_id == account_id))


async def delete_unused(connection: AsyncConnection, before: float) -> None:
    await connection.execute(delete(known_devices).where(known_devices.c.last_used_at < before))
