"""Waiting for what another task or process does in its own time."""

import asyncio
import time
from collections.abc import Callable

POLL_SECONDS = 0.01


async def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Waits until it holds; `TimeoutError` when it never does."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(POLL_SECONDS)
