"""Servers for the tests of this room. In-process ones run in the test's own loop, on a real port."""

import itertools
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest

from signaling.server import Running, serving
from tests.servers import RedisServer, fresh_database, postgresql_server, redis_server
from tests.signaling.api import Api
from tests.signaling.helpers import api_of, quick_settings, secret_of

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A real Redis; tests that kill it start it again."""
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A real PostgreSQL; its URL."""
    with postgresql_server() as url:
        yield url


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """Parametrise indirectly with `sqlite` or `postgresql`; an empty database either way."""
    if request.param == "sqlite":
        return ""
    return fresh_database(request.getfixturevalue("postgresql"), f"test{next(_numbers)}")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that keeps no cookies of its own."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
def standing_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """No counted minute ends while a test counts: `limits` goes by the minutes of the clock, not from the first use."""
    started = time.time()
    for module in ("strategies", "storage.memory"):
        monkeypatch.setattr(f"limits.aio.{module}.time", SimpleNamespace(time=lambda: started))


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A server on SQLite and memory."""
    async with serving(quick_settings(tmp_path)) as server:
        yield server


@pytest.fixture
async def stranger(running: Running, http: aiohttp.ClientSession) -> Api:
    """Nobody in particular."""
    return await api_of(running, http)


@pytest.fixture
async def owner(running: Running, stranger: Api) -> Api:
    """The administrator, signed in."""
    api = stranger.another()
    await api.register(secret_of(running))
    return api
