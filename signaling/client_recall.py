"""Calls a party away from whatever it waits for: its addresses have changed, and it shall connect anew at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class CalledAway(Exception):
    """`Recall.call` was called."""


class Recall:
    """Every wait that shall end early goes through `unless_called`."""

    def __init__(self) -> None:
        self._called = asyncio.Event()

    @property
    def called(self) -> bool:
        return self._called.is_set()

    def call(self) -> None:
        self._called.set()

    def clear(self) -> None:
        """From now on it counts anew."""
        self._called.clear()

    async def unless_called(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result. Raises `CalledAway` as soon as `call` is called, and ends the work."""
        task, away = asyncio.create_task(work), asyncio.create_task(self._called.wait())
        try:
            await asyncio.wait({task, away}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise CalledAway
        finally:
            task.cancel()
            away.cancel()
            await asyncio.gather(task, away, return_exceptions=True)
