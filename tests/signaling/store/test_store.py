"""What the store promises, on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import IntegrityError

from signaling.cameras import Code
from signaling.store import accounts, cameras
from signaling.store.database import Store, open_store
from signaling.store.rows import Account, Camera, Invitation, Login
from signaling.store.schema import metadata
from tests.signaling.helpers import both_databases

NOW = 1_800_000_000.0
pytestmark = both_databases


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[Store]:
    opened = await open_store(database_url, tmp_path)
    yield opened
    await opened.close()


def account(name: str = "a", *, administrator: bool = False) -> Account:
    return Account(f"id-{name}", f"{name}@example.org", "hash", administrator, NOW)


def camera(camera_id: str, owner: str = "id-a", pairing_id: str | None = None) -> Camera:
    return Camera(
        id=camera_id,
        account_id=owner,
        name="Garten 🌷",
        model="m",
        state="pending",
        confirmed=False,
        first_frame=False,
        created_at=NOW,
        capabilities={"codec": ["h264"], "ptz": None},
        pairing_id=pairing_id,
        last_seen_at=None,
        hardware_id=None,
        local_ip=None,
        public_key=None,
        bearer_hash=None,
        problem_code=None,
        problem_detail=None,
    )


async def test_rows_come_back_as_they_went_in(store: Store) -> None:
    code = Code("pairing", "token", "Hügel", hidden=True, allowed_networks=["10.0.0.0/8"])
    async with store.write() as connection:
        await accounts.insert_account(connection, account())
        await cameras.insert_camera(connection, camera("c", pairing_id="pairing"))
        await cameras.insert_pairing(connection, code.pairing("c", NOW))
    async with store.read() as connection:
        assert await accounts.account_by_email(connection, "a@example.org") == account()
        assert await cameras.camera_by_id(connection, "c") == camera("c", pairing_id="pairing")
        assert await cameras.pairing_by_id(connection, "pairing") == code.pairing("c", NOW)


async def test_an_email_is_taken_once(store: Store) -> None:
    async with store.write() as connection:
        await accounts.insert_account(connection, account())

    async def take_it_again() -> None:
        async with store.write() as connection:
            await accounts.insert_invitation(connection, Invitation("lost", False, None, NOW, NOW + 9))
            await accounts.insert_account(connection, Account("id-b", "a@example.org", "hash", False, NOW))

    with pytest.raises(IntegrityError):
        await take_it_again()
    async with store.read() as connection:  # the whole transaction is undone
        assert await accounts.open_invitation(connection, "lost", NOW) is None


async def test_removing_an_account_removes_all_that_is_its_own(store: Store) -> None:
    async with store.write() as connection:
        await accounts.insert_account(connection, account())
        await accounts.insert_login(connection, Login("l", "id-a", NOW, NOW + 9, "::1", "agent"))
        await cameras.insert_camera(connection, camera("c"))
        await cameras.insert_pairing(connection, Code("p", "t", "", False, []).pairing("c", NOW))
        await connection.exec_driver_sql("DELETE FROM accounts")
    async with store.read() as connection:
        assert await accounts.login_with_account(connection, "l", NOW) is None
        assert await cameras.camera_by_id(connection, "c") is None
        assert await cameras.pairing_by_id(connection, "p") is None


async def test_one_writer_of_many_wins(store: Store) -> None:
    code = Code("p", "token", "", False, [])
    async with store.write() as connection:
        await accounts.insert_account(connection, account())
        await cameras.insert_camera(connection, camera("c", pairing_id="p"))
        await cameras.insert_pairing(connection, code.pairing("c", NOW))

    async def win(name: str) -> bool:
        async with store.write() as connection:
            return await cameras.win(connection, code.pairing("c", NOW).token_hash, name, NOW + 1)

    results = await asyncio.gather(*(win(f"key-{number}") for number in range(100)))
    assert results.count(True) == 1
    async with store.read() as connection:
        pairing = await cameras.pairing_by_id(connection, "p")
    assert pairing is not None and pairing.winner == f"key-{results.index(True)}"


async def test_a_cancelled_code_has_no_winner_however_old_the_request_is(store: Store) -> None:
    """The request came in before the cancelling, and reaches the database after it."""
    code = Code("p", "token", "", False, []).pairing("c", NOW)
    async with store.write() as connection:
        await accounts.insert_account(connection, account())
        await cameras.insert_camera(connection, camera("c", pairing_id="p"))
        await cameras.insert_pairing(connection, code)
        await cameras.cancel_open_pairings(connection, "c")
        assert not await cameras.win(connection, code.token_hash, "key", NOW)
        assert not await cameras.advance(connection, "p", "seen", ("waiting",))


async def test_what_has_ended_goes_and_nothing_else(store: Store) -> None:
    async with store.write() as connection:
        await accounts.insert_account(connection, account())
        for name, ends in (("old", NOW - 1), ("new", NOW + 1)):
            await accounts.insert_login(connection, Login(name, "id-a", NOW - 9, ends, "", ""))
            await accounts.insert_invitation(connection, Invitation(name, False, "id-a", NOW - 9, ends))
        for name, current in (("c1", "p1"), ("c2", None)):
            await cameras.insert_camera(connection, camera(name, pairing_id=current))
        for name, owner in (("p1", "c1"), ("p2", "c2")):
            await cameras.insert_pairing(connection, Code(name, name, "", False, []).pairing(owner, NOW - 99999))
        await accounts.delete_ended(connection, NOW)
        await cameras.delete_old_pairings(connection, NOW)
    async with store.read() as connection:
        assert [login.id for login in await accounts.logins_of(connection, "id-a", 0)] == ["new"]
        assert await accounts.open_invitations_by(connection, "id-a", 0) == 1
        assert set(await cameras.pairings_by_id(connection, ["p1", "p2"])) == {"p1"}


async def test_the_migrations_make_the_schema_of_the_code(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with store.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_database_holds_no_secret_of_the_server(store: Store) -> None:
    """Login ids stand there as they are: with the key beside them, whoever reads a copy would be everybody."""
    async with store.read() as connection:
        assert "secrets" not in await connection.run_sync(lambda sync: inspect(sync).get_table_names())


async def test_two_servers_start_at_once(tmp_path: Path, database_url: str) -> None:
    stores = await asyncio.gather(*(open_store(database_url, tmp_path) for _ in range(4)))
    for store in stores:
        await store.ping()
    await asyncio.gather(*(store.close() for store in stores))


async def test_the_costliest_password_is_known(store: Store) -> None:
    async with store.write() as connection:
        assert await accounts.costliest_password(connection) == 0
        for name, cost in (("a", "04"), ("b", "12"), ("c", "10")):
            kept = Account(f"id-{name}", f"{name}@example.org", f"$2b${cost}$rest", False, NOW)
            await accounts.insert_account(connection, kept)
        assert await accounts.costliest_password(connection) == 12
