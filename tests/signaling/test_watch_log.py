"""Who watched is written down: across a server's stop, in bounded transactions, and whatever goes wrong meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from signaling import watch_log
from signaling.audit import NO_ENTRY, Body, Entry, follow
from signaling.effects import Watching
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import audit
from signaling.store.database import Store, open_store
from signaling.store.rows import Account
from signaling.watch_log import BATCH, WatchLog
from tests.patience import eventually
from tests.signaling.helpers import both_databases

NOW = 1_800_000_000.0
GUEST = "guest@example.org"
pytestmark = both_databases


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[Store]:
    opened = await open_store(database_url, tmp_path)
    async with opened.write() as connection:
        for name in ("owner", "guest"):
            await people.insert_account(connection, Account(name, f"{name}@example.org", "", False, 0))
    yield opened
    await opened.close()


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def watching(session: str, since: float, camera: str = "c") -> Watching:
    return Watching(session, camera, "guest", "owner", "direct", since)


async def whole(store: Store) -> list[Entry]:
    async with store.read() as connection:
        return [entry async for page in audit.pages(connection) for entry in page]


async def told(store: Store) -> list[tuple[str, str, str]]:
    """Who watched, from when to when: the time of the day."""
    bodies = [msgspec.json.decode(entry.body or "", type=Body) for entry in await whole(store)]
    return [(body.by, body.details["from"][11:19], body.details["to"][11:19]) for body in bodies]


async def test_a_viewing_goes_on_with_the_next_server_and_nothing_is_told_twice(store: Store, clock: Clock) -> None:
    first = WatchLog(store, clock=clock)
    first.viewings.began(watching("s", NOW))
    clock.now += 600
    await first.close()
    assert await told(store) == [(GUEST, "08:00:00", "08:10:00")]
    clock.now += 5
    second = WatchLog(store, clock=clock)
    second.viewings.began(watching("s", NOW))  # adopted: its ticket says when it began
    clock.now += 600
    second.viewings.ended("s", clock.now)
    await second.close()
    assert (await told(store))[1:] == [(GUEST, "08:10:00", "08:20:05")]


async def test_one_that_the_next_server_finds_over_is_told_once(store: Store, clock: Clock) -> None:
    first = WatchLog(store, clock=clock)
    first.viewings.began(watching("s", NOW))
    clock.now += 600
    await first.close()
    await WatchLog(store, clock=clock).close()
    assert len(await told(store)) == 1


async def test_after_a_kill_a_viewing_is_told_from_its_beginning(store: Store, clock: Clock) -> None:
    clock.now += 600
    next_server = WatchLog(store, clock=clock)
    next_server.viewings.began(watching("s", NOW))
    next_server.viewings.ended("s", clock.now)
    await next_server.close()
    assert await told(store) == [(GUEST, "08:00:00", "08:10:00")]


async def test_many_are_told_in_few_transactions(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    log = WatchLog(store, clock=clock)
    for number in range(BATCH * 2 + 1):
        log.viewings.began(watching(f"s{number}", NOW, camera=f"c{number}"))
    writes: list[None] = []
    write = Store.write
    monkeypatch.setattr(Store, "write", lambda self: writes.append(None) or write(self))
    await log.close()
    made = await whole(store)
    assert len(writes) == 3 and follow(NO_ENTRY, made).number == BATCH * 2 + 1
    assert {entry.account_id for entry in made} == {"owner"} and len({entry.subject for entry in made}) == len(made)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Refused("store_unavailable", "no"), "viewings_not_told"),
        (ZeroDivisionError("a mistake of ours"), "viewings_failed"),
    ],
    ids=["refused", "mistake"],
)
async def test_what_fails_is_told_later_and_the_job_goes_on(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    record, failures = audit.record, [error, error]

    async def failing(*arguments: Any, **more: Any) -> None:
        if failures:
            raise failures.pop()
        await record(*arguments, **more)

    monkeypatch.setattr(watch_log, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(audit, "record", failing)
    log = WatchLog(store, clock=clock)
    for number in range(3):
        log.viewings.began(watching(f"s{number}", NOW, camera=f"c{number}"))
        log.viewings.ended(f"s{number}", NOW + 1)
    clock.now += 1000
    with capture_logs() as lines:
        job = asyncio.create_task(log.run())
        try:
            await eventually(lambda: job.done() or not failures)
        finally:
            job.cancel()
            await asyncio.wait([job])
        await log.close()
    assert [(line["event"], line["viewings"]) for line in lines] == [(said, 3)] * 2
    assert len(await whole(store)) == 3, "each of them once"
