"""Redis dies and comes back: nothing hangs, listeners look anew, presences return."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from signaling.live.redis import RedisLiveState
from signaling.live.state import LiveEvent, LiveUnavailable, Presence, Subscription
from signaling.rates import RULES
from signaling.server import serving
from tests.servers import RedisServer, redis_server
from tests.signaling.helpers import api_of, quick_settings

PATIENCE = 15.0
REVOCATION_SECONDS = 1.0
"""DESIGN §4."""


@pytest.fixture
def mortal() -> Iterator[RedisServer]:
    """A Redis of this test alone."""
    with redis_server() as server:
        yield server


async def until(subscription: Subscription, kind: str) -> LiveEvent:
    while (event := await subscription.next()).kind != kind:
        pass
    return event


async def test_a_restart_of_redis_is_survived(mortal: RedisServer) -> None:
    here, there = RedisLiveState(mortal.url), RedisLiveState(mortal.url)
    await here.start()
    await there.start()
    mine, theirs = here.subscribe(), there.subscribe()
    epoch = await here.claim_presence("camera", "socket", "node")
    mortal.kill()
    with pytest.raises(LiveUnavailable):
        await here.presence("camera")
    async with asyncio.timeout(PATIENCE):
        await here.publish(LiveEvent("login_ended", "login"))
        assert (await until(mine, "login_ended")).subject == "login"  # at once, where it was published
        mortal.start()
        await until(theirs, "lost")
        assert (await until(theirs, "login_ended")).subject == "login"  # elsewhere, when Redis is back
        await until(mine, "lost")
    assert await here.presence("camera") is None
    assert await here.refresh_presence(Presence("camera", epoch, "socket", "node")) is True
    assert await there.online(["camera"]) == {"camera"}
    assert await there.claim_presence("camera", "other", "node") > epoch  # although Redis forgot its counter
    await here.aclose()
    await there.aclose()


async def test_events_cross_from_node_to_node(redis: RedisServer) -> None:
    here, there = RedisLiveState(redis.url), RedisLiveState(redis.url)
    await here.start()
    await there.start()
    subscription = there.subscribe()
    await here.publish(LiveEvent("camera_removed", "camera", "account"))
    async with asyncio.timeout(PATIENCE):
        assert await until(subscription, "camera_removed") == LiveEvent("camera_removed", "camera", "account")
    await here.aclose()
    await there.aclose()


async def test_limits_hold_while_redis_is_away(mortal: RedisServer) -> None:
    live = RedisLiveState(mortal.url)
    await live.start()
    mortal.kill()
    allowed = RULES["login_pair"][0].amount
    waits = [await live.hit("login_pair", "key") for _ in range(allowed + 1)]
    assert waits[:allowed] == [0.0] * allowed and waits[allowed] > 0
    await live.aclose()


@contextlib.contextmanager
def hanging(server: RedisServer) -> Iterator[None]:
    """Its connections stand, and nothing comes of them."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


async def test_a_redis_that_hangs_holds_up_neither_limits_nor_revocations(mortal: RedisServer) -> None:
    here, there = RedisLiveState(mortal.url), RedisLiveState(mortal.url)
    await here.start()
    await there.start()
    mine, theirs = here.subscribe(), there.subscribe()
    assert await here.hit("login_pair", "key") == 0.0
    with hanging(mortal):
        async with asyncio.timeout(REVOCATION_SECONDS):
            await here.publish(LiveEvent("login_ended", "login"))
            assert (await until(mine, "login_ended")).subject == "login"
        async with asyncio.timeout(PATIENCE):
            assert await here.hit("login_pair", "key") == 0.0
    async with asyncio.timeout(PATIENCE):
        assert (await until(theirs, "login_ended")).subject == "login"
    await here.aclose()
    await there.aclose()


async def test_what_could_not_be_sent_is_sent_without_an_interruption(redis: RedisServer) -> None:
    here, there = RedisLiveState(redis.url), RedisLiveState(redis.url)
    here._unsent.append(LiveEvent("login_ended", "login"))  # as a publish leaves it that ran out of time
    await there.start()
    theirs = there.subscribe()
    await here.start()
    async with asyncio.timeout(PATIENCE):
        assert (await until(theirs, "login_ended")).subject == "login"
    await here.aclose()
    await there.aclose()


async def test_a_redis_that_is_not_there_is_said(mortal: RedisServer) -> None:
    mortal.kill()
    live = RedisLiveState(mortal.url)
    with pytest.raises(LiveUnavailable):
        await live.start()
    await live.aclose()


async def test_a_server_without_its_redis_says_that_it_is_not_ready(
    tmp_path: Path, mortal: RedisServer, http: aiohttp.ClientSession
) -> None:
    async with serving(quick_settings(tmp_path, redis_url=mortal.url)) as server:
        api = await api_of(server, http)
        assert (await api.call("GET", "/readyz")).status == 200
        mortal.kill()
        away = await api.call("GET", "/readyz")
        assert (away.status, away.code) == (503, "live_unavailable")
        assert (await api.call("GET", "/healthz")).status == 200
        mortal.start()
        assert (await api.call("GET", "/readyz")).status == 200
