"""The memory of the rates: many who knock do not make each knock dear, and what has run out goes."""

import pytest

from signaling import rate_memory
from signaling.rate_memory import SWEEPER, RateMemory
from signaling.rates import RULES, Rates


def test_the_library_still_sweeps_where_we_say() -> None:
    assert callable(getattr(rate_memory.MemoryStorage, SWEEPER))


async def test_a_thousand_addresses_are_swept_once() -> None:
    memory = RateMemory()
    rates = Rates(memory)
    for number in range(1000):
        await rates.hit("login_address", f"192.0.2.{number}")
    assert memory.sweeps == 1 and len(memory.expirations) == 1000 * len(RULES["login_address"])


async def test_what_has_run_out_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = RateMemory()
    rates = Rates(memory)
    for number in range(10):
        await rates.hit("login_address", f"192.0.2.{number}")
    monkeypatch.setattr(rate_memory, "SWEEP_SECONDS", 0.0)
    memory._next = 0.0
    memory.expirations = dict.fromkeys(memory.expirations, 1.0)
    await rates.hit("login_address", "198.51.100.1")
    windows = len(RULES["login_address"])
    assert len(memory.storage) == len(memory.expirations) == len(memory.locks) == windows


async def test_counting_is_as_it_was() -> None:
    rates, limit = Rates(RateMemory()), RULES["login_pair"][0].amount
    assert [await rates.hit("login_pair", "a") > 0 for _ in range(limit + 1)] == [False] * limit + [True]
    await rates.forgive("login_pair", "a")
    assert await rates.hit("login_pair", "a") == 0.0
