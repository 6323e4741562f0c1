"""Freed memory, back to the system.

Sessions come and go between objects that stay. glibc's `malloc` keeps the holes they leave (`malloc_trim(3)`): after
3,000 viewers a camera held 8 MB that nobody used. Other allocators give back by themselves.
"""

import asyncio
import ctypes
from collections.abc import Callable

RETURN_SECONDS = 60.0
"""A trim takes milliseconds, in a thread of its own."""


async def keep_returning(seconds: float = RETURN_SECONDS) -> None:
    """Give back what is free every so often, until cancelled; returns at once where there is nothing to do."""
    trim = trimmer()
    while trim is not None:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(trim)


def trimmer() -> Callable[[], object] | None:
    """glibc's `malloc_trim`; None with another C library."""
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # no such function, no such library, Windows
        return None
    return lambda: found(ctypes.c_size_t(0))
