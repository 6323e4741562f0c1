"""Freed memory, back to the system.

Sessions come and go between objects that stay. glibc's `malloc` keeps the holes they leave (`malloc_trim(3)`), and a
connection that has ended is often a cycle, which holds its OpenSSL and libsrtp parts until Python's collector looks
at the oldest generation: rarely, in a program with many objects. After 10,000 viewers a camera held 12 MB that nobody
used.
"""

import asyncio
import ctypes
import gc
from collections.abc import Callable

RETURN_SECONDS = 60.0
"""A trim takes milliseconds, in a thread of its own."""


async def keep_returning(seconds: float = RETURN_SECONDS) -> None:
    """Give back what is free every so often, until cancelled.

    To be started with the program: what there is by then stays, and collections leave it out (`gc.freeze`). So they
    take a few milliseconds, ours and Python's own.
    """
    trim = trimmer()
    gc.freeze()
    try:
        while True:
            await asyncio.sleep(seconds)
            gc.collect()
            if trim is not None:
                await asyncio.to_thread(trim)
    finally:
        gc.unfreeze()


def trimmer() -> Callable[[], object] | None:
    """glibc's `malloc_trim`; None with another C library."""
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # no such function, no such library, Windows
        return None
    return lambda: found(ctypes.c_size_t(0))
