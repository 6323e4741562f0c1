"""What an account may have at most, also when it asks for all of it at the same moment."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signaling.accounts import MAX_OPEN_INVITATIONS, Accounts
from signaling.cameras import MAX_CAMERAS, Cameras, Code
from signaling.live.memory import MemoryLiveState
from signaling.passwords import Passwords
from signaling.refusals import Refused
from signaling.store import accounts as rows
from signaling.store.database import Store, open_store
from signaling.store.rows import Account
from tests.signaling.helpers import both_databases

NOW = 1_800_000_000.0
OWNER = Account("a", "a@example.org", "hash", True, NOW)
TRIES = 20
pytestmark = both_databases


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[Store]:
    opened = await open_store(database_url, tmp_path)
    async with opened.write() as connection:
        await rows.insert_account(connection, OWNER)
    yield opened
    await opened.close()


async def add(cameras: Cameras) -> None:
    name = secrets.token_hex(8)
    await cameras.add("a", name, "Yard", "m", Code(name, name, "", False, []), now=NOW)


async def test_the_last_places_for_cameras_are_given_once(store: Store) -> None:
    cameras = Cameras(store, MemoryLiveState(time.time))
    for _ in range(MAX_CAMERAS - 3):
        await add(cameras)
    outcomes = await asyncio.gather(*(add(cameras) for _ in range(TRIES)), return_exceptions=True)
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == TRIES - 3
    assert len(await cameras.list("a", now=NOW)) == MAX_CAMERAS


async def test_the_last_places_for_invitations_are_given_once(store: Store) -> None:
    passwords = Passwords(4)
    live = MemoryLiveState(time.time)
    accounts = Accounts(store, live, passwords, key="k" * 32, origin="http://localhost", registration="closed")
    for _ in range(MAX_OPEN_INVITATIONS - 3):
        await accounts.invite(OWNER, secrets.token_hex(8), now=NOW)
    tries = (accounts.invite(OWNER, secrets.token_hex(8), now=NOW) for _ in range(TRIES))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    passwords.close()
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == TRIES - 3
