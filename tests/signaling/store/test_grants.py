"""The rows of sharing, on both databases: who gets what, and what is forgotten when."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from signaling.store import accounts, cameras, grants
from signaling.store.database import Store, open_store
from signaling.store.rows import Grant, GrantInvitation
from tests.signaling.helpers import both_databases
from tests.signaling.store.test_store import NOW, account, camera

pytestmark = both_databases
DAY = 24 * 3600.0


def grant(name: str, guest: str = "id-b", expires_at: float | None = None) -> Grant:
    return Grant(name, "c", guest, ["live", "manage"], NOW - 5, expires_at, NOW)


def invitation(name: str, *, used_at: float | None = None, seconds: float = DAY) -> GrantInvitation:
    return GrantInvitation(name, f"hash-{name}", "c", ["live"], None, NOW + 9, NOW, NOW + seconds, used_at)


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[Store]:
    """Camera `c` of `a`; `b` and `d` are others."""
    opened = await open_store(database_url, tmp_path)
    async with opened.write() as connection:
        for name in ("a", "b", "d"):
            await accounts.insert_account(connection, account(name))
        await cameras.insert_camera(connection, camera("c"))
    yield opened
    await opened.close()


async def test_rows_come_back_as_they_went_in(store: Store) -> None:
    async with store.write() as connection:
        await grants.insert_grant(connection, grant("g"))
        await grants.insert_invitation(connection, invitation("i"))
    async with store.read() as connection:
        assert await grants.grant_by_id(connection, "g") == grant("g") == await grants.grant_of(connection, "c", "id-b")
        assert await grants.grants_of_camera(connection, "c") == [(grant("g"), "b@example.org")]
        ((shown, given, owner),) = await grants.cameras_granted_to(connection, "id-b")
        assert (shown, given, owner) == (camera("c"), grant("g"), "a@example.org")
        assert await grants.cameras_granted_to(connection, "id-a") == []
        assert await grants.open_invitation(connection, "hash-i", NOW) == invitation("i")
        assert await grants.open_invitation(connection, "hash-i", NOW + DAY) is None


async def test_one_grant_for_a_camera_and_an_account(store: Store) -> None:
    async with store.write() as connection:
        await grants.insert_grant(connection, grant("g"))
    with pytest.raises(IntegrityError):
        async with store.write() as connection:
            await grants.insert_grant(connection, grant("h"))


async def test_an_invitation_is_used_once(store: Store) -> None:
    async with store.write() as connection:
        await grants.insert_invitation(connection, invitation("i"))
        assert await grants.use_invitation(connection, "hash-i", NOW)
        assert not await grants.use_invitation(connection, "hash-i", NOW)
        assert not await grants.delete_invitation(connection, "i"), "it is history"


async def test_what_ended_is_forgotten_in_its_time(store: Store) -> None:
    async with store.write() as connection:
        await grants.insert_grant(connection, grant("old", "id-b", NOW - 31 * DAY))
        await grants.insert_grant(connection, grant("ended", "id-d", NOW - DAY))
        for one in (invitation("used", used_at=NOW), invitation("late", seconds=-1), invitation("open")):
            await grants.insert_invitation(connection, one)
        await grants.delete_ended(connection, NOW, NOW - 30 * DAY)
        assert [one.id for one, _ in await grants.grants_of_camera(connection, "c")] == ["ended"]
        left = [await grants.invitation_by_id(connection, name) for name in ("used", "late", "open")]
        assert left == [None, None, invitation("open")]


async def test_with_the_camera_or_the_account_goes_what_was_granted(store: Store) -> None:
    async with store.write() as connection:
        await grants.insert_grant(connection, grant("g"))
        await grants.insert_grant(connection, grant("h", "id-d"))
        await grants.insert_invitation(connection, invitation("i"))
        assert sorted(await grants.delete_all_of_camera(connection, "c")) == ["id-b", "id-d"]
        await grants.insert_grant(connection, grant("g"))
        await grants.insert_invitation(connection, invitation("i"))
        await cameras.delete_camera(connection, "c")
        assert await grants.grant_by_id(connection, "g") is None
        assert await grants.invitation_by_id(connection, "i") is None
