"""A camera that knows its owner: its own agent, real sessions and media. Its line to the server is the double's."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from camera_peer.agent import CameraAgent
from camera_peer.broadcast import Broadcast
from camera_peer.door import Door
from camera_peer.owner import OwnerFacts, owner_of
from camera_peer.parties import Line
from camera_peer.picture import Picture
from camera_peer.state import LastProblem, Pairing
from camera_peer.viewer_session import Sessions
from camera_peer.whereabouts import Change
from signaling.protocol.messages import RegisterResult
from signaling.protocol.trust import statement
from tests.benchmarks.clip import ClipSource

PAIRING = Pairing("camera", "https://server.example", "wss://server.example/api/signaling")


class CountedSessions(Sessions):
    """`offered`, `answered`: the sessions that an offer was made for, and those whose answer reached ICE."""

    def __init__(self, broadcast: Broadcast) -> None:
        super().__init__(broadcast)
        self.offered: set[str] = set()
        self.answered: set[str] = set()

    async def open(self, session_id: str, *made_from: Any, **how: Any) -> str:
        self.offered.add(session_id)
        return await super().open(session_id, *made_from, **how)

    async def answer(self, session_id: str, sdp: str, signed: str | None = None) -> None:
        await super().answer(session_id, sdp, signed)
        self.answered.add(session_id)


class Camera:
    """`ring`: its owner's. `wall`: its clock, in Unix seconds."""

    def __init__(
        self, clip: list[tuple[bytes, bool]], ring: Sequence[str], line: Line, wall: Callable[[], float]
    ) -> None:
        self.key = Ed25519PrivateKey.generate()
        owner = owner_of(self.name, OwnerFacts(tuple(ring)))
        door = Door(self.key, owner, random_bytes=os.urandom, wall=wall, monotonic=time.monotonic)
        self.broadcast = Broadcast(ClipSource(clip))
        self.sessions = CountedSessions(self.broadcast)
        self.agent = CameraAgent(
            self.sessions,
            lambda told: Picture(self.broadcast.run, told, random=random.random),
            lambda *_: line,
            lambda _: door,
            random=random.random,
            monotonic=time.monotonic,
            watch_network=_still,
        )

    @property
    def name(self) -> str:
        return statement.name_of(self.key)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Camera"]:
        task = asyncio.create_task(self.agent.run(PAIRING, _Moves()))
        await asyncio.sleep(0.1)
        await self.agent.connected(RegisterResult("camera"))
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait({task})


class _Moves:
    def registered(self) -> LastProblem | None:
        return None

    def lost(self) -> None: ...
    def learned(self, pins: tuple[str, ...]) -> None: ...

    def owned(self, owner: OwnerFacts) -> bool:
        return bool(owner.keyring)


async def _still(_: Callable[[Change], None]) -> None:
    await asyncio.Event().wait()
