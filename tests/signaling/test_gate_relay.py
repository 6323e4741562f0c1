"""Relays at the real gate: by their secret, once a token, and only while the server takes any."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signaling.gate import Gate, Viewer
from signaling.protocol import relay_token
from signaling.server import Running, serving
from signaling.ways import Terms
from tests.signaling.api import Api
from tests.signaling.device import Device
from tests.signaling.helpers import quick_settings

SECRET = "a secret that the server and its relays share"
RELAY = Viewer("relay:home", "relay:home", float("inf"))


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with serving(quick_settings(tmp_path, relay_secret=SECRET)) as server:
        yield server


def token(running: Running, *, secret: str = SECRET, origin: str | None = None, age: float = 0.0) -> str:
    now = time.time() - age
    signed = relay_token.sign(secret.encode(), name="home", origin=origin or running.origin, jti=f"j{age}", now=now)
    return f"Relay {signed}"


async def test_a_relays_token_is_good_once(running: Running) -> None:
    gate, text = running.services.gate, token(running)
    assert gate.relay_signed(text) is not None
    assert await gate.relay_by_token(text) == "relay:home"
    assert await gate.relay_by_token(text) is None
    assert await gate.viewer_by_token(text) is None and await gate.device_by_token(text) is None


async def test_a_token_of_another_secret_server_or_time_is_nobodys(running: Running) -> None:
    gate = running.services.gate
    wrong = token(running, secret="x" * 40), token(running, origin="https://x.example"), token(running, age=100)
    for text in (*wrong, token(running).removeprefix("Relay "), "Relay", "Relay a.b.c"):
        assert gate.relay_signed(text) is None and await gate.relay_by_token(text) is None


async def test_a_relay_may_ask_every_active_camera(running: Running, owner: Api) -> None:
    camera, secret = await owner.add_camera()
    gate = running.services.gate
    assert await gate.may_watch(RELAY, camera) is None
    await Device(owner).activate(secret)
    account = (await owner.good("GET", "/api/me"))["id"]
    assert await gate.may_watch(RELAY, camera) == Terms(account)
    assert await gate.may_watch(RELAY, "relay:home") is None
    assert await gate.session_alive("relay:home")


async def test_a_server_without_a_secret_takes_no_relay(running: Running) -> None:
    services = running.services
    closed = Gate(services.store, services.live, services.accounts, origin=running.origin, clock=time.time)
    assert await closed.relay_by_token(token(running)) is None
    assert not await closed.session_alive("relay:home")
