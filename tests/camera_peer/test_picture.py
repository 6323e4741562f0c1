"""The source is started again for ever; each failure is said once, and so is that it works again."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from camera_peer.picture import RETRY_CEILING_SECONDS, Picture, Play
from media.frames import SourceError

GONE, BUSY = "The device /dev/video0 is not there.", "The device /dev/video0 is busy."


class Enough(Exception):
    pass


class Naps:
    """Sleeps without time, and ends the test after so many."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0)
        if len(self.taken) == self.most:
            raise Enough


def playing(*runs: str, shown: bool = False) -> Play:
    """Each run fails with its sentence, after a picture if `shown`; the last one repeats."""
    left = list(runs)

    async def play(delivers: Callable[[], None]) -> None:
        if shown:
            delivers()
        raise SourceError(left.pop(0) if len(left) > 1 else left[0])

    return play


async def test_a_failure_is_said_once_and_tried_again_ever_more_slowly() -> None:
    told: list[str | None] = []
    naps = Naps(8)
    with capture_logs() as logs, pytest.raises(Enough):
        await Picture(playing(GONE), told.append, random=lambda: 1.0, sleep=naps.sleep).run()
    assert told == [GONE]
    assert [line["event"] for line in logs] == ["source_failed"]
    assert naps.taken == sorted(naps.taken)
    assert naps.taken[0] >= 1
    assert naps.taken[-1] == RETRY_CEILING_SECONDS


async def test_another_failure_is_said_as_well() -> None:
    told: list[str | None] = []
    with pytest.raises(Enough):
        await Picture(playing(GONE, GONE, BUSY), told.append, random=lambda: 0.0, sleep=Naps(5).sleep).run()
    assert told == [GONE, BUSY]


async def test_that_it_works_again_is_said_with_the_first_picture() -> None:
    told: list[str | None] = []
    runs = iter([False, False, True])

    async def play(delivers: Callable[[], None]) -> None:
        if not next(runs):
            raise SourceError(GONE)
        assert told == [GONE]
        delivers()
        assert told == [GONE, None]
        raise Enough

    with pytest.raises(Enough):
        await Picture(play, told.append, random=lambda: 0.0, sleep=Naps(9).sleep).run()


async def test_a_source_that_fails_after_each_first_picture_is_tried_ever_more_slowly() -> None:
    naps = Naps(8)
    with pytest.raises(Enough):
        await Picture(playing(GONE, shown=True), lambda _: None, random=lambda: 1.0, sleep=naps.sleep).run()
    assert naps.taken[-1] == RETRY_CEILING_SECONDS


async def test_after_a_steady_time_a_failure_is_a_new_one() -> None:
    naps = Naps(6)

    async def play(delivers: Callable[[], None]) -> None:
        if len(naps.taken) == 4:
            delivers()
            await asyncio.sleep(0.05)
        raise SourceError(GONE)

    with pytest.raises(Enough):
        await Picture(play, lambda _: None, random=lambda: 1.0, sleep=naps.sleep, steady=0.01).run()
    assert naps.taken[4] == naps.taken[0] < naps.taken[3]


async def test_a_source_that_ends_without_a_word_does_not_spin() -> None:
    naps = Naps(3)

    async def ends(_: Callable[[], None]) -> None:
        return None

    with pytest.raises(Enough):
        await Picture(ends, lambda _: None, random=lambda: 0.0, sleep=naps.sleep).run()
    assert min(naps.taken) >= 1
