"""What was freed goes back to the system, on the real allocator."""

import asyncio
import gc
import weakref

import psutil
import pytest

from media import heap
from tests.patience import eventually

PIECE, PIECES = 4000, 20_000
"""Beyond what Python's own allocator takes, below what `malloc` maps apart."""


@pytest.mark.skipif(heap.trimmer() is None, reason="another C library")
async def test_holes_between_what_stays_are_given_back() -> None:
    process = psutil.Process()
    pieces = [bytes([number % 251]) * PIECE for number in range(PIECES)]
    stays = pieces[::100]
    pieces.clear()
    full = process.memory_info().rss
    returning = asyncio.create_task(heap.keep_returning(0.01))
    await eventually(lambda: process.memory_info().rss < full - PIECE * PIECES // 2)
    returning.cancel()
    await asyncio.wait({returning})
    assert len(stays) == PIECES // 100


class Ended:
    """A connection that has ended, and still knows itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.parametrize("library", ["glibc", "another"])
async def test_what_only_knows_itself_goes_and_what_was_there_is_left_alone(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if library == "another":
        monkeypatch.setattr(heap, "trimmer", lambda: None)
    gc.disable()
    try:
        returning = asyncio.create_task(heap.keep_returning(0.01))
        await eventually(lambda: gc.get_freeze_count() > 0)
        ended = weakref.ref(Ended())
        await eventually(lambda: ended() is None)
        returning.cancel()
        await asyncio.wait({returning})
        assert gc.get_freeze_count() == 0, "a program that stops it collects as before"
    finally:
        gc.enable()
