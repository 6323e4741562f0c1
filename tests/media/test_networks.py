"""The camera's ICE through real NATs, with the real coturn beside: bytes counted in the network."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aioice
import pytest

from camera_peer.broadcast import Broadcast
from camera_peer.sources import open_source
from camera_peer.viewer_session import Sessions
from media.ice import GuardedConnection, gathered
from media.ice_servers import IceServers, StunServer, read_ice_servers
from media.turn import ALLOCATE_SECONDS, first_that_allocates
from signaling.protocol.messages import IceServer
from signaling.turn import credential
from tests.natlab import coturn
from tests.natlab.addresses import SERVER_4, STUN_PORT
from tests.natlab.lab import Lab
from tests.patience import eventually

pytestmark = pytest.mark.namespace

PACKETS, PACKET = 200, bytes(1000)
LIMIT = 10.0
STUN = StunServer(SERVER_4.stun, STUN_PORT)
DELAY_MS = 20
"""One way on each line. Without delay no way is slower than another, and nothing is to be seen."""


@dataclass(frozen=True)
class Description:
    username: str
    password: str
    candidates: list[aioice.Candidate]


@dataclass(frozen=True)
class Outcome:
    """`way`: where most bytes that reached the viewer came from. `seconds`: to the nomination. `ways`: all of them."""

    way: str
    seconds: float
    ways: dict[str, int]


def turn_urls(*urls: str) -> IceServers:
    name, password = credential(coturn.SECRET, "device", "camera", time.time())
    return read_ice_servers([IceServer(list(urls), name, password)])


def viewers_turn(transport: str) -> dict[str, Any]:
    name, password = credential(coturn.SECRET, "client", "viewer", time.time())
    return {
        "turn_server": (SERVER_4.turn, coturn.PORT),
        "turn_username": name,
        "turn_password": password,
        "turn_transport": transport,
    }


def told(connection: aioice.Connection) -> Description:
    return Description(connection.local_username, connection.local_password, connection.local_candidates)


async def camera_side(
    mine: "Future[Description]", theirs: "Future[Description]", servers: IceServers, seconds: float
) -> float:
    connection = await gathered(servers.stun, frozenset({SERVER_4.turn}))
    try:
        await allocated(connection, servers)
        mine.set_result(told(connection))
        other = await asyncio.wait_for(asyncio.wrap_future(theirs), LIMIT)
        for candidate in other.candidates:
            connection.add_candidate(candidate)
        began = time.monotonic()
        async with asyncio.timeout(LIMIT):
            await connection.start(other.username, other.password)
        taken = time.monotonic() - began
        await asyncio.sleep(seconds)
        for _ in range(PACKETS):
            await connection.send(PACKET)
            await asyncio.sleep(0.002)
        await asyncio.sleep(DELAY_MS / 1000 * 5)
        return taken
    finally:
        await connection.close()


async def allocated(connection: GuardedConnection, servers: IceServers) -> None:
    """As a camera does whose UDP does not get through."""
    if connection.stun_answered is not False:
        return
    usable = await first_that_allocates(servers)
    if usable is not None:
        allowed = servers.credential(usable)
        assert allowed is not None
        await connection.add_relayed(usable, allowed)


async def viewer_side(
    mine: "Future[Description]", theirs: "Future[Description]", turn: dict[str, Any], over: "Future[float]"
) -> None:
    connection = aioice.Connection(ice_controlling=False, stun_server=(STUN.host, STUN.port), **turn)
    try:
        await connection.gather_candidates()
        mine.set_result(told(connection))
        other = await asyncio.wait_for(asyncio.wrap_future(theirs), LIMIT)
        connection.remote_username, connection.remote_password = other.username, other.password
        for candidate in other.candidates:
            await connection.add_remote_candidate(candidate)
        connecting = asyncio.create_task(connection.connect())
        await asyncio.wrap_future(over)
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
    finally:
        await connection.close()


def meet(lab: Lab, servers: IceServers, turn: dict[str, Any], *, settle: float = 0.0) -> Outcome:
    """Both sides connect; then the camera streams. `settle`: seconds in between."""
    descriptions: tuple[Future[Description], Future[Description]] = (Future(), Future())
    over: Future[float] = Future()
    lab.clear_counts()
    viewer = lab.viewer.call(lambda: asyncio.run(viewer_side(descriptions[1], descriptions[0], turn, over)))
    camera = lab.camera.call(lambda: asyncio.run(camera_side(descriptions[0], descriptions[1], servers, settle)))
    try:
        seconds = camera.result(4 * LIMIT)
    finally:
        over.set_result(0.0)
    viewer.result(LIMIT)
    ways = lab.received("viewer")
    return Outcome(max(ways, key=lambda name: ways[name]), seconds, ways)


@contextmanager
def laboratory(camera: str, viewer: str, folder: Path) -> Iterator[Lab]:
    with Lab(camera, viewer, delay_ms=DELAY_MS) as lab, coturn.running(lab, folder / "coturn"):
        yield lab


@pytest.mark.parametrize("pair", [("port-restricted", "port-restricted"), ("carrier-grade", "port-remap")])
def test_a_direct_way_wins_over_turn_every_time(pair: tuple[str, str], tmp_path: Path) -> None:
    with laboratory(*pair, tmp_path) as lab:
        outcomes = [meet(lab, IceServers(STUN), viewers_turn("udp")) for _ in range(4)]
        assert [outcome.way for outcome in outcomes] == ["direct"] * 4, outcomes
        for outcome in outcomes:
            assert outcome.ways["direct"] > PACKETS * len(PACKET)
            assert outcome.ways.get("turn", 0) < 0.05 * outcome.ways["direct"]


def test_where_only_turn_is_left_it_is_taken_without_long_waiting(tmp_path: Path) -> None:
    with laboratory("symmetric", "symmetric", tmp_path) as lab:
        outcome = meet(lab, IceServers(STUN), viewers_turn("udp"))
        assert outcome.way == "turn"
        assert outcome.seconds < 1.5, "the way through the server takes 0.16 s, the hold 0.34 s"


def held() -> str:
    """Connections of this host to the TURN server."""
    words = ["ss", "-Htn", "state", "established", f"dst {SERVER_4.turn}"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


async def tell_later(urls: tuple[str, ...], *, known: bool) -> tuple[str, list[str]]:
    """The offer of a whole camera, and what it trickles after it. `known`: it has found the server that lets it in
    before, and is not still looking for it."""
    told: asyncio.Queue[str] = asyncio.Queue()
    name, password = credential(coturn.SECRET, "device", "camera", time.time())
    servers = [IceServer([f"stun:{STUN.host}:{STUN.port}"]), IceServer(list(urls), name, password)]
    sessions = Sessions(Broadcast(open_source("test")))
    sessions.use_ice_servers(servers)
    running = asyncio.create_task(sessions.run())
    try:
        async with asyncio.timeout(LIMIT):
            await eventually(lambda: sessions._warm.hopes_for_turn, LIMIT)
            if known:
                await eventually(lambda: sessions._warm.turn is not None, LIMIT)
                await eventually(lambda: not held(), LIMIT)
            offer = await sessions.open("s", servers, lambda *_: None, found=lambda _, text: told.put_nowait(text))
            trickled = [await told.get(), await told.get()]
            assert held()
            return offer, trickled
    finally:
        running.cancel()
        await asyncio.wait({running})


@pytest.mark.parametrize("known", [True, False])
def test_a_relayed_candidate_is_told_after_the_offer_and_none_is_held_before(known: bool, tmp_path: Path) -> None:
    urls = (f"turn:{SERVER_4.turn}:{coturn.PORT}?transport=tcp",)
    with laboratory("udp-blocked", "none", tmp_path) as lab:
        offer, trickled = lab.camera.call(lambda: asyncio.run(tell_later(urls, known=known))).result(2 * LIMIT)
        assert "a=end-of-candidates" not in offer and SERVER_4.turn not in offer
        assert trickled[0].startswith("candidate:") and f" {SERVER_4.turn} " in trickled[0]
        assert trickled[1] == ""


def test_silent_servers_hold_up_nobody(tmp_path: Path) -> None:
    urls = (f"turn:{SERVER_4.turn}:{coturn.PORT}?transport=tcp", f"turn:{SERVER_4.turn}:443?transport=tcp")
    with laboratory("only-tcp-443", "none", tmp_path) as lab:
        began = time.monotonic()
        found = lab.camera.call(lambda: asyncio.run(first_that_allocates(turn_urls(*urls)))).result(2 * LIMIT)
        assert found is not None and found.port == 443
        assert time.monotonic() - began < ALLOCATE_SECONDS, "the first URL is silent for as long as it may be"


def test_a_camera_without_udp_allocates_over_tcp(tmp_path: Path) -> None:
    urls = (f"turn:{SERVER_4.turn}:{coturn.PORT}", f"turn:{SERVER_4.turn}:{coturn.PORT}?transport=tcp")
    with laboratory("udp-blocked", "port-restricted", tmp_path) as lab:
        servers = IceServers(STUN, turn_urls(*urls).turn)
        outcome = meet(lab, servers, viewers_turn("udp"))
        assert outcome.way == "turn"
        assert lab.bytes_between("camera", "turn") > PACKETS * len(PACKET)
        protocols = {flow.protocol for flow in lab.camera.flows() if flow.remote == SERVER_4.turn and flow.received}
        assert protocols == {"tcp"}
