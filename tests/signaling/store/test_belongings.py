"""What belongs to an account goes with it, whatever tables there are, and nothing of anybody else's."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Double, Integer, Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.store import audit
from signaling.store.belongings import SHOWN, WITHHELD, belongs_to, delete_account, rows_of
from signaling.store.database import Store, open_store
from signaling.store.schema import metadata
from tests.signaling.helpers import both_databases

pytestmark = both_databases
FILLED = [table for table in metadata.sorted_tables if table.name != "audit"]


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[Store]:
    """Two accounts, `a` and `b`, with a row in every table that there is."""
    opened = await open_store(database_url, tmp_path)
    async with opened.write() as connection:
        for owner in ("a", "b"):
            for table in FILLED:
                await connection.execute(insert(table).values({c.name: filling(c, owner) for c in table.columns}))
            await audit.record(connection, owner, "signed_in", now=1000.0, agent=f"a browser of {owner}")
    yield opened
    await opened.close()


def filling(column: "Column[Any]", owner: str) -> Any:
    """Something of the column's type; what refers to another row refers to the owner's."""
    if column.foreign_keys or column.primary_key:
        return owner
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, (Double, Integer)):
        return 1000
    return f'["{column.name} of {owner}"]'[: getattr(column.type, "length", None)]


async def owned(connection: AsyncConnection, table: Table, owner: str) -> int:
    query = select(func.count()).select_from(table).where(belongs_to(owner, table))
    return int((await connection.execute(query)).scalar_one())


async def test_an_account_takes_along_all_that_is_its_own(store: Store) -> None:
    async with store.write() as connection:
        assert [await owned(connection, table, "a") for table in FILLED] == [1] * len(FILLED)
        await delete_account(connection, "a")
    async with store.read() as connection:
        for table in FILLED:
            left = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            assert left == await owned(connection, table, "b") == 1, table.name


async def test_what_is_shown_is_ones_own_without_what_is_withheld(store: Store) -> None:
    async with store.read() as connection:
        for table in metadata.sorted_tables:
            (row,) = await rows_of(connection, "a", table, skip=0)
            assert tuple(row) == SHOWN[table.name]
            assert " of b" not in str(row), table.name
            for name in WITHHELD.get(table.name, ()):
                assert f"{name} of" not in str(row), f"{table.name}.{name}"
            assert await rows_of(connection, "a", table, skip=1) == []


async def test_an_entry_that_came_too_late_is_erased_as_well(store: Store) -> None:
    async with store.write() as connection:
        await audit.erase_account(connection, "a")
        await delete_account(connection, "a")
        await audit.record(connection, "a", "signed_out", now=1001.0)
        await audit.erase_orphans(connection)
    async with store.read() as connection:
        entries = [entry async for page in audit.pages(connection) for entry in page]
    assert [(entry.account_id, entry.body is None) for entry in entries] == [("a", True), ("b", False), ("a", True)]
