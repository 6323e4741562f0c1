"""Joins and leaves through the relay leave nothing behind: no task, no file descriptor, no memory."""

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable
from typing import Any

import psutil

WARM_UP = 100
JOINS = int(os.environ.get("SOAK_JOINS", "500"))
AT_ONCE = 4
MAX_GROWTH = 12 * 2**20
"""Bytes, viewers of this process included. 25 KiB a join would already be noticed; the allocator keeps a few MiB."""


async def test_joins_and_leaves_leave_nothing_behind(
    make_scene: Callable[..., Awaitable[Any]],
    new_viewer: Callable[[], Any],
    eventually: Callable[..., Awaitable[None]],
) -> None:
    scene = await make_scene()
    process = psutil.Process()
    make = type(new_viewer())
    await scene.watch("stays", new_viewer())

    async def watch_and_leave(name: str, by_goodbye: bool) -> None:
        viewer = make()
        await scene.watch(name, viewer)
        await eventually(lambda: viewer.packets > 0)
        if not by_goodbye:
            scene.relay.close_viewer(name)
        await viewer.close()

    async def joins(count: int, label: str) -> tuple[int, int, int]:
        for number in range(0, count, AT_ONCE):
            await asyncio.gather(*(watch_and_leave(f"{label}-{number}-{n}", n % 2 == 0) for n in range(AT_ONCE)))
        await eventually(lambda: scene.relay.load().viewers == 1)
        await asyncio.sleep(1.2)
        gc.collect()
        return len(asyncio.all_tasks()), process.num_fds(), process.memory_info().rss

    tasks, descriptors, memory = await joins(WARM_UP, "warm")
    then_tasks, then_descriptors, then_memory = await joins(JOINS, "soak")
    print("growth", (then_memory - memory) / 2**20, "MiB")
    assert then_tasks <= tasks
    assert then_descriptors <= descriptors
    assert then_memory - memory < MAX_GROWTH
    assert len(scene.uploads) == 1 and len(scene.relay._switchboard) == 2
