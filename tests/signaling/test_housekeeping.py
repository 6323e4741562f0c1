"""What has ended goes without anybody asking: the running job finds it, not only the queries that it calls."""

import asyncio
import dataclasses
import itertools

import pytest
from sqlalchemy import func, select

from signaling import housekeeping
from signaling.audit import KEEP_BODY_SECONDS
from signaling.server import Running
from signaling.store.schema import metadata
from tests.signaling.api import Api
from tests.signaling.sharing import confirmed_camera, link

PASSING = ("logins", "invitations", "grant_invitations", "transfers")
"""Tables of what is good for a while."""


async def left(running: Running) -> dict[str, int]:
    """How much of it there is, and how many entries of the log still say something."""
    audit = metadata.tables["audit"]
    async with running.services.store.read() as connection:
        counts = {
            name: (await connection.execute(select(func.count()).select_from(metadata.tables[name]))).scalar_one()
            for name in PASSING
        }
        told = select(func.count()).select_from(audit).where(audit.c.body.is_not(None))
        return counts | {"told": (await connection.execute(told)).scalar_one()}


async def test_what_is_old_is_erased_without_anybody_asking(
    running: Running, owner: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera, _ = await confirmed_camera(owner)
    await owner.invite()
    await link(owner, camera)
    await owner.good("POST", f"/api/cameras/{camera}/transfer")
    before = await left(running)
    assert all(before.values()), before
    monkeypatch.setattr(housekeeping, "LOOK_SECONDS", 0.01)
    now = running.services.clock()
    later = itertools.chain([now, now + 1], itertools.repeat(now + KEEP_BODY_SECONDS + 60))
    job = asyncio.create_task(housekeeping.keep_house(dataclasses.replace(running.services, clock=lambda: next(later))))
    try:
        async with asyncio.timeout(30):
            while any((await left(running)).values()):
                pass  # each look waits for the database
    finally:
        job.cancel()
        await asyncio.wait({job})
