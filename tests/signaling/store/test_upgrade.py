"""A database of an earlier version keeps what it holds, and gets what is new."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from signaling.store import accounts, cameras, grants, trust
from signaling.store.database import Store, open_store, postgresql_url
from signaling.store.migrate import MIGRATIONS
from tests.signaling.helpers import both_databases

pytestmark = both_databases
BEFORE_WAYS, BEFORE_TRUST = "0001", "0009"


def to_version(connection: Connection, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, version)


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[Store]:
    """Of today, over a database of before."""
    url = postgresql_url(database_url) if database_url else f"sqlite+aiosqlite:///{tmp_path}/belvedere.sqlite3"
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(to_version, BEFORE_WAYS)
        await connection.execute(text("INSERT INTO accounts VALUES ('a', 'a@example.org', 'hash', true, 1.5)"))
        await connection.execute(
            text(
                "INSERT INTO cameras"
                " (id, account_id, name, model, state, confirmed, first_frame, created_at, capabilities)"
                " VALUES ('c', 'a', 'Yard', 'm', 'active', true, false, 2.5, '{}')"
            )
        )
        await connection.run_sync(to_version, BEFORE_TRUST)
        await connection.execute(
            text(
                "INSERT INTO grants (id, camera_id, account_id, scopes, created_at)"
                """ VALUES ('g', 'c', 'a', '["live"]', 3.5)"""
            )
        )
    await engine.dispose()
    opened = await open_store(database_url, tmp_path)
    yield opened
    await opened.close()


async def test_accounts_and_cameras_from_before_ways(store: Store) -> None:
    async with store.read() as connection:
        account = await accounts.account_by_id(connection, "a")
        found = await cameras.camera_with_policy(connection, "c")
    assert account is not None and (account.email, account.ways) == ("a@example.org", "auto")
    assert found is not None
    assert (found[0].name, found[0].direct_viewers, found[1]) == ("Yard", 2, "auto")


async def test_grants_and_cameras_from_before_trust(store: Store) -> None:
    async with store.read() as connection:
        grant = await grants.grant_by_id(connection, "g")
        camera = await cameras.camera_by_id(connection, "c")
        assert grant is not None and (grant.scopes, grant.chain, grant.link_proof) == (["live"], [], None)
        assert camera is not None and camera.alarm is None
        assert await trust.trust_of(connection, "c") is None
