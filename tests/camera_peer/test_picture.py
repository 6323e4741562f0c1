"""The source is started again for ever; each failure is said once, and so is that it works again."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from camera_peer.picture import RETRY_CEILING_SECONDS, Picture
from media.frames import SourceError


class Enough(Exception):
    pass


def failing(times: int) -> Callable[[], Awaitable[None]]:
    """Fails so often, then stays."""
    left = iter(range(times))

    async def play() -> None:
        if next(left, None) is not None:
            raise SourceError("The device /dev/video0 is not there.")
        await asyncio.Event().wait()

    return play


async def test_a_failure_is_said_once_and_tried_again_ever_more_slowly() -> None:
    told: list[str | None] = []
    naps: list[float] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 8:
            raise Enough

    with capture_logs() as logs, pytest.raises(Enough):
        await Picture(failing(99), told.append, random=lambda: 1.0, sleep=sleep).run()
    assert told == ["The device /dev/video0 is not there."]
    assert [line["event"] for line in logs] == ["source_failed"]
    assert naps == sorted(naps)
    assert naps[0] >= 1
    assert naps[-1] == RETRY_CEILING_SECONDS


async def test_that_it_works_again_is_said() -> None:
    told: list[str | None] = []
    well = asyncio.Event()

    async def at_once(_: float) -> None:
        return None

    def hear(sentence: str | None) -> None:
        told.append(sentence)
        if sentence is None:
            well.set()

    picture = Picture(failing(2), hear, random=lambda: 0.0, sleep=at_once, steady=0.02)
    running = asyncio.create_task(picture.run())
    async with asyncio.timeout(5):
        await well.wait()
    running.cancel()
    await asyncio.wait({running})
    assert told == ["The device /dev/video0 is not there.", None]
    assert running.cancelled()


async def test_a_source_that_ends_without_a_word_does_not_spin() -> None:
    naps: list[float] = []

    async def ends() -> None:
        return None

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            raise Enough

    with pytest.raises(Enough):
        await Picture(ends, lambda _: None, random=lambda: 0.0, sleep=sleep).run()
    assert min(naps) >= 1
