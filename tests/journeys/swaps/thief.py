"""Who owns the server: he has keys, a keyring, a camera and viewers of his own, but nobody else's keys."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from camera_peer.broadcast import Broadcast
from camera_peer.viewer_session import Sessions
from media.frames import EncodedFrame
from media.sealed_frames import sealed
from media.sframe import sealer
from signaling.protocol.trust import envelope, statement
from signaling.protocol.trust.envelope import SENDER_KEY_BYTES, SenderKey
from signaling.protocol.trust.session import HELLO, Hello
from tests.benchmarks.clip import ClipSource
from tests.benchmarks.light_client import LightViewer
from tests.trust_viewer import Installation

SENDER = SenderKey(99, bytes(SENDER_KEY_BYTES))
"""Of his own frames."""


class Thief:
    """`frames`: his pictures as the relay would pass them on: plain, and sealed with his own key."""

    def __init__(self, clip: list[tuple[bytes, bool]]) -> None:
        self.phone = Installation.first()
        ours = sealer(SENDER.epoch, SENDER.secret)
        pictures = [EncodedFrame("h264", data, 0, key, 0.0) for data, key in clip[:30]]
        self.frames = [data for data, _ in clip[:30]] + [sealed(picture, ours).data for picture in pictures]
        self._broadcast = Broadcast(ClipSource(clip))
        self._sessions = Sessions(self._broadcast)
        self._numbers = itertools.count()
        self._viewers: list[LightViewer] = []

    @property
    def packets(self) -> int:
        """Of media that he got from somebody else's camera."""
        return sum(viewer.packets for viewer in self._viewers)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Thief"]:
        tasks = {asyncio.create_task(self._broadcast.run()), asyncio.create_task(self._sessions.run())}
        await asyncio.sleep(0.1)
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self.rest()

    async def offer(self) -> tuple[str, str]:
        """Of his own camera, and the name of that session."""
        name = f"t{next(self._numbers)}"
        return name, await self._sessions.open(name, [], lambda *_: None)

    async def pose(self, name: str, answer: str) -> None:
        """His camera hears what a viewer has answered."""
        await self._sessions.answer(name, answer)

    async def answer(self, offer: str) -> str:
        """As a viewer of somebody else's camera."""
        viewer = LightViewer()
        self._viewers.append(viewer)
        return await viewer.answer(offer)

    async def rest(self, name: str | None = None) -> None:
        """A session is over: nothing of his runs on."""
        if name is not None:
            await self._sessions.close(name)
        for viewer in self._viewers:
            await viewer.close()
        self._viewers.clear()

    def letter(self, hello: str) -> str:
        """An envelope of his own for this hello."""
        heard = statement.read(hello, HELLO, Hello)
        return envelope.seal(self.phone.key, heard, X25519PrivateKey.generate(), SENDER, 0, 0)
