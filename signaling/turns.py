"""Who is next where few can be served: people who are known and strangers by turns, each kind in a queue of its own.

However many strangers come, whoever is known waits for one of them at most, beside those who are known as well; and the
other way round. Nobody who is known takes more than a few places there: further ones queue with the strangers.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from signaling.refusals import Refused

MAX_STRANGERS = 64
"""At about 230 ms a hash and two workers the last in the queue waits 8 s; more would only time out."""
MAX_KNOWN = 64
"""As many again, who wait twice as long at worst."""
MAX_OF_ONE = 4
"""A household that signs in at once; the sixteenth part of the queue for whoever means harm with an account."""


@dataclass(eq=False, slots=True)
class Queue:
    """`inside`: those who wait or are being served."""

    most: int
    inside: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Turns:
    """`at_once`: so many are served."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._known, self._strangers = Queue(MAX_KNOWN), Queue(MAX_STRANGERS)
        self._next = self._known
        self._of: Counter[str] = Counter()

    async def take(self, whose: str) -> Callable[[], None]:
        """Returns when it is one's turn; to be called when that is over.

        `whose`: by what somebody is known, empty for strangers. Raises `Refused` (busy).
        """
        queue = self._known if self._has_place(whose) else self._strangers
        if queue.inside >= queue.most:
            raise Refused("busy", "too many people sign in at this moment; try again in a few seconds", retry_after=5)
        self._count(queue, whose, 1)
        try:
            await self._wait(queue)
        except BaseException:
            self._count(queue, whose, -1)
            raise

        def over() -> None:
            self._count(queue, whose, -1)
            self._pass_on()

        return over

    def _has_place(self, whose: str) -> bool:
        return bool(whose) and self._of[whose] < MAX_OF_ONE and self._known.inside < self._known.most

    def _count(self, queue: Queue, whose: str, change: int) -> None:
        queue.inside += change
        if queue is self._known:
            self._of[whose] += change
            self._of += Counter()  # drops those who have gone

    async def _wait(self, queue: Queue) -> None:
        if self._free:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        queue.waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was given at the same moment
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """To whoever is next, who was not served last where both kinds wait."""
        other = self._strangers if self._next is self._known else self._known
        for queue, then in ((self._next, other), (other, self._next)):
            while queue.waiting:
                place = queue.waiting.popleft()
                if not place.done():
                    self._next = then
                    place.set_result(None)
                    return
        self._free += 1
