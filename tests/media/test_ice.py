"""The camera's ICE against stock aioice, on loopback sockets, with a network between that a test can bend."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aioice
import pytest
from aioice.ice import StunProtocol

from media import checks, nomination
from media.ice import GuardedConnection, gathered
from media.nomination import Way
from tests.patience import eventually

LIMIT = 5.0


@dataclass
class Net:
    """`drop`: whether a datagram of the camera to this port is lost now; `late`: seconds that it takes to another
    port. `sent`: ports, in order."""

    camera: GuardedConnection
    viewer: aioice.Connection
    drop: Callable[[int], bool] = lambda _: False
    late: dict[int, float] = field(default_factory=dict)
    sent: list[int] = field(default_factory=list)

    def send(self, data: bytes, address: tuple[str, int], onward: Callable[..., None]) -> None:
        self.sent.append(address[1])
        if self.drop(address[1]):
            return
        if address[1] in self.late:
            asyncio.get_running_loop().call_later(self.late[address[1]], onward, data, address)
        else:
            onward(data, address)

    async def meet(self, candidates: list[aioice.Candidate]) -> None:
        """Both check until the camera has nominated a pair."""
        for candidate in candidates:
            self.camera.add_candidate(candidate)
        self.viewer.remote_username, self.viewer.remote_password = (
            self.camera.local_username,
            self.camera.local_password,
        )
        async with asyncio.timeout(LIMIT):
            await self.camera.start(self.viewer.local_username, self.viewer.local_password)


def bend(net: Net, protocol: StunProtocol) -> None:
    inner = protocol.transport

    class Bent:
        def sendto(self, data: bytes, address: tuple[str, int]) -> None:
            net.send(data, address, inner.sendto)

        def __getattr__(self, name: str) -> Any:
            return getattr(inner, name)

    protocol.transport = Bent()


@asynccontextmanager
async def network() -> AsyncIterator[Net]:
    camera = await gathered(None)
    viewer = aioice.Connection(ice_controlling=False)
    await viewer.gather_candidates()
    net = Net(camera, viewer)
    for protocol in camera._protocols:
        bend(net, protocol)
    try:
        yield net
    finally:
        await camera.close()
        await viewer.close()


async def two_sockets(net: Net, kind: str = "relay") -> tuple[aioice.Candidate, aioice.Candidate]:
    """A direct candidate of the viewer, and another, less liked, that stands for one on a TURN server."""
    direct = net.viewer.local_candidates[0]
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: StunProtocol(net.viewer), local_addr=(direct.host, 0)
    )
    host, port = transport.get_extra_info("sockname")[:2]
    protocol.local_candidate = aioice.Candidate("turned", 1, "udp", 1000, host, port, kind, direct.host, direct.port)
    net.viewer._protocols.append(protocol)
    return direct, protocol.local_candidate


async def test_a_direct_pair_is_taken_though_the_turn_server_answers_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nomination, "HOLD_SECONDS", 1.0)
    async with network() as net:
        direct, turn = await two_sockets(net)
        lost = iter([True, True])
        net.drop = lambda port: port == direct.port and next(lost, False)
        await net.meet([turn, direct])
        assert net.camera.way is Way.DIRECT
        assert net.camera.remote_address()[1][1] == direct.port


async def test_the_media_moves_to_a_direct_pair_that_opens_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nomination, "HOLD_SECONDS", 0.0)
    async with network() as net:
        direct, turn = await two_sockets(net)
        closed = True
        net.drop = lambda port: port == direct.port and closed
        moved = asyncio.Event()
        net.camera.on_move = moved.set
        await net.meet([turn, direct])
        assert net.camera.way is Way.TURN
        closed = False
        async with asyncio.timeout(LIMIT):
            await moved.wait()
        assert net.camera.way is Way.DIRECT


async def test_an_address_of_a_turn_server_is_no_direct_way() -> None:
    async with network() as net:
        direct = net.viewer.local_candidates[0]
        net.camera.turn_hosts = frozenset({direct.host})
        net.camera.candidates_complete = True
        await net.meet([direct])
        assert net.camera.way is Way.TURN


async def test_a_check_of_the_peer_is_answered_with_one_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hole punching: our checks were lost, the peer's shows that the way is open, and no timer is waited for."""
    monkeypatch.setattr("media.check.repeat_after", lambda _: LIMIT * 2)
    async with network() as net:
        direct = net.viewer.local_candidates[0]
        lost = iter([True])
        net.drop = lambda _: next(lost, False)
        own = net.camera.local_candidates[0]
        net.viewer.remote_username, net.viewer.remote_password = net.camera.local_username, net.camera.local_password
        await net.viewer.add_remote_candidate(own)
        checking = asyncio.create_task(net.meet([direct]))
        await asyncio.sleep(0.05)
        assert net.sent == [direct.port]
        viewer = asyncio.create_task(net.viewer.connect())
        net.viewer.remote_username = net.camera.local_username
        await checking
        viewer.cancel()
        await asyncio.gather(viewer, return_exceptions=True)


async def test_a_better_pair_is_nothing_to_look_for_once_the_best_is_there() -> None:
    async with network() as net:
        direct, turn = await two_sockets(net)
        await net.meet([direct, turn])
        await eventually(lambda: not net.camera._checks)
        sent = len(net.sent)
        await asyncio.sleep(0.3)
        assert len(net.sent) == sent


async def test_a_pair_no_better_is_not_taken_but_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both pairs were nominated by their checks, and the peer followed the one that the camera did not choose."""
    monkeypatch.setattr("media.check.repeat_after", lambda _: LIMIT * 2)
    async with network() as net:
        chosen, other = await two_sockets(net, "host")
        net.late = {chosen.port: 0.05, other.port: 0.2}
        net.camera.on_move = pytest.fail
        await net.meet([chosen, other])
        assert net.camera.remote_address()[1][1] == chosen.port
        await eventually(lambda: not net.camera._checks)
        assert net.sent == [chosen.port, other.port, chosen.port], "the last nomination tells the choice"
        hello = bytes([22]) * 100
        own = next(c for c in net.camera.local_candidates if c.host == chosen.host)
        net.viewer._protocols[-1].transport.sendto(hello, (own.host, own.port))
        async with asyncio.timeout(LIMIT):
            assert await net.camera.recv() == hello


async def test_the_peer_answers_questions_and_a_dead_one_does_not() -> None:
    async with network() as net:
        await net.meet([net.viewer.local_candidates[0]])
        net.camera.heard_at = 0.0
        net.camera.ask()
        await eventually(lambda: net.camera.heard_at > 0)
        assert await net.camera.probe() is not None
        net.drop = lambda _: True
        net.camera.heard_at = 0.0
        for _ in range(200):
            net.camera.ask()
        await asyncio.sleep(0.05)
        assert net.camera.heard_at == 0
        assert len(net.camera._protocols[0].transactions) <= 64


async def test_nothing_runs_on_after_the_end() -> None:
    before = asyncio.all_tasks()
    async with network() as net:
        net.drop = lambda _: True
        starting = asyncio.create_task(net.camera.start(net.viewer.local_username, net.viewer.local_password))
        for candidate in net.viewer.local_candidates:
            net.camera.add_candidate(candidate)
        await asyncio.sleep(0.05)
        starting.cancel()
        await asyncio.wait({starting})
    await eventually(lambda: asyncio.all_tasks() == before)


async def test_a_peer_that_also_wants_to_control_does_not_win() -> None:
    async with network() as net:
        net.camera.switch_role(ice_controlling=True)
        assert net.camera._tie_breaker == checks.WINS_CONFLICTS == 2**64 - 1
