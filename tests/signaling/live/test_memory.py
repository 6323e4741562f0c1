"""What only the memory back end can be asked: time moved by hand, bounds."""

import pytest

from signaling.live.expiring import Expiring, Full
from signaling.live.memory import MemoryLiveState
from signaling.live.state import PRESENCE_SECONDS
from signaling.rates import Rates


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_presences_tickets_and_ids_end() -> None:
    clock = Clock()
    live = MemoryLiveState(clock, Rates())
    await live.claim_presence("camera", "socket", "node")
    await live.put("ticket", "value", 30)
    assert await live.use_once("jti", 90) and not await live.use_once("jti", 90)
    clock.now += PRESENCE_SECONDS + 0.1
    assert await live.presence("camera") is None
    assert await live.take("ticket") is None
    clock.now += 60
    assert await live.use_once("jti", 90)


async def test_epochs_grow_when_the_clock_steps_back() -> None:
    clock = Clock()
    live = MemoryLiveState(clock)
    first = await live.claim_presence("camera", "socket", "node")
    clock.now -= 3600
    assert await live.claim_presence("camera", "socket", "node") > first


def test_a_full_dictionary_drops_what_ended_and_nothing_else() -> None:
    kept: Expiring[int] = Expiring(2)
    kept.set("old", 1, now=0, seconds=5)
    kept.set("new", 2, now=0, seconds=50)
    kept.set("newer", 3, now=10, seconds=50)
    assert (kept.get("old", 0), kept.get("new", 10), kept.get("newer", 10)) == (None, 2, 3)
    with pytest.raises(Full):
        kept.set("newest", 4, now=20, seconds=50)
    kept.set("new", 5, now=20, seconds=50)
    assert kept.pop("new", 21) == 5 and len(kept) == 1


async def test_limits_can_be_switched_off() -> None:
    live = MemoryLiveState(Clock(), Rates(enabled=False))
    assert [await live.hit("login_pair", "key") for _ in range(100)] == [0.0] * 100
