"""Second factors of an account: its authenticator app, its passkeys, its recovery codes."""

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.refusals import Method
from signaling.store.rows import Passkey, Totp, read, written
from signaling.store.schema import accounts, passkeys, recovery_codes, totp


async def methods(connection: AsyncConnection, account_id: str) -> tuple[Method, ...]:
    """What this account can show beside its password; none where the password is enough."""
    found: list[Method] = []
    app = await totp_of(connection, account_id)
    if app is not None and app.confirmed:
        found.append("totp")
    if await passkeys_of(connection, account_id):
        found.append("passkey")
    if found and await codes_left(connection, account_id):
        found.append("recovery_code")
    return tuple(found)


async def totp_of(connection: AsyncConnection, account_id: str) -> Totp | None:
    row = (await connection.execute(select(totp).where(totp.c.account_id == account_id))).first()
    return read(Totp, row) if row else None


async def put_totp(connection: AsyncConnection, app: Totp) -> None:
    """In the place of one there may be."""
    await delete_totp(connection, app.account_id)
    await connection.execute(insert(totp).values(written(app)))


async def confirm_totp(connection: AsyncConnection, account_id: str, step: int) -> bool:
    """Switch it on with the code of this time step. False where it is on already, or gone."""
    query = update(totp).where(totp.c.account_id == account_id, totp.c.confirmed.is_(False))
    return bool((await connection.execute(query.values(confirmed=True, last_step=step))).rowcount)


async def use_step(connection: AsyncConnection, account_id: str, step: int) -> bool:
    """True for the one caller that may use the code of this time step, and none of an earlier one afterwards."""
    query = update(totp).where(totp.c.account_id == account_id, totp.c.confirmed, totp.c.last_step < step)
    return bool((await connection.execute(query.values(last_step=step))).rowcount)


async def delete_totp(connection: AsyncConnection, account_id: str) -> bool:
    """Whether there was one that counted."""
    query = delete(totp).where(totp.c.account_id == account_id).returning(totp.c.confirmed)
    return any(row.confirmed for row in await connection.execute(query))


async def passkeys_of(connection: AsyncConnection, account_id: str) -> list[Passkey]:
    """Oldest first."""
    query = select(passkeys).where(passkeys.c.account_id == account_id)
    rows = await connection.execute(query.order_by(passkeys.c.created_at, passkeys.c.id))
    return [read(Passkey, row) for row in rows]


async def passkey_by_credential(connection: AsyncConnection, credential_id: str) -> Passkey | None:
    query = select(passkeys).where(passkeys.c.credential_id == credential_id)
    row = (await connection.execute(query)).first()
    return read(Passkey, row) if row else None


async def insert_passkey(connection: AsyncConnection, passkey: Passkey) -> None:
    """Raises `IntegrityError` where its credential is registered already."""
    await connection.execute(insert(passkeys).values(written(passkey)))


async def use_passkey(
    connection: AsyncConnection, passkey: Passkey, sign_count: int, *, verified: bool, now: float
) -> bool:
    """Note that it was used. False where it is gone, or was used meanwhile: then its count tells that it is a copy."""
    c = passkeys.c
    query = update(passkeys).where(c.id == passkey.id, c.sign_count == passkey.sign_count)
    values = {"sign_count": sign_count, "verified": passkey.verified or verified, "last_used_at": now}
    return bool((await connection.execute(query.values(values))).rowcount)


async def rename_passkey(connection: AsyncConnection, account_id: str, passkey_id: str, name: str) -> bool:
    query = update(passkeys).where(passkeys.c.account_id == account_id, passkeys.c.id == passkey_id)
    return bool((await connection.execute(query.values(name=name))).rowcount)


async def delete_passkey(connection: AsyncConnection, passkey_id: str) -> None:
    await connection.execute(delete(passkeys).where(passkeys.c.id == passkey_id))


async def put_codes(connection: AsyncConnection, account_id: str, hashes: list[str]) -> None:
    """In the place of those there are."""
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    if hashes:
        rows = [{"account_id": account_id, "code_hash": code_hash} for code_hash in hashes]
        await connection.execute(insert(recovery_codes), rows)


async def use_code(connection: AsyncConnection, account_id: str, code_hash: str) -> bool:
    """True for the one caller that may use it."""
    c = recovery_codes.c
    query = delete(recovery_codes).where(c.account_id == account_id, c.code_hash == code_hash)
    return bool((await connection.execute(query)).rowcount)


async def has_code(connection: AsyncConnection, account_id: str, code_hash: str) -> bool:
    c = recovery_codes.c
    query = select(c.account_id).where(c.account_id == account_id, c.code_hash == code_hash)
    return (await connection.execute(query)).first() is not None


async def codes_left(connection: AsyncConnection, account_id: str) -> int:
    query = select(func.count()).select_from(recovery_codes).where(recovery_codes.c.account_id == account_id)
    return int((await connection.execute(query)).scalar_one())


async def set_passkey_only(connection: AsyncConnection, account_id: str, on: bool) -> None:
    await connection.execute(update(accounts).where(accounts.c.id == account_id).values(passkey_only=on))


async def forget(connection: AsyncConnection, account_id: str) -> None:
    """All of them: the password alone opens the account again."""
    for table in (totp, passkeys, recovery_codes):
        await connection.execute(delete(table).where(table.c.account_id == account_id))
    await set_passkey_only(connection, account_id, False)
