"""500 joins and leaves leave nothing behind: no task, no file descriptor, no memory."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import psutil

WARM_UP = 100
JOINS = 500
AT_ONCE = 4
MAX_GROWTH = 12 * 2**20
"""Bytes. 25 KiB a join would already be noticed; the allocator of libc keeps a few MiB of its own."""


async def test_joins_and_leaves_leave_nothing_behind(
    camera: Any, new_viewer: Callable[[], Any], eventually: Callable[..., Awaitable[None]]
) -> None:
    process = psutil.Process()
    make = type(new_viewer())

    async def watch_and_leave(name: str, by_goodbye: bool) -> None:
        viewer = make()
        await camera.join(name, viewer)
        await eventually(lambda: viewer.packets > 0)
        if not by_goodbye:
            await camera.sessions.close(name)
        await viewer.close()

    async def joins(count: int, label: str) -> tuple[int, int, int]:
        for number in range(0, count, AT_ONCE):
            await asyncio.gather(*(watch_and_leave(f"{label}-{number}-{n}", n % 2 == 0) for n in range(AT_ONCE)))
        await eventually(lambda: len(camera.sessions) == 0)
        await asyncio.sleep(0.5)
        gc.collect()
        return len(asyncio.all_tasks()), process.num_fds(), process.memory_info().rss

    tasks, descriptors, memory = await joins(WARM_UP, "warm")
    then_tasks, then_descriptors, then_memory = await joins(JOINS, "soak")
    assert then_tasks <= tasks
    assert then_descriptors <= descriptors
    assert then_memory - memory < MAX_GROWTH
    assert camera.source.demands[-1] is False
