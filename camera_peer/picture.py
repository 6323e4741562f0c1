"""The running source: started again when it fails, one sentence each time, while the camera stays online."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from camera_peer.backoff import full_jitter
from media.frames import SourceError

log = structlog.get_logger(__name__)

RETRY_FLOOR_SECONDS = 1.0
RETRY_CEILING_SECONDS = 15.0
"""A camera that was unplugged shows again soon after it is plugged in."""
STEADY_SECONDS = 15.0
"""A source that ran this long without a word works; while nobody watches there may be no frame to prove it."""


class Picture:
    """`play`: runs the source until it raises `SourceError`. `told`: hears how it failed, None once that is over."""

    def __init__(
        self,
        play: Callable[[], Awaitable[None]],
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

    async def run(self) -> None:
        """Keep the source running until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            works = loop.call_later(self._steady, self._works)
            try:
                await self._play()
            except SourceError as error:
                self._fails(str(error))
            finally:
                works.cancel()
            await self._sleep(self._wait())

    def _works(self) -> None:
        if self._failures:
            log.info("source_works_again")
            self._failures = 0
            self._told(None)

    def _fails(self, sentence: str) -> None:
        """The same sentence is told once, so that a cable that stays unplugged does not fill the log."""
        self._failures += 1
        if self._failures == 1:
            log.warning("source_failed", problem=sentence, advice="it is tried again until it works")
            self._told(sentence)

    def _wait(self) -> float:
        """Never at once: a source that ends immediately must not spin."""
        span = RETRY_CEILING_SECONDS - RETRY_FLOOR_SECONDS
        attempt = max(self._failures - 1, 0)
        return RETRY_FLOOR_SECONDS + full_jitter(attempt, base=RETRY_FLOOR_SECONDS, ceiling=span, random=self._random)
