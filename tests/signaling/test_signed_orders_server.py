"""Signed orders reach a camera that knows its owner, and what it confirms reaches the owner: over the real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.live.state import LiveEvent
from signaling.protocol.messages import OrdersParams
from signaling.protocol.trust import keyring
from signaling.protocol.trust.orders import Known
from signaling.protocol.trust.receipt import receipt
from signaling.server import Running, serving
from tests.patience import eventually
from tests.servers import RedisServer
from tests.signaling.api import Api
from tests.signaling.helpers import api_of, quick_settings, secret_of
from tests.signaling.small_server import small_server
from tests.signaling.test_socket_server import SOCKET, paired, until
from tests.signaling.trust.people import NOW, key, name
from tests.signaling.trusting import Proven, ordered, proven_camera, ring_at, ring_of, say, trust_of
from tests.signaling.viewer_client import WirePeer, connected

PROMISE_SECONDS = 1.0


@pytest.fixture(params=["memory", "redis"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    """The promise holds on both back ends of the live state."""
    url = ""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        url = server.url
    async with serving(quick_settings(tmp_path, redis_url=url)) as server_running:
        yield server_running


@pytest.fixture
async def owner(running: Running, http: aiohttp.ClientSession) -> Api:
    api = await api_of(running, http)
    await api.register(secret_of(running))
    await ring_at(api, "phone", "laptop")
    return api


@asynccontextmanager
async def at_work(owner: Api, camera: Proven) -> AsyncIterator[WirePeer]:
    """The camera, registered."""
    async with connected(owner.origin + SOCKET, camera.device.authorization(camera.id)) as peer:
        await peer.register()
        yield peer


async def orders_to(peer: WirePeer) -> dict[str, Any]:
    async with asyncio.timeout(PROMISE_SECONDS):
        return dict((await peer.expect("belvedere.orders"))["params"])


async def give(owner: Api, camera: Proven, n: int, *serials: int) -> str:
    text = ordered(await ring_of(owner), camera.device.public_key, n, *serials)
    answer = await owner.call("PUT", f"/api/cameras/{camera.id}/orders", {"statement": text})
    assert answer.status == 204, answer
    return text


async def test_signed_orders_come_with_the_registration_and_at_once_when_there_are_new_ones(owner: Api) -> None:
    camera = await proven_camera(owner)
    statements = (await owner.good("GET", "/api/me/keyring"))["statements"]
    async with at_work(owner, camera) as peer:
        assert await orders_to(peer) == {"keyring": statements}
        first = await give(owner, camera, 0)
        assert await orders_to(peer) == {"keyring": statements, "orders": first}
    second = await give(owner, camera, 1, 7)
    async with at_work(owner, camera) as peer:
        assert await orders_to(peer) == {"keyring": statements, "orders": second}


async def test_a_longer_signed_keyring_reaches_every_camera_of_the_owner(owner: Api) -> None:
    cameras = [await proven_camera(owner) for _ in range(2)]
    async with at_work(owner, cameras[0]) as one, at_work(owner, cameras[1]) as two:
        before = [await orders_to(peer) for peer in (one, two)]
        ring = await ring_of(owner)
        longer = keyring.change(key("phone"), ring, [name("phone")], NOW + 60)
        assert (await say(owner, longer)).status == 201
        after = [await orders_to(peer) for peer in (one, two)]
        assert [each["keyring"] for each in after] == [[*each["keyring"], longer] for each in before]


async def test_a_camera_whose_pairing_was_not_proven_hears_of_no_owner(owner: Api) -> None:
    camera, device = await paired(owner)
    async with connected(owner.origin + SOCKET, device.authorization(camera)) as peer:
        await peer.register()
        with pytest.raises(TimeoutError):
            await orders_to(peer)


async def test_the_owner_sees_the_signed_receipt_of_his_camera_and_of_no_other(owner: Api) -> None:
    camera, other = await proven_camera(owner), await proven_camera(owner)
    head = (await ring_of(owner)).head
    true, forged = receipt(camera.device.key, Known(), head, NOW), receipt(other.device.key, Known(), head, NOW)
    async with at_work(owner, camera) as peer:
        await peer.tell("belvedere.receipt", receipt=true)

        async def kept() -> bool:
            return (await trust_of(owner, camera.id))["receipt"] == true

        await until(kept)
        await peer.tell("belvedere.receipt", receipt=forged)
        await peer.tell("belvedere.event", name="all_is_told", detail="")

        async def told() -> bool:
            return bool(((await owner.camera(camera.id))["problem"] or {}).get("code") == "all_is_told")

        await until(told)
        assert (await trust_of(owner, camera.id))["receipt"] == true
        assert (await trust_of(owner, other.id))["receipt"] is None


# --- at the rim ---

OLD, NEW = OrdersParams(["first.of.ring"], "old.orders.here"), OrdersParams(["first.of.ring"], "new.orders.here")


async def test_signed_orders_that_change_while_the_camera_registers_are_not_missed() -> None:
    async with small_server() as server, connected(server.url, "Bearer device-c1") as peer:
        server.gate.orders["c1"] = OLD
        asked = server.gate.orders_of

        async def meanwhile(camera: str) -> OrdersParams | None:
            found = await asked(camera)
            if found is OLD:
                server.gate.orders["c1"] = NEW
                before = server.hub.watch.serial
                await server.live.publish(LiveEvent("orders", "c1", "u1"))
                await eventually(lambda: server.hub.watch.serial > before)  # it was heard, and found no camera
            return found

        server.gate.orders_of = meanwhile  # type: ignore[method-assign]
        await peer.register()
        heard = [(await peer.expect("belvedere.orders"))["params"]["orders"] for _ in range(2)]
        assert heard == ["old.orders.here", "new.orders.here"]


async def test_signed_orders_are_looked_at_anew_where_events_were_lost() -> None:
    async with small_server() as server, connected(server.url, "Bearer device-c1") as peer:
        server.gate.orders["c1"] = OLD
        await peer.register()
        await peer.expect("belvedere.orders")
        server.gate.orders["c1"] = NEW
        await server.live.publish(LiveEvent("lost"))
        assert (await peer.expect("belvedere.orders"))["params"]["orders"] == "new.orders.here"
        assert [m for m in peer.inbox if m["method"] == "belvedere.orders"][2:] == []
