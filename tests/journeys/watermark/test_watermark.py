"""Every frame that anybody gets is of the camera that he asked for, while the server is killed again and again.

Cameras are the product's own, the server and its relay are a process of their own, and all of them choose from few
ufrags, SSRCs and ports. With all tests it is a fifth in size; `make watermark` is the whole, and prints its figures.
"""

import asyncio
import itertools
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Browser

from tests.benchmarks.child import Child
from tests.browser import chromium
from tests.journeys.watermark.estate import Account, Estate, settle
from tests.journeys.watermark.pages import Looker, Pictures, looker
from tests.journeys.watermark.plan import write_plan
from tests.journeys.watermark.watcher import Tally
from tests.servers import Belvedere, belvedere

SEED = os.environ.get("WATERMARK_SEED", "1")
WHOLE = os.environ.get("WATERMARK_SIZE") == "whole"
OWNERS, CAMERAS_EACH, LIGHT, PAGES = (20, 10, 196, 4) if WHOLE else (5, 8, 38, 2)
PROCESSES = 2
"""Of cameras, and of light viewers."""
KILLS = 3
LEAST_FRAMES, LEAST_CAMERAS = 20, 2
"""Of each light viewer and each page: frames between two kills, so that nobody passes without having looked; cameras in
all."""
EXTRA_SECONDS = (0.0, 10.0)
"""After that, before the kill."""
DOWN_SECONDS = (0.1, 2.0)
POLL_SECONDS = 0.5
TOLD = 3
MOST_UNREAD = 0.1
"""Of the pictures in pages. At a visit and at a kill one may be presented before it can be read, which makes three in a
hundred; where a picture is not what the camera made, none is read until the next key frame."""
MODULES = "tests.journeys.watermark"
SETTINGS = {"rate_limits": "0", "registration": "open", "relay_addresses": "127.0.0.1", "log_level": "warning"}


@dataclass(frozen=True)
class Crowd:
    """All who watch."""

    processes: list[Child]
    lookers: list[Looker]

    async def tallies(self) -> list[Tally]:
        """Of the light viewers, so far."""
        answers = await asyncio.gather(*(child.ask() for child in self.processes))
        return [tally for answer in answers for tally in msgspec.convert(answer, list[Tally])]

    async def have_looked(self, times: int) -> None:
        """Until each has had `times` as many frames as he needs between two kills; in the end of several cameras."""
        cameras = LEAST_CAMERAS if times > KILLS else 1
        while True:
            if await self._has_each(times * LEAST_FRAMES, cameras):
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _has_each(self, frames: int, cameras: int) -> bool:
        everybody = [*await self.tallies(), *(one.pictures for one in self.lookers)]
        nobody_saw_anothers(everybody)
        return all(one.right >= frames and len(one.cameras) >= cameras for one in everybody)


@pytest.mark.browser
@pytest.mark.timeout(900)
async def test_every_frame_carries_the_watermark_of_the_camera_asked_for(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    with belvedere(tmp_path / "server", **SETTINGS) as server:
        estate = await settle(server, OWNERS, CAMERAS_EACH, LIGHT)
        plan, path = estate.plan, tmp_path / "plan.json"
        write_plan(plan, path)
        async with (
            children("cameras", path, len(plan.cameras)),
            children("viewers", path, len(plan.viewers)) as viewers,
            chromium() as browser,
        ):
            crowd = Crowd(viewers, await lookers_of(browser, server, people(estate), rng))
            await disturbed(server, crowd, rng)
            tallies = await crowd.tallies()
    pages = [one.pictures for one in crowd.lookers]
    print(figures(tallies, pages))
    judge(tallies, pages)


def people(estate: Estate) -> list[Account]:
    """Who sits at a browser: a guest, and the last owners, of whom one is never watched directly."""
    return [estate.guests[0], *estate.owners[1 - PAGES :]]


async def lookers_of(browser: Browser, server: Belvedere, people: list[Account], rng: random.Random) -> list[Looker]:
    """A page for each of these."""
    return [
        await looker(browser, server.url, one.email, [camera.id for camera in one.cameras], fork(rng)) for one in people
    ]


def fork(rng: random.Random) -> random.Random:
    return random.Random(rng.random())


async def disturbed(server: Belvedere, crowd: Crowd, rng: random.Random) -> None:
    """All watch, and the server is killed and comes back."""
    looking = [asyncio.create_task(one.look()) for one in crowd.lookers]
    try:
        for times in range(1, KILLS + 1):
            await unless_failed(crowd.have_looked(times), looking)
            await asyncio.sleep(rng.uniform(*EXTRA_SECONDS))
            print(f"kill {times} after {sum(tally.right for tally in await crowd.tallies())} frames", flush=True)
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(rng.uniform(*DOWN_SECONDS))
            await asyncio.to_thread(server.start)
        await unless_failed(crowd.have_looked(KILLS + 1), looking)
    finally:
        for task in looking:
            task.cancel()
        await asyncio.wait(looking)


async def unless_failed(waiting: Coroutine[None, None, None], looking: list[asyncio.Task[None]]) -> None:
    """Wait, but hear of a page that failed."""
    task = asyncio.create_task(waiting)
    await asyncio.wait({task, *looking}, return_when=asyncio.FIRST_COMPLETED)
    for failed in [one for one in looking if one.done()]:
        task.cancel()
        failed.result()
    await task


@asynccontextmanager
async def children(module: str, plan: Path, count: int) -> AsyncIterator[list[Child]]:
    """The plan's cameras or viewers, in `PROCESSES` processes."""
    shares = [count * at // PROCESSES for at in range(PROCESSES + 1)]
    started: list[Child] = []
    try:
        for first, last in itertools.pairwise(shares):
            started.append(await Child.start(module, str(plan), SEED, str(first), str(last), package=MODULES))
        yield started
    finally:
        for child in started:
            await child.stop()


def figures(tallies: list[Tally], pages: list[Pictures]) -> str:
    """What there is to tell."""
    frames = sorted(tally.right for tally in tallies)
    joins, refused = total(tally.joins for tally in tallies), total(tally.refused for tally in tallies)
    return "\n".join(
        [
            f"seed {SEED}, {KILLS} kills, {OWNERS * CAMERAS_EACH} cameras, {len(tallies)} light viewers, "
            f"{len(pages)} pages",
            f"light: {sum(frames)} frames right, {sum(len(t.wrong) for t in tallies)} wrong; "
            f"each {frames[0]} to {frames[-1]}, median {frames[len(frames) // 2]}; joins {dict(joins)}",
            f"       {sum(t.silent for t in tallies)} gave up in silence, {sum(t.unreadable for t in tallies)} packets "
            f"for others' keys; refused: {dict(refused.most_common(4))}",
            f"pages: {sum(p.right for p in pages)} pictures right, {sum(len(p.wrong) for p in pages)} wrong, "
            f"{sum(p.unread for p in pages)} unread; each {[p.right for p in pages]} "
            f"of {[len(p.cameras) for p in pages]} cameras; {sum(p.unnamed for p in pages)} under no name",
        ]
    )


def total(counts: Iterable[dict[str, int]]) -> Counter[str]:
    """Added up by name."""
    added: Counter[str] = Counter()
    for one in counts:
        added.update(one)
    return added


def nobody_saw_anothers(everybody: Sequence[Tally | Pictures]) -> None:
    """Not one frame of another camera. Of each person the first few are told."""
    assert [one.wrong[:TOLD] for one in everybody if one.wrong] == []


def nobody_saw_garbled(pages: Sequence[Pictures]) -> None:
    """A picture that reads as no camera's is no proof of anything: too many, and the test has not looked."""
    unread, right = sum(one.unread for one in pages), sum(one.right for one in pages)
    assert unread <= MOST_UNREAD * (unread + right), f"{unread} pictures cannot be read, {right} can"


def test_a_watermark_that_cannot_be_read_is_a_fault() -> None:
    pages = [Pictures(), Pictures()]
    for number in range(100):
        pages[0].take("No 007", 7)
        pages[1].take("No 008", None if number % 20 == 0 else 8)
    nobody_saw_garbled(pages)
    for _ in range(20):
        pages[1].take("No 008", None)
    with pytest.raises(AssertionError, match="25 pictures cannot be read"):
        nobody_saw_garbled(pages)


def judge(tallies: list[Tally], pages: list[Pictures]) -> None:
    """Not one frame of another camera, hardly any of none, and nobody without enough of his own to tell."""
    nobody_saw_anothers([*tallies, *pages])
    nobody_saw_garbled(pages)
    assert len(tallies) == LIGHT and len(pages) == PAGES
    assert min(one.right for one in [*tallies, *pages]) >= (KILLS + 1) * LEAST_FRAMES
    assert min(len(one.cameras) for one in [*tallies, *pages]) >= LEAST_CAMERAS
    joins = total(tally.joins for tally in tallies)
    assert min(joins["direct"], joins["relay"]) >= LIGHT // 2, "both ways were gone, again and again"
