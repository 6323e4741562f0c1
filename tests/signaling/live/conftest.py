"""The same tests run on both back ends."""

import time
from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from signaling.live.memory import MemoryLiveState
from signaling.live.redis import RedisLiveState
from signaling.live.state import LiveState
from signaling.rates import Rates


class HasUrl(Protocol):
    url: str


@pytest.fixture(params=["memory", "redis"])
async def live(request: pytest.FixtureRequest) -> AsyncIterator[LiveState]:
    """A live state of one node."""
    state: LiveState
    if request.param == "memory":
        state = MemoryLiveState(time.time, Rates())
    else:
        server: HasUrl = request.getfixturevalue("redis")
        state = RedisLiveState(server.url)
    await state.start()
    yield state
    await state.aclose()
