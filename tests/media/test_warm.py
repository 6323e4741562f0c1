"""The warm peer: real sockets, addresses that change on command."""

import asyncio

import pytest

from media import warm
from media.ice_servers import Credential, IceServers, StunServer, TurnServer
from media.peer import SendingPeer
from media.warm import WarmPeers
from tests.patience import eventually


async def ready(peers: WarmPeers) -> SendingPeer:
    await eventually(lambda: peers._ready is not None)
    assert peers._ready is not None
    return peers._ready


async def end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})


async def test_the_prepared_peer_is_handed_out_once_and_another_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "REFILL_DELAY", 0.0)
    peers = WarmPeers()
    task = asyncio.create_task(peers.run())
    first = await ready(peers)
    assert await peers.take() is first
    second = await ready(peers)
    assert second is not first
    assert "a=candidate:" in first.offer("h264", ["42e01f"], None)
    await first.close()
    await end(task)


async def test_a_system_that_cannot_tell_our_addresses_for_a_moment_ends_nothing() -> None:
    tellings = iter([OSError(24, "Too many open files")])

    def addresses() -> frozenset[str]:
        for problem in tellings:
            raise problem
        return frozenset({"192.0.2.1"})

    peers = WarmPeers(addresses=addresses)
    task = asyncio.create_task(peers.run())
    await asyncio.sleep(0)
    peers.moved()
    assert await ready(peers)
    await end(task)


async def test_without_a_prepared_peer_one_is_made() -> None:
    peer = await WarmPeers().take()
    assert peer.connection.local_candidates
    await peer.close()


async def test_a_peer_gathered_on_other_addresses_is_not_handed_out() -> None:
    addresses = [frozenset({"192.0.2.1"})]
    peers = WarmPeers(addresses=lambda: addresses[0])
    task = asyncio.create_task(peers.run())
    stale = await ready(peers)
    addresses[0] = frozenset({"192.0.2.9"})
    taken = await peers.take()
    assert taken is not stale
    assert stale.connection.local_candidates == []
    await taken.close()
    await end(task)


async def test_a_peer_gathered_without_the_server_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.ice.GATHER_LIMIT", 0.1)
    peers = WarmPeers()
    task = asyncio.create_task(peers.run())
    stale = await ready(peers)
    peers.use(IceServers(StunServer("127.0.0.1", 9)))
    taken = await peers.take()
    assert taken is not stale
    await taken.close()
    await end(task)


async def test_it_is_refreshed_while_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "REFRESH_SECONDS", 0.05)
    peers = WarmPeers()
    task = asyncio.create_task(peers.run())
    first = await ready(peers)
    await asyncio.sleep(0.2)
    assert await ready(peers) is not first
    await end(task)
    assert peers._ready is None


SILENT = StunServer("127.0.0.1", 9)
CREDENTIAL = Credential("name", "word")


def turn(name: str) -> tuple[TurnServer, Credential]:
    return TurnServer(name, 443, "tcp", tls=True), CREDENTIAL


class Probes:
    """In place of real TURN servers: which were tried, and which lets us in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tried: list[list[str]] = []
        self.open: str | None = None
        self.answer = asyncio.Event()
        self.answer.set()
        monkeypatch.setattr(warm, "first_that_allocates", self._probe)
        monkeypatch.setattr(warm, "REFRESH_SECONDS", 0.02)
        monkeypatch.setattr("media.ice.GATHER_LIMIT", 0.02)

    async def _probe(self, servers: IceServers) -> TurnServer | None:
        self.tried.append([server.host for server, _ in servers.turn])
        await self.answer.wait()
        return next((server for server, _ in servers.turn if server.host == self.open), None)


async def test_turn_servers_are_tried_once_and_only_where_udp_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    probes = Probes(monkeypatch)
    probes.open = "two.invalid"
    addresses = [frozenset({"192.0.2.1"})]
    peers = WarmPeers(IceServers(None, (turn("one.invalid"), turn("two.invalid"))), addresses=lambda: addresses[0])
    task = asyncio.create_task(peers.run())
    await asyncio.sleep(0.2)
    assert probes.tried == [] and peers.turn is None
    peers.use(IceServers(SILENT, (turn("one.invalid"), turn("two.invalid"))))
    await eventually(lambda: peers.turn == turn("two.invalid")[0])
    assert probes.tried == [["one.invalid", "two.invalid"]]
    peers.use(IceServers(SILENT, tuple((server, Credential("n", "w")) for server, _ in peers._servers.turn)))
    await asyncio.sleep(0.3)
    assert len(probes.tried) == 1, "fresh credentials change nothing"
    addresses[0] = frozenset({"192.0.2.9"})
    peers.moved()
    assert peers.turn is None
    await eventually(lambda: peers.turn == turn("two.invalid")[0])
    assert len(probes.tried) == 2
    await end(task)


async def test_who_comes_during_the_search_is_told_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    probes = Probes(monkeypatch)
    probes.open = "one.invalid"
    probes.answer.clear()
    peers = WarmPeers(IceServers(SILENT, (turn("one.invalid"),)))
    assert not peers.hopes_for_turn and await peers.found_turn() is None
    task = asyncio.create_task(peers.run())
    await eventually(lambda: peers.hopes_for_turn)
    assert peers.turn is None
    finding = asyncio.create_task(peers.found_turn())
    probes.answer.set()
    assert await finding == turn("one.invalid")[0]
    assert peers.hopes_for_turn
    await end(task)


async def test_a_turn_server_that_refuses_is_looked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    probes = Probes(monkeypatch)
    probes.open = "one.invalid"
    peers = WarmPeers(IceServers(SILENT, (turn("one.invalid"), turn("two.invalid"))))
    task = asyncio.create_task(peers.run())
    await eventually(lambda: peers.turn == turn("one.invalid")[0])
    probes.open = "two.invalid"
    peers.distrust(turn("two.invalid")[0])
    assert peers.turn == turn("one.invalid")[0]
    peers.distrust(turn("one.invalid")[0])
    assert peers.turn is None
    await eventually(lambda: peers.turn == turn("two.invalid")[0])
    await end(task)


async def test_servers_that_let_nobody_in_are_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    probes = Probes(monkeypatch)
    peers = WarmPeers(IceServers(SILENT, (turn("one.invalid"),)))
    task = asyncio.create_task(peers.run())
    await eventually(lambda: len(probes.tried) == 1)
    monkeypatch.setattr(warm, "TURN_RETRY_SECONDS", 0.0)
    probes.open = "one.invalid"
    await eventually(lambda: peers.turn == turn("one.invalid")[0])
    await end(task)


async def test_a_silent_stun_server_costs_no_more_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.ice.GATHER_LIMIT", 0.1)
    peers = WarmPeers(IceServers(StunServer("127.0.0.1", 9)))
    async with asyncio.timeout(3):
        peer = await peers.take()
    assert {candidate.type for candidate in peer.connection.local_candidates} == {"host"}
    await peer.close()


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".b"])
async def test_names_that_can_be_nobodys_cost_no_peer(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.ice.GATHER_LIMIT", 0.1)
    peers = WarmPeers(IceServers(StunServer(host, 3478), (turn(host),)))
    task = asyncio.create_task(peers.run())
    assert {candidate.type for candidate in (await ready(peers)).connection.local_candidates} == {"host"}
    assert not task.done()
    await eventually(lambda: not peers.hopes_for_turn)
    assert peers.turn is None
    await end(task)


async def test_only_the_servers_named_at_present_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "REFILL_DELAY", 0.0)
    peers = WarmPeers()
    task = asyncio.create_task(peers.run())
    await ready(peers)
    for number in range(1, 40):
        peers.use(IceServers(None, (turn(f"127.0.0.{number}"),)))
        await eventually(lambda host=f"127.0.0.{number}": host in peers._turn_hosts)  # type: ignore[misc]
    assert peers._turn_hosts == {"127.0.0.39": frozenset({"127.0.0.39"})}
    peers.use(IceServers())
    await eventually(lambda: peers._turn_hosts == {})
    await end(task)
