"""Work about several things at once: about the same one in turn, about different ones side by side."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

MAX_WAITING = 512
"""Pieces of work under way or waiting; more means that one of them is stuck."""

Work = Callable[[], Coroutine[Any, Any, None]]

log = structlog.get_logger(__name__)


class Turns:
    """Each piece of work belongs to a key."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._latest: dict[str, asyncio.Task[None]] = {}

    @property
    def full(self) -> bool:
        """Whether only vital work should still be added."""
        return len(self._tasks) >= MAX_WAITING

    def add(self, key: str, work: Work) -> None:
        """Do this after whatever came before under the same key."""
        task = asyncio.create_task(self._in_turn(self._latest.get(key), work))
        self._tasks.add(task)
        self._latest[key] = task
        task.add_done_callback(lambda done: self._done(key, done))

    async def close(self) -> None:
        """Stop all of it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _in_turn(self, before: asyncio.Task[None] | None, work: Work) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await work()
        except Exception:
            log.exception("signaling_work_failed")

    def _done(self, key: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._latest.get(key) is task:
            del self._latest[key]
