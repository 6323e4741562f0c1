"""What happens to a picture when something happens to the networks: how long it stood still, in seconds."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.natlab.watching import Person

STILL_SECONDS = 0.7
"""A picture that stands longer has stopped: the source gives 15 a second."""
CALM_SECONDS = 2.0
"""Pictures flow again once they have flowed so long without a stop."""
NOTHING_SECONDS = 5.0
"""An event that has stopped nothing by then stops nothing."""
POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Stop:
    """`back`: seconds from the event to the picture after the longest stop, 0 if it never stopped; `longest`: how
    long the picture stood still."""

    back: float
    longest: float


def stop_after(pictures: Sequence[float], event: float, now: float) -> Stop | None:
    """The longest stop that ended after `event`; None while it is too early to tell. All in seconds of one clock."""
    if not pictures or now - pictures[-1] > STILL_SECONDS:
        return None
    stops = [(after - before, after) for before, after in itertools.pairwise(pictures) if after > event]
    longest, ended = max(stops, default=(0.0, event))
    if longest < STILL_SECONDS:
        return Stop(0.0, longest) if now - event > NOTHING_SECONDS else None
    return Stop(ended - event, longest) if now - ended > CALM_SECONDS else None


async def recovers(who: Person, happen: Callable[[], None], limit: float) -> Stop:
    """Lets something happen to a person who watches. Fails where the picture is not back within `limit` seconds."""
    await who.follow()
    await asyncio.sleep(1)
    event = time.time()
    await asyncio.to_thread(happen)
    happened = time.time()
    while True:
        pictures = await who.followed()
        stop = stop_after(pictures, event, time.time())
        if stop is not None:
            return stop
        last = pictures[-1] - event if pictures else float("nan")
        assert time.time() - happened < limit, f"no steady picture after {limit} s; the last one came at {last:.1f} s"
        await asyncio.sleep(POLL_SECONDS)
