"""Accounts, their logins and invitations."""

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.refusals import Refused
from signaling.store.rows import Account, Invitation, Login, read, written
from signaling.store.schema import accounts, invitations, logins
from signaling.ways import Policy


async def insert_account(connection: AsyncConnection, account: Account) -> None:
    """Raises `IntegrityError` where the e-mail is taken."""
    await connection.execute(insert(accounts).values(written(account)))


async def account_by_email(connection: AsyncConnection, email: str) -> Account | None:
    row = (await connection.execute(select(accounts).where(accounts.c.email == email))).first()
    return read(Account, row) if row else None


async def account_by_id(connection: AsyncConnection, account_id: str) -> Account | None:
    row = (await connection.execute(select(accounts).where(accounts.c.id == account_id))).first()
    return read(Account, row) if row else None


async def account_to_change(connection: AsyncConnection, account_id: str) -> None:
    """Comes before what belongs to it is added or counted, which nobody else does before this transaction ends:
    PostgreSQL locks the row, SQLite has one writer. Raises `Refused` where the account was deleted meanwhile."""
    query = select(accounts.c.id).where(accounts.c.id == account_id).with_for_update()
    if (await connection.execute(query)).first() is None:
        raise Refused("unauthorized", "this account was deleted")


async def check_login(connection: AsyncConnection, login: Login) -> None:
    """Comes before what was asked for by somebody signed in and took its time, for instance to check a password: the
    session may have ended meanwhile. Raises `Refused`."""
    query = select(logins.c.id).where(logins.c.id == login.id, logins.c.account_id == login.account_id)
    if (await connection.execute(query)).first() is None:
        raise Refused("unauthorized", "this session has ended")


async def account_to_change_by(connection: AsyncConnection, login: Login) -> None:
    """`account_to_change` for a deed of this session, which must not have ended and does not before the deed is done:
    whoever ends sessions holds the account as well. Raises `Refused`."""
    await account_to_change(connection, login.account_id)
    await check_login(connection, login)


async def set_ways(connection: AsyncConnection, account_id: str, ways: Policy) -> bool:
    """False where they were so already."""
    query = update(accounts).where(accounts.c.id == account_id, accounts.c.ways != ways)
    return bool((await connection.execute(query.values(ways=ways))).rowcount)


async def administrator_exists(connection: AsyncConnection) -> bool:
    query = select(accounts.c.id).where(accounts.c.administrator).limit(1)
    return (await connection.execute(query)).first() is not None


async def make_administrator(connection: AsyncConnection, account_id: str) -> bool:
    """False where it was one already."""
    query = update(accounts).where(accounts.c.id == account_id, accounts.c.administrator.is_(False))
    return bool((await connection.execute(query.values(administrator=True))).rowcount)


async def hold_administrators(connection: AsyncConnection) -> None:
    """None of them goes before this transaction ends. In the order of their ids, and before any other row."""
    query = select(accounts.c.id).where(accounts.c.administrator).order_by(accounts.c.id)
    await connection.execute(query.with_for_update())


async def is_last_administrator(connection: AsyncConnection, account_id: str) -> bool:
    """Whether there are other accounts, and no administrator among them."""
    query = select(func.count(), func.count().filter(accounts.c.administrator)).where(accounts.c.id != account_id)
    others, administrators = (await connection.execute(query)).one()
    return bool(others and not administrators)


async def set_password(connection: AsyncConnection, account_id: str, password_hash: str) -> None:
    await connection.execute(update(accounts).where(accounts.c.id == account_id).values(password_hash=password_hash))


async def costliest_password(connection: AsyncConnection) -> int:
    """The highest cost among the hashes (`$2b$COST$…`); 0 where there are none."""
    query = select(func.max(func.substr(accounts.c.password_hash, 5, 2)))
    return int((await connection.execute(query)).scalar_one() or 0)


async def password_stands(connection: AsyncConnection, account_id: str, password_hash: str) -> bool:
    """Whether this is still the account's password. It stays so until the transaction ends: PostgreSQL locks the row,
    SQLite has one writer."""
    query = select(accounts.c.id).where(accounts.c.id == account_id, accounts.c.password_hash == password_hash)
    return (await connection.execute(query.with_for_update())).first() is not None


async def insert_login(connection: AsyncConnection, login: Login) -> None:
    await connection.execute(insert(logins).values(written(login)))


async def login_with_account(connection: AsyncConnection, login_id: str, now: float) -> tuple[Login, Account] | None:
    """A login that has not ended, and whose it is."""
    query = select(logins).where(logins.c.id == login_id, logins.c.expires_at > now)
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    login = read(Login, row)
    account = await account_by_id(connection, login.account_id)
    return (login, account) if account else None


async def logins_of(connection: AsyncConnection, account_id: str, now: float) -> list[Login]:
    """Newest first."""
    query = select(logins).where(logins.c.account_id == account_id, logins.c.expires_at > now)
    rows = await connection.execute(query.order_by(logins.c.created_at.desc(), logins.c.id))
    return [read(Login, row) for row in rows]


async def delete_logins(connection: AsyncConnection, account_id: str, login_ids: list[str]) -> list[str]:
    """Those of the logins that were the account's, and are gone now."""
    query = delete(logins).where(logins.c.account_id == account_id, logins.c.id.in_(login_ids))
    return [row.id for row in await connection.execute(query.returning(logins.c.id))]


async def delete_other_logins(connection: AsyncConnection, account_id: str, keep: str) -> list[str]:
    """All of the account's but one; those that are gone now."""
    query = delete(logins).where(logins.c.account_id == account_id, logins.c.id != keep)
    return [row.id for row in await connection.execute(query.returning(logins.c.id))]


async def insert_invitation(connection: AsyncConnection, invitation: Invitation) -> None:
    await connection.execute(insert(invitations).values(written(invitation)))


async def open_invitation(connection: AsyncConnection, secret_hash: str, now: float) -> Invitation | None:
    row = (await connection.execute(select(invitations).where(*_open(secret_hash, now)))).first()
    return read(Invitation, row) if row else None


async def use_invitation(connection: AsyncConnection, secret_hash: str, now: float) -> bool:
    """True for the one caller that may use it."""
    changed = await connection.execute(update(invitations).where(*_open(secret_hash, now)).values(used_at=now))
    return bool(changed.rowcount == 1)


async def open_invitations_by(connection: AsyncConnection, account_id: str, now: float) -> int:
    conditions = (
        invitations.c.created_by == account_id,
        invitations.c.expires_at > now,
        invitations.c.used_at.is_(None),
    )
    query = select(func.count()).select_from(invitations).where(*conditions)
    return int((await connection.execute(query)).scalar_one())


async def delete_first_start_links(connection: AsyncConnection) -> None:
    """Only the newest link that makes an administrator is good."""
    await connection.execute(delete(invitations).where(invitations.c.administrator, invitations.c.used_at.is_(None)))


async def delete_ended(connection: AsyncConnection, now: float) -> None:
    """Logins and invitations that nobody can use any more."""
    await connection.execute(delete(logins).where(logins.c.expires_at <= now))
    ended = or_(invitations.c.expires_at <= now, invitations.c.used_at.is_not(None))
    await connection.execute(delete(invitations).where(ended))


def _open(secret_hash: str, now: float) -> "tuple[ColumnElement[bool], ...]":
    c = invitations.c
    return (c.secret_hash == secret_hash, c.expires_at > now, c.used_at.is_(None))
