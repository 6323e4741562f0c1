"""Joins and leaves through a relay in a process of its own leave nothing behind: no task, no descriptor, no memory."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from camera_peer.broadcast import Broadcast
from camera_peer.viewer_session import Sessions

WARM_UP = 100
JOINS = int(os.environ.get("SOAK_JOINS", "200"))
"""Here for the tasks inside; the five hundred pass through the whole server (tests/journeys/test_soak.py)."""
AT_ONCE = 4
MAX_GROWTH = 5 * 2**20
"""What the allocators may still take after the warm-up: 26 KiB of each of 200 joins, 520 bytes of each of 10,000."""


class Relay:
    """Asks the process one thing after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    async def ask(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        async with self._turn:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            reply: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return reply


@asynccontextmanager
async def relay_process() -> AsyncIterator[Relay]:
    pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.benchmarks.relay_process",
        "127.0.0.1",
        stdin=pipe,
        stdout=pipe,
        stderr=quiet,
        limit=1 << 20,
    )
    try:
        yield Relay(process)
    finally:
        process.kill()
        await process.wait()


@pytest.mark.timeout(180 + JOINS)
async def test_joins_and_leaves_leave_nothing_behind(new_viewer: Callable[[], Any], make_source: Any) -> None:
    broadcast = Broadcast(make_source())
    sessions = Sessions(broadcast)
    camera = [asyncio.create_task(broadcast.run()), asyncio.create_task(sessions.run())]
    make = type(new_viewer())

    async def watch(relay: Relay, name: str) -> Any:
        viewer = make()
        if (await relay.ask(watch=name))["needs_upload"]:
            offer = await sessions.open("upload", [], lambda *_: None)
            await sessions.answer("upload", (await relay.ask(publish=offer))["answer"])
        offer = (await relay.ask(offer_of=name))["offer"]
        await relay.ask(answer=await viewer.answer(offer), id=name)
        async with asyncio.timeout(30):
            await viewer.connected.wait()
        return viewer

    async def joins(relay: Relay, count: int, label: str) -> dict[str, Any]:
        for number in range(0, count, AT_ONCE):
            names = [f"{label}-{number}-{n}" for n in range(AT_ONCE)]
            for viewer in await asyncio.gather(*(watch(relay, name) for name in names)):
                await viewer.close()
        await asyncio.sleep(2)
        usage = await relay.ask(usage=True)
        assert usage["viewers"] == 1
        return usage

    async with relay_process() as relay:
        stays = await watch(relay, "stays")
        before = await joins(relay, WARM_UP, "warm")
        after = await joins(relay, JOINS, "soak")
        await stays.close()
    for task in camera:
        task.cancel()
    await asyncio.wait(camera)
    print("growth", (after["rss"] - before["rss"]) / 2**20, "MiB")
    assert after["tasks"] <= before["tasks"] and after["descriptors"] <= before["descriptors"]
    assert after["rss"] - before["rss"] < MAX_GROWTH
