"""The rows of second factors: used once whoever races, and gone with their account."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.store import accounts as people
from signaling.store import factors
from signaling.store.database import Store, open_store
from signaling.store.rows import Account, Passkey, Totp
from signaling.store.schema import accounts
from tests.signaling.helpers import both_databases

NOW = 1_800_000_000.0
pytestmark = both_databases
APP = Totp("a", "sealed", confirmed=True, last_step=7, created_at=NOW)


def passkey(name: str = "key", account: str = "a", count: int = 3) -> Passkey:
    return Passkey(name, account, f"credential-{name}", "public", count, False, ["usb", "nfc"], "Schlüssel 🔑", NOW)


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[Store]:
    opened = await open_store(database_url, tmp_path)
    async with opened.write() as connection:
        for name in ("a", "b"):
            await people.insert_account(connection, Account(name, f"{name}@example.org", "hash", False, NOW))
    yield opened
    await opened.close()


async def of_many(store: Store, deed: Callable[[AsyncConnection], Awaitable[bool]]) -> int:
    """How many of ten at once succeed."""

    async def one() -> bool:
        async with store.write() as connection:
            return await deed(connection)

    return sum(await asyncio.gather(*(one() for _ in range(10))))


async def test_rows_come_back_as_they_went_in(store: Store) -> None:
    async with store.write() as connection:
        await factors.put_totp(connection, APP)
        await factors.insert_passkey(connection, passkey())
        await factors.put_codes(connection, "a", ["one", "two"])
    async with store.read() as connection:
        assert await factors.totp_of(connection, "a") == APP
        assert await factors.passkeys_of(connection, "a") == [passkey()]
        assert await factors.passkey_by_credential(connection, "credential-key") == passkey()
        assert await factors.methods(connection, "a") == ("totp", "passkey", "recovery_code")
        assert await factors.methods(connection, "b") == ()


async def test_a_step_is_used_once_and_none_before_it_afterwards(store: Store) -> None:
    async with store.write() as connection:
        await factors.put_totp(connection, APP)
    assert await of_many(store, lambda connection: factors.use_step(connection, "a", 9)) == 1
    assert await of_many(store, lambda connection: factors.use_step(connection, "a", 8)) == 0
    assert await of_many(store, lambda connection: factors.use_step(connection, "b", 10)) == 0


async def test_an_app_counts_once_it_is_confirmed(store: Store) -> None:
    async with store.write() as connection:
        await factors.put_totp(connection, Totp("a", "sealed", False, 0, NOW))
        await factors.put_codes(connection, "a", ["one"])
        assert await factors.methods(connection, "a") == ()
        assert not await factors.use_step(connection, "a", 1)
    assert await of_many(store, lambda connection: factors.confirm_totp(connection, "a", 4)) == 1
    async with store.write() as connection:
        assert not await factors.use_step(connection, "a", 4)
        assert await factors.delete_totp(connection, "a") and not await factors.delete_totp(connection, "a")


async def test_a_recovery_code_is_used_once(store: Store) -> None:
    async with store.write() as connection:
        await factors.put_codes(connection, "a", ["one", "two"])
    assert await of_many(store, lambda connection: factors.use_code(connection, "b", "one")) == 0
    assert await of_many(store, lambda connection: factors.use_code(connection, "a", "one")) == 1
    async with store.write() as connection:
        assert await factors.codes_left(connection, "a") == 1
        await factors.put_codes(connection, "a", ["three"])
        assert not await factors.has_code(connection, "a", "two") and await factors.has_code(connection, "a", "three")


async def test_a_passkey_that_counts_is_used_once_with_each_count(store: Store) -> None:
    known = passkey()
    async with store.write() as connection:
        await factors.insert_passkey(connection, known)
    assert await of_many(store, lambda c: factors.use_passkey(c, known, 4, verified=True, now=NOW + 1)) == 1
    async with store.read() as connection:
        (now,) = await factors.passkeys_of(connection, "a")
    assert (now.sign_count, now.verified, now.last_used_at) == (4, True, NOW + 1)
    async with store.write() as connection:
        assert await factors.use_passkey(connection, now, 5, verified=False, now=NOW)
    async with store.read() as connection:
        assert (await factors.passkeys_of(connection, "a"))[0].verified  # once is enough


async def test_a_credential_is_registered_once(store: Store) -> None:
    async with store.write() as connection:
        await factors.insert_passkey(connection, passkey())
    with pytest.raises(IntegrityError):
        async with store.write() as connection:
            await factors.insert_passkey(connection, Passkey("2", "b", "credential-key", "p", 0, True, [], "n", NOW))


@pytest.mark.parametrize("by_hand", [True, False])
async def test_all_goes_with_the_account_or_by_hand(store: Store, by_hand: bool) -> None:
    async with store.write() as connection:
        for account in ("a", "b"):
            await factors.put_totp(connection, Totp(account, "sealed", True, 7, NOW))
            await factors.insert_passkey(connection, passkey(account, account))
            await factors.put_codes(connection, account, ["one"])
        await factors.set_passkey_only(connection, "a", True)
    async with store.write() as connection:
        if by_hand:
            await factors.forget(connection, "a")
        else:
            await connection.execute(delete(accounts).where(accounts.c.id == "a"))
    async with store.read() as connection:
        assert await factors.methods(connection, "a") == () and await factors.codes_left(connection, "a") == 0
        assert await factors.methods(connection, "b") == ("totp", "passkey", "recovery_code")
        account = await people.account_by_id(connection, "a")
        assert (account is None) is not by_hand and not (account and account.passkey_only)
