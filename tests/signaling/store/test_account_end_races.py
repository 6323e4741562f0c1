"""An account that is deleted while others work on what belongs to it: nobody waits for somebody who waits in turn."""

import asyncio
from pathlib import Path

import aiohttp
from sqlalchemy import text

from signaling.server import Running, serving
from signaling.store import accounts as people
from signaling.store import audit
from signaling.store.cameras import camera_to_change
from tests.signaling.api import PASSWORD
from tests.signaling.helpers import api_of, both_databases, quick_settings, secret_of
from tests.signaling.sharing import account_id, confirmed_camera, guest_of, link

GOODBYE = {"password": PASSWORD}
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def somebody_waits(server: Running) -> None:
    """For a row, on PostgreSQL; SQLite has one writer, and whoever waits for it holds nothing."""
    async with asyncio.timeout(5.0):
        while True:
            async with server.services.store.read() as connection:
                if connection.dialect.name == "sqlite" or (await connection.execute(WAITING)).scalar_one():
                    return


@both_databases
async def test_a_deed_with_a_camera_is_done_first(
    tmp_path: Path, database_url: str, http: aiohttp.ClientSession
) -> None:
    async with serving(quick_settings(tmp_path, database_url=database_url)) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        camera, _ = await confirmed_camera(owner)
        account = await account_id(owner)
        async with server.services.store.write() as connection:
            assert await camera_to_change(connection, camera) is not None
            leaving = asyncio.create_task(owner.call("DELETE", "/api/me", GOODBYE))
            await somebody_waits(server)
            await audit.record(connection, account, "camera_changed", now=server.services.clock(), subject=camera)
        assert (await leaving).status == 204


@both_databases
async def test_of_two_administrators_one_stays_with_the_guests(
    tmp_path: Path, database_url: str, http: aiohttp.ClientSession
) -> None:
    async with serving(quick_settings(tmp_path, database_url=database_url)) as server:
        one = await api_of(server, http)
        await one.register(secret_of(server))
        other, guest = one.another(), one.another()
        await other.register(await one.invite(), "other@example.org")
        await guest.register(await one.invite(), "guest@example.org")
        async with server.services.store.write() as connection:
            await people.make_administrator(connection, await account_id(other))
        gone = await asyncio.gather(*(api.call("DELETE", "/api/me", GOODBYE) for api in (one, other)))
        assert sorted(answer.status for answer in gone) == [204, 409]


@both_databases
async def test_guests_of_each_other_leave_at_once(
    tmp_path: Path, database_url: str, http: aiohttp.ClientSession
) -> None:
    async with serving(quick_settings(tmp_path, database_url=database_url)) as server:
        administrator = await api_of(server, http)
        await administrator.register(secret_of(server))
        shared, _ = await confirmed_camera(administrator)
        for _ in range(5):
            one, other = [await guest_of(administrator, shared, email=f"{name}@example.org") for name in ("a", "b")]
            for giver, taker in ((one, other), (other, one)):
                camera, _ = await confirmed_camera(giver)
                await taker.good("POST", "/api/grants", {"invitation": await link(giver, camera)})
            gone = await asyncio.gather(*(api.call("DELETE", "/api/me", GOODBYE) for api in (one, other)))
            assert [answer.status for answer in gone] == [204, 204]
