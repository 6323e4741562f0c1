"""What a database says of an error gets into the log without the values it was given: they are people's data."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from signaling import logs
from signaling.refusals import Refused
from signaling.store import accounts
from signaling.store.database import Store, open_store
from signaling.store.rows import Account
from tests.signaling.helpers import both_databases

pytestmark = both_databases
SECRETS = ("someone@example.org", "$2b$12$hashed", "Kellerkamera")


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[Store]:
    opened = await open_store(database_url, tmp_path)
    yield opened
    await opened.close()


async def taken_email(store: Store) -> None:
    for name in ("a", "b"):
        async with store.write() as connection:
            await accounts.insert_account(connection, Account(name, *SECRETS[:2], False, 0))


async def nothing_where_something_must_be(store: Store) -> None:
    async with store.write() as connection:
        said = {"id": SECRETS[2], "email": SECRETS[0]}
        await connection.execute(text("INSERT INTO accounts (id, email) VALUES (:id, :email)"), said)


async def a_value_of_another_kind(store: Store) -> None:
    async with store.write() as connection:
        await connection.execute(text("SELECT number FROM audit WHERE number = :number"), {"number": [SECRETS[2]]})


async def a_text_that_is_no_number(store: Store) -> None:
    """SQLite takes it for 0, so there the statement is wrong in itself as well."""
    async with store.write() as connection:
        number = (
            "CAST(CAST(:given AS text) AS integer)"
            if connection.dialect.name == "postgresql"
            else "no_function(:given)"
        )
        await connection.execute(text(f"SELECT {number}, CAST(:given AS text)"), {"given": SECRETS[2]})


@pytest.mark.parametrize(
    "mistake", [taken_email, nothing_where_something_must_be, a_value_of_another_kind, a_text_that_is_no_number]
)
async def test_a_value_is_not_in_the_log(
    store: Store, mistake: Callable[[Store], Awaitable[None]], capsys: pytest.CaptureFixture[str]
) -> None:
    defaults = structlog.get_config()
    logs.configure("debug", "json")
    try:
        with pytest.raises((SQLAlchemyError, Refused)) as raised:
            await mistake(store)
        structlog.get_logger().error("request_failed", exc_info=raised.value)
    finally:
        structlog.configure(**defaults)
    said = capsys.readouterr().err
    assert "request_failed" in said and "Traceback" in said
    assert not [secret for secret in SECRETS if secret in said], said
