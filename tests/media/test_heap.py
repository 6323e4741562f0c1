"""What was freed goes back to the system, on the real allocator."""

import asyncio

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
    assert len(stays) == PIECES // 100


async def test_another_c_library_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "trimmer", lambda: None)
    await asyncio.wait_for(heap.keep_returning(), 1)
