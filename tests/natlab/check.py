"""Does ICE connect camera and viewer (with STUN alone, if not said otherwise), and which way do their bytes go then?

Stock aioice on both sides, each in a thread of its own inside its host's network.
"""

import asyncio
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from aioice import Candidate, Connection

from tests.natlab.addresses import SERVER_4, STUN_PORT
from tests.natlab.lab import Lab
from tests.natlab.plan import CAMERA, VIEWER
from tests.natlab.probe import udp_passes

LIMIT_SECONDS = 4.0
"""aioice repeats a check after 0.5, 1.5 and 3.5 s. What those do not open, none does: the networks stay the same."""
PARTNER_SECONDS = 10.0
PACKETS, PACKET_BYTES = 100, 1000
PACE_SECONDS = 0.002
QUIET_SECONDS = 1.0
"""A stream has ended when nothing came for so long."""


@dataclass(frozen=True)
class Outcome:
    """`seconds`: until connected, candidates at hand; `way`: where most bytes that reached the viewer came from
    (`direct`, or a role of the server), None if nothing connected; `share`: how many of all; `packets`: of PACKETS,
    arrived at the viewer."""

    connected: bool
    seconds: float
    way: str | None = None
    share: float = 0.0
    packets: int = 0


@dataclass(frozen=True)
class _Description:
    username: str
    password: str
    candidates: list[Candidate]


async def _connect(own: Connection, mine: "Future[_Description]", theirs: "Future[_Description]") -> float | None:
    """Seconds until connected, None if it did not."""
    await own.gather_candidates()
    mine.set_result(_Description(own.local_username, own.local_password, own.local_candidates))
    other = await asyncio.wait_for(asyncio.wrap_future(theirs), PARTNER_SECONDS)
    own.remote_username, own.remote_password = other.username, other.password
    for candidate in [*other.candidates, None]:
        await own.add_remote_candidate(candidate)
    start = time.monotonic()
    try:
        await asyncio.wait_for(own.connect(), LIMIT_SECONDS)
    except (ConnectionError, TimeoutError):
        return None
    return time.monotonic() - start


async def _stream(own: Connection) -> int:
    """Sends like a camera, and counts what comes back."""

    async def send() -> None:
        for _ in range(PACKETS):
            await own.send(bytes(PACKET_BYTES))
            await asyncio.sleep(PACE_SECONDS)

    sending = asyncio.create_task(send())
    arrived = 0
    try:
        while arrived < PACKETS:
            await asyncio.wait_for(own.recv(), QUIET_SECONDS)
            arrived += 1
    except (ConnectionError, TimeoutError):
        pass
    await sending
    return arrived


async def _peer(
    own: Connection, mine: "Future[_Description]", theirs: "Future[_Description]"
) -> tuple[float | None, int]:
    try:
        seconds = await _connect(own, mine, theirs)
        return seconds, 0 if seconds is None else await _stream(own)
    finally:
        await own.close()


def _connection(name: str, addresses: list[str], turn: dict[str, Any]) -> Connection:
    """A STUN server that does not answer is left out: it would only cost aioice five seconds of gathering."""
    answers = bool(addresses) and udp_passes(addresses[0], 4, SERVER_4.stun)
    stun_server = (SERVER_4.stun, STUN_PORT) if answers else None
    return Connection(ice_controlling=name == CAMERA, stun_server=stun_server, **turn)


def check(lab: Lab, turn: dict[str, Any] | None = None) -> Outcome:
    """Tries it, in a laboratory of any pair. `turn`: arguments of aioice's Connection that name a TURN server."""
    descriptions: dict[str, Future[_Description]] = {CAMERA: Future(), VIEWER: Future()}
    lab.clear_counts()

    def peer(name: str, other: str) -> tuple[float | None, int]:
        own = _connection(name, lab.hosts[name].addresses.get(4, []), turn or {})
        return asyncio.run(_peer(own, descriptions[name], descriptions[other]))

    sides = [lab.camera.call(lambda: peer(CAMERA, VIEWER)), lab.viewer.call(lambda: peer(VIEWER, CAMERA))]
    (camera_seconds, _), (viewer_seconds, packets) = (side.result() for side in sides)
    if camera_seconds is None or viewer_seconds is None:
        return Outcome(False, LIMIT_SECONDS)
    arrived = lab.received(VIEWER)
    way = max(arrived, key=lambda name: arrived[name])
    return Outcome(True, max(camera_seconds, viewer_seconds), way, arrived[way] / sum(arrived.values()), packets)
