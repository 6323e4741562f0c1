"""Where rates are counted in this process: the memory of the library `limits`, swept now and then.

As it comes it is swept at each hit, over all keys there are: under ten thousand addresses that guess, a single login
kept the event loop busy for a tenth of a second.
"""

import time

from limits.aio.storage import MemoryStorage

SWEEP_SECONDS = 60.0
"""A count is kept for two of its windows and at most so much longer; reading one that has run out gives zero anyway."""
SWEEPER = "_MemoryStorage__schedule_expiry"
"""The library's private name, held by a test."""


class RateMemory(MemoryStorage):
    """`sweeps`: how many there were."""

    def __init__(self) -> None:
        super().__init__()
        self.sweeps = 0
        self._next = 0.0
        setattr(self, SWEEPER, self._sweep)

    async def _sweep(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + SWEEP_SECONDS
        self.sweeps += 1
        wall = time.time()
        for key in [key for key, ends in self.expirations.items() if ends <= wall]:
            await self.clear(key)
