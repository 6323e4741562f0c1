"""The rows of the audit log: the database keeps them from being changed, and two writers from writing one number."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from signaling.acting import Actor, acting
from signaling.audit import KEEP_BODY_SECONDS, NO_ENTRY, Body, Entry, Head, follow
from signaling.store import accounts as people
from signaling.store import audit
from signaling.store.database import Store, open_store
from signaling.store.rows import Account
from tests.signaling.helpers import both_databases

pytestmark = both_databases


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[Store]:
    opened = await open_store(database_url, tmp_path)
    yield opened
    await opened.close()


async def add(store: Store, account_id: str, *, now: float = 1000.0) -> None:
    async with store.write() as connection:
        await audit.record(connection, account_id, "signed_in", now=now, agent="a browser")


async def add_and_fail(store: Store) -> None:
    async with store.write() as connection:
        await audit.record(connection, "a", "signed_in", now=1.0)
        raise ZeroDivisionError


async def whole(store: Store) -> list[Entry]:
    async with store.read() as connection:
        return [entry async for page in audit.pages(connection) for entry in page]


async def test_an_entry_says_who_acted_and_from_where(store: Store) -> None:
    acting.set(Actor("owner@example.org", "192.0.2.7"))
    await add(store, "a")
    (made,) = await whole(store)
    said = Body("owner@example.org", "192.0.2.7", {"agent": "a browser"})
    assert made.body is not None and (made.number, made.at_ms, made.deed) == (1, 1_000_000, "signed_in")
    assert said.by in made.body and said.address in made.body and "a browser" in made.body


async def test_many_at_once_make_one_chain(store: Store) -> None:
    await asyncio.gather(*(add(store, f"a{number % 3}") for number in range(40)))
    made = await whole(store)
    assert follow(NO_ENTRY, made) == Head(40, made[-1].hash)


async def test_a_deed_that_did_not_happen_leaves_no_entry(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        await add_and_fail(store)
    await add(store, "a")
    assert [entry.number for entry in await whole(store)] == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE number = 2",
        "UPDATE audit SET body = '{}' WHERE number = 2",
        "UPDATE audit SET account_id = 'b' WHERE number = 2",
        "UPDATE audit SET body = NULL, salt = NULL, deed = 'signed_out' WHERE number = 2",
        "UPDATE audit SET hash = 'x', body = NULL, salt = NULL WHERE number = 2",
        "UPDATE audit SET body = NULL WHERE number = 2",
    ],
)
async def test_the_database_refuses_to_change_or_cut_it(store: Store, statement: str) -> None:
    for _ in range(3):
        await add(store, "a")
    before = await whole(store)
    with pytest.raises(IntegrityError, match="append-only"):
        async with store.write() as connection:
            await connection.execute(text(statement))
    assert await whole(store) == before


async def test_old_entries_and_those_of_an_account_are_erased_and_the_chain_holds(store: Store) -> None:
    for account, now in (("a", 10.0), ("b", 20.0), ("a", 30.0), ("b", 40.0)):
        await add(store, account, now=now)
    async with store.write() as connection:
        await audit.erase_before(connection, 20.0)
        await audit.erase_account(connection, "b")
    made = await whole(store)
    assert [entry.body is None for entry in made] == [True, True, False, True]
    assert follow(NO_ENTRY, made).number == 4
    async with store.read() as connection:
        left = await audit.entries_of(connection, "b", before=None, subject=None, most=10, now=KEEP_BODY_SECONDS + 50)
    assert left == []


DUE = 50.0 + KEEP_BODY_SECONDS
"""When what was said until 50 may be gone."""


async def erase(store: Store, number: int) -> None:
    async with store.write() as connection:
        await connection.execute(text("UPDATE audit SET body = NULL, salt = NULL WHERE number = :n"), {"n": number})


async def wrongly_erased(store: Store, now: float) -> int | None:
    async with store.read() as connection:
        return await audit.wrongly_erased(connection, now)


async def test_words_may_be_gone_that_are_old_or_whose_account_is_deleted_and_no_others(store: Store) -> None:
    async with store.write() as connection:
        await people.insert_account(connection, Account("a", "a@example.org", "", False, 0))
    for account, now in (("a", 49.0), ("a", 51.0), ("gone", 52.0), ("gone", 53.0), ("vanished", 54.0)):
        await add(store, account, now=now)
    async with store.write() as connection:
        await audit.record(connection, "gone", "account_deleted", now=55.0)
    for number in (1, 3, 4, 6):
        await erase(store, number)
    assert await wrongly_erased(store, DUE) is None
    await erase(store, 5)
    assert await wrongly_erased(store, DUE) == 5, "no entry says that this account was deleted"
    await erase(store, 2)
    assert await wrongly_erased(store, DUE) == 2
    async with store.read() as connection:
        shown = await audit.entries_of(connection, "a", before=None, subject=None, most=10, now=DUE)
    assert [(entry.number, entry.body) for entry in shown] == [(2, None)]
    assert await wrongly_erased(store, DUE + 10) is None


async def test_an_account_that_stands_is_not_deleted_whatever_the_log_says(store: Store) -> None:
    async with store.write() as connection:
        await people.insert_account(connection, Account("a", "a@example.org", "", False, 0))
        await audit.record(connection, "a", "account_deleted", now=55.0)
    await erase(store, 1)
    assert await wrongly_erased(store, DUE) == 1
