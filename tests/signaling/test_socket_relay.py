"""Relays at the real socket: who is one, and that one socket carries what hundreds of viewers need."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from signaling.limits import Limits
from signaling.live.state import LiveEvent
from signaling.protocol import tickets
from signaling.protocol.messages import MAX_MESSAGE_BYTES
from signaling.ways import Policy
from tests.patience import eventually
from tests.signaling.small_server import TICKET_KEY, SmallServer, small_server
from tests.signaling.test_socket import pair
from tests.signaling.viewer_client import Fault, WirePeer, connected

FAR = 4_000_000_000


async def relay(stack: AsyncExitStack, server: SmallServer, name: str = "home") -> tuple[WirePeer, WirePeer]:
    """Both sockets, registered."""
    sockets = []
    for role in ("device", "client"):
        peer = await stack.enter_async_context(connected(server.url, f"Relay {name}"))
        await peer.register(belvedere={"role": role})
        sockets.append(peer)
    return sockets[0], sockets[1]


@asynccontextmanager
async def everybody() -> AsyncIterator[tuple[SmallServer, tuple[WirePeer, WirePeer], tuple[WirePeer, WirePeer]]]:
    """A server, camera and viewer, and a relay's two sockets: player and asker."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        yield server, await pair(stack, server), await relay(stack, server)


async def through(viewer: WirePeer, player: WirePeer) -> str:
    """A whole set-up through the relay; returns the session."""
    session = str((await viewer.request("connect", peer="c1", belvedere={"via": "relay"}))["session"])
    await player.reply(await player.expect("connect"))
    offering = asyncio.create_task(player.request("invite", session=session, offer="v=0"))
    await viewer.reply(await viewer.expect("invite"), answer="v=0 a")
    await offering
    return session


async def test_a_relay_shows_a_camera_over_real_sockets() -> None:
    async with everybody() as (server, (device, viewer), (player, asker)):
        assert server.hub.sizes()["relays"] == 1 and server.hub.sizes()["cameras"] == 1
        session = await through(viewer, player)
        upload = (await asker.request("connect", peer="c1"))["session"]
        assert (await device.expect("connect"))["params"]["belvedere"]["via"] == "relay"
        await viewer.tell("belvedere.stats", session=session, firstFrameMs=60, way="relay")
        await viewer.stop()
        assert (await player.expect("belvedere.close"))["params"]["session"] == session
        await asker.tell("belvedere.close", session=upload)
        assert (await device.expect("belvedere.close"))["params"]["session"] == upload
    told = server.diary.told
    assert ("first_frame", "c1") in told and not any("relay" in word for news in told for word in news)


@pytest.mark.parametrize(
    ("header", "params"),
    [
        ("Relay nobody", {"belvedere": {"role": "device"}}),
        ("Relay home", {}),
        ("Relay home", {"belvedere": {}}),
        ("Relay home", {"authorization": "Relay home", "belvedere": {"role": "device"}}),
        (None, {"authorization": "Relay home", "belvedere": {"role": "client"}}),
        ("Bearer device-c1", {"belvedere": {"role": "device"}}),
        ("Bearer viewer-u1-l1", {"belvedere": {"role": "client"}}),
    ],
)
async def test_who_is_no_relay(header: str | None, params: dict[str, Any]) -> None:
    async with small_server() as server, connected(server.url, header) as peer:
        with pytest.raises(Fault, match="401"):
            await peer.request("register", **params)
        assert await peer.closed() == 4401
        assert server.hub.table.devices == server.hub.table.uploads == {}


def held(number: int, **changed: Any) -> str:
    """The ticket of a viewer's session through the relay."""
    ticket = {"session": f"session-{number:08}", "camera": "c1", "user": "u1", "login": f"l{number}", "exp": FAR}
    return tickets.sign(TICKET_KEY, tickets.Ticket(**{**ticket, "relay": "relay:home"} | changed))


async def test_a_relay_comes_back_with_five_hundred_viewers_and_as_many_are_told_when_they_are_over() -> None:
    texts = [held(number) for number in range(500)]
    assert sum(map(len, texts)) > MAX_MESSAGE_BYTES, "the case that an ordinary socket could not carry"
    async with small_server() as server, connected(server.url, "Relay home") as player:
        answer = await player.register(belvedere={"role": "device", "tickets": texts})
        assert len(answer["belvedere"]["adopted"]) == 500
        await server.revoke("camera_removed", "c1")
        closed = {(await player.expect("belvedere.close"))["params"]["session"] for _ in range(500)}
        assert closed == set(answer["belvedere"]["adopted"])
        assert server.hub.table.sessions == {} and "too_slow" not in server.diary.counted


async def test_only_a_relay_may_send_so_much_at_once() -> None:
    texts = [held(number) for number in range(500)]
    for header in ("Bearer device-c1", "Relay nobody"):
        async with small_server() as server, connected(server.url, header) as peer:
            with pytest.raises((Fault, ConnectionError)):
                await peer.register(belvedere={"role": "device", "tickets": texts})
            assert server.hub.table.sessions == {}


async def test_a_relay_is_not_read_as_slowly_as_one_viewer() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server(Limits(messages_per_second=1.0, messages_burst=5)))
        player, _ = await relay(stack, server)
        async with asyncio.timeout(30):
            for _ in range(200):
                with pytest.raises(Fault, match="400"):
                    await player.request("extend", session="none")


async def test_a_login_that_ends_ends_its_relayed_session() -> None:
    async with everybody() as (server, (device, viewer), (player, asker)):
        session = await through(viewer, player)
        await server.revoke("login_ended", "l1")
        assert (await player.expect("belvedere.close"))["params"]["session"] == session
        assert await viewer.closed() == 4401
        assert not asker.ws.closed and not device.ws.closed


async def test_a_login_that_ended_unheard_ends_its_relayed_session_when_all_is_looked_at_anew() -> None:
    async with everybody() as (server, (_, viewer), (player, asker)):
        session = await through(viewer, player)
        viewer.ws._response.connection.transport.abort()  # no goodbye: the session outlives the socket
        await viewer.closed()
        server.gate.dead.add("l1")
        await server.live.publish(LiveEvent("lost"))
        assert (await player.expect("belvedere.close"))["params"]["session"] == session
        assert not asker.ws.closed


async def test_a_rule_that_closes_the_relay_ends_what_goes_through_it() -> None:
    async with everybody() as (server, (_, viewer), (player, _)):
        session = await through(viewer, player)
        server.gate.policy = "never_relay"
        await server.live.publish(LiveEvent("ways", "u1", "u1"))
        for peer in (viewer, player):
            assert (await peer.expect("belvedere.close"))["params"]["session"] == session
        with pytest.raises(Fault, match="488"):
            await viewer.request("connect", peer="c1", belvedere={"via": "relay"})


async def test_a_rule_that_changes_while_somebody_asks_holds_for_them_too() -> None:
    async with everybody() as (server, (_, viewer), _):

        async def forbid() -> None:
            server.gate.policy, server.gate.while_granting = "never_relay", None
            serial = server.hub.watch.serial
            await server.live.publish(LiveEvent("ways", "u1", "u1"))
            await eventually(lambda: server.hub.watch.serial != serial)

        server.gate.while_granting = forbid
        session = (await viewer.request("connect", peer="c1", belvedere={"via": "relay"}))["session"]
        assert (await viewer.expect("belvedere.close"))["params"]["session"] == session


@pytest.mark.parametrize(("policy", "adopted"), [("auto", 1), ("never_relay", 0)])
async def test_a_rule_holds_for_those_who_come_back_as_well(policy: Policy, adopted: int) -> None:
    async with small_server() as server, connected(server.url, "Relay home") as player:
        server.gate.policy = policy
        answer = await player.register(belvedere={"role": "device", "tickets": [held(1)]})
        assert len(answer["belvedere"].get("adopted", [])) == adopted


async def test_a_relay_has_no_presence_to_lose_and_none_to_refresh() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        player, asker = await relay(stack, server)
        await server.hub.watch.refresh()
        await server.live.publish(LiveEvent("lost"))
        assert await server.live.presence("relay:home") is None
        with pytest.raises(Fault, match="400"):
            await player.request("extend", session="none")
        assert not player.ws.closed and not asker.ws.closed


async def test_a_viewer_learns_the_name_of_its_network_and_a_camera_does_not() -> None:
    async with small_server() as server:
        names = []
        for caller in ("203.0.113.7", "203.0.113.9", "198.51.100.1"):
            server.caller = caller
            async with connected(server.url, "Bearer viewer-u1-l1") as viewer:
                names.append((await viewer.register())["belvedere"]["network"])
        async with connected(server.url, "Bearer device-c1") as device:
            assert "network" not in (await device.register())["belvedere"]
        assert names[0] == names[1] != names[2]
