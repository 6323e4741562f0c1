"""The running source: started again when it fails, one sentence each time, while the camera stays online."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from media.frames import SourceError
from signaling.client_backoff import full_jitter

log = structlog.get_logger(__name__)

RETRY_FLOOR_SECONDS = 1.0
RETRY_CEILING_SECONDS = 15.0
"""A camera that was unplugged shows again soon after it is plugged in."""
STEADY_SECONDS = 15.0
"""A source that delivered this long is sound: its next failure is a new one, and is tried again soon. One that fails
after each first picture is tried ever more slowly."""

Play = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs the source until it raises `SourceError`; calls its argument with each run's first picture."""


class Picture:
    """`told`: hears how the source failed, what else it fails with, and None as soon as it delivers again."""

    def __init__(
        self,
        play: Play,
        told: Callable[[str | None], None],
        *,
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        steady: float = STEADY_SECONDS,
    ) -> None:
        self._play = play
        self._told = told
        self._random = random
        self._sleep = sleep
        self._steady = steady
        self._failures = 0
        self._problem: str | None = None

    async def run(self) -> None:
        """Keep the source running until cancelled."""
        while True:
            await self._once()
            await self._sleep(self._wait())

    async def _once(self) -> None:
        loop = asyncio.get_running_loop()
        steady: asyncio.TimerHandle | None = None

        def delivers() -> None:
            nonlocal steady
            steady = loop.call_later(self._steady, self._is_steady)
            self._works()

        try:
            await self._play(delivers)
        except SourceError as error:
            self._fails(str(error))
        finally:
            if steady is not None:
                steady.cancel()

    def _works(self) -> None:
        if self._problem is not None:
            log.info("source_works_again")
            self._problem = None
            self._told(None)

    def _is_steady(self) -> None:
        self._failures = 0

    def _fails(self, sentence: str) -> None:
        """The same sentence is told once, so that a cable that stays unplugged does not fill the log."""
        self._failures += 1
        if sentence != self._problem:
            log.warning("source_failed", problem=sentence, advice="it is tried again until it works")
            self._problem = sentence
            self._told(sentence)

    def _wait(self) -> float:
        """Never at once: a source that ends immediately must not spin."""
        span = RETRY_CEILING_SECONDS - RETRY_FLOOR_SECONDS
        attempt = max(self._failures - 1, 0)
        return RETRY_FLOOR_SECONDS + full_jitter(attempt, base=RETRY_FLOOR_SECONDS, ceiling=span, random=self._random)
