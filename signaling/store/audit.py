"""The rows of the audit log. An entry is written in the transaction of the deed itself: both are there, or neither."""

import secrets
from collections.abc import AsyncIterator

from sqlalchemy import ColumnElement, exists, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.acting import acting
from signaling.audit import KEEP_BODY_SECONDS, Body, Deed, Entry, entry
from signaling.store.rows import read, written
from signaling.store.schema import accounts, audit

LOCK = 0x62656C77
"""Any number that no other program on this PostgreSQL uses: two transactions never write the same number."""
SALT_BYTES = 16
PAGE = 1000


async def record(
    connection: AsyncConnection, account_id: str, deed: Deed, *, now: float, subject: str = "", **details: str
) -> None:
    """Add an entry by whoever acts now (`signaling.acting`). Comes last in a transaction: on PostgreSQL others wait.

    `account_id`: who may read it. `details`: short texts for that person; nothing secret.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    actor = acting.get()
    body = Body(actor.name, actor.address, details)
    made = entry(await newest(connection), account_id, deed, subject, body, salt=secrets.token_hex(SALT_BYTES), now=now)
    await connection.execute(insert(audit).values(written(made)))


async def newest(connection: AsyncConnection) -> Entry | None:
    row = (await connection.execute(select(audit).order_by(audit.c.number.desc()).limit(1))).first()
    return read(Entry, row) if row else None


async def entries_of(
    connection: AsyncConnection,
    account_id: str,
    *,
    before: int | None,
    subject: str | None,
    most: int,
    now: float,
    deed: Deed | None = None,
) -> list[Entry]:
    """Of this account, newest first, but those whose words are gone by age. `before`: only smaller numbers."""
    c = audit.c
    query = select(audit).where(c.account_id == account_id, c.body.is_not(None) | (c.at_ms >= _kept_since(now)))
    if before is not None:
        query = query.where(c.number < before)
    if subject is not None:
        query = query.where(c.subject == subject)
    if deed is not None:
        query = query.where(c.deed == deed)
    rows = await connection.execute(query.order_by(c.number.desc()).limit(most))
    return [read(Entry, row) for row in rows]


async def pages(connection: AsyncConnection) -> AsyncIterator[list[Entry]]:
    """The whole log from its beginning, a page at a time."""
    after: int | None = None
    while True:
        query = select(audit).order_by(audit.c.number).limit(PAGE)
        if after is not None:
            query = query.where(audit.c.number > after)
        page = [read(Entry, row) for row in await connection.execute(query)]
        if not page:
            return
        yield page
        after = page[-1].number


async def wrongly_erased(connection: AsyncConnection, now: float) -> int | None:
    """The first entry whose words are gone although it is neither old nor of a deleted account."""
    c, last = audit.c, audit.alias()
    deleted = exists().where(last.c.account_id == c.account_id, last.c.deed == "account_deleted")
    lawful = c.account_id.not_in(select(accounts.c.id)) & deleted
    query = select(c.number).where(c.body.is_(None), c.at_ms >= _kept_since(now), ~lawful)
    number: int | None = await connection.scalar(query.order_by(c.number).limit(1))
    return number


def _kept_since(now: float) -> int:
    return int((now - KEEP_BODY_SECONDS) * 1000)


async def erase_before(connection: AsyncConnection, moment: float) -> None:
    """What older entries say (seconds since the epoch); they stay in the chain."""
    await _erase(connection, audit.c.at_ms < int(moment * 1000))


async def erase_account(connection: AsyncConnection, account_id: str) -> None:
    """What the entries of this account say; they stay in the chain."""
    await _erase(connection, audit.c.account_id == account_id)


async def erase_orphans(connection: AsyncConnection) -> None:
    """What entries of accounts that are gone say: one may have been written while its account was being deleted."""
    await _erase(connection, (audit.c.account_id != "") & audit.c.account_id.not_in(select(accounts.c.id)))


async def _erase(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    await connection.execute(update(audit).where(which, audit.c.body.is_not(None)).values(body=None, salt=None))
