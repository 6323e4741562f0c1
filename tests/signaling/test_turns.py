"""Turns: a crowd of strangers neither refuses nor starves those who are known, nor they the strangers."""

import asyncio

import pytest

from signaling.refusals import Refused
from signaling.turns import MAX_KNOWN, MAX_OF_ONE, MAX_STRANGERS, Turns


class Place:
    """Two are served at once; notes who was served, in which order."""

    def __init__(self) -> None:
        self.turns, self.served, self.hold = Turns(2), list[str](), asyncio.Event()

    async def visit(self, whose: str) -> None:
        over = await self.turns.take(whose)
        self.served.append(whose)
        await self.hold.wait()
        over()

    def come(self, people: list[str]) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self.visit(whose)) for whose in people]


async def settled(place: Place, tasks: list[asyncio.Task[None]]) -> list[str]:
    """Lets everybody be served; how each fared."""
    await asyncio.sleep(0)
    place.hold.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return [outcome.code if isinstance(outcome, Refused) else type(outcome).__name__ for outcome in outcomes]


async def test_who_is_known_passes_a_full_queue_of_strangers() -> None:
    place = Place()
    strangers = place.come([""] * (MAX_STRANGERS + 9))
    await asyncio.sleep(0)
    owner = place.come(["owner"])
    assert await settled(place, owner + strangers) == ["NoneType"] * (1 + MAX_STRANGERS) + ["busy"] * 9
    assert place.served.index("owner") == 2, "after the two whose turn it was"


async def test_known_and_strangers_take_turns() -> None:
    place = Place()
    tasks = place.come(["", ""])
    await asyncio.sleep(0)
    tasks += place.come([f"known {number}" for number in range(6)] + [""] * 6)
    await settled(place, tasks)
    kinds = ["known" if whose else "stranger" for whose in place.served[2:]]
    assert kinds == ["known", "stranger"] * 6


async def test_one_who_is_known_takes_few_places_and_queues_with_strangers_then() -> None:
    place = Place()
    greedy = place.come(["greedy"] * (MAX_OF_ONE + MAX_STRANGERS + 5))
    await asyncio.sleep(0)
    others = place.come([f"other {number}" for number in range(MAX_KNOWN - MAX_OF_ONE)])
    outcomes = await settled(place, greedy + others)
    assert outcomes.count("busy") == 5 and set(outcomes[-len(others) :]) == {"NoneType"}


async def test_the_known_are_bounded_too() -> None:
    place = Place()
    tasks = place.come([f"known {number}" for number in range(MAX_KNOWN + MAX_STRANGERS + 3)])
    assert (await settled(place, tasks)).count("busy") == 3


async def test_who_goes_away_leaves_the_place_to_others() -> None:
    place = Place()
    tasks = place.come([""] * MAX_STRANGERS)
    await asyncio.sleep(0)
    with pytest.raises(Refused):
        await place.turns.take("")
    for task in tasks[2:]:
        task.cancel()
    await asyncio.sleep(0)
    later = place.come([""] * (MAX_STRANGERS - 2))
    assert set(await settled(place, tasks[:2] + later)) == {"NoneType"}
    assert await place.turns.take("") and await place.turns.take("owner")


async def test_a_turn_that_is_given_to_somebody_who_goes_is_passed_on() -> None:
    turns = Turns(1)
    over = await turns.take("")
    gone, next_one = asyncio.create_task(turns.take("")), asyncio.create_task(turns.take(""))
    await asyncio.sleep(0)
    over()
    gone.cancel()
    assert await next_one
    assert gone.cancelled()
