"""A viewer that proves who it is and shows only what its camera has signed or sealed; for journeys and hostile servers.

    phone = Installation.first()
    viewer = TrustViewer(peer, phone, camera_id, camera_key)
    await viewer.watch("direct")                # raises `Untrue`: then nothing was, and nothing will be, shown
    await viewer.until_shown(30)

A frame is shown when a browser with the same checks would show it: directly, after the camera's signature over its
certificate was good; over the relay, when its seal opens, or after the camera's signed word that there is none.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import envelope, keyring, session, statement
from signaling.protocol.trust.plain import check_plain
from signaling.protocol.trust.session import HELLO, Hello
from signaling.protocol.trust.statement import Key, Untrue
from tests.frame_viewer import FrameViewer
from tests.journeys.relay_viewer import until
from tests.media.opener import Opener
from tests.signaling.viewer_client import WAIT_SECONDS, Fault, Json, WirePeer

HELD_FRAMES = 300
"""That wait for their key."""
NONCE_BYTES = 16
Way = Literal["direct", "relay"]
Privacy = Literal["signed", "sealed", "standard"]


@dataclass
class Installation:
    """One browser: its key, the chain of its account's keyring, and a guest's grant with its acceptance."""

    key: Ed25519PrivateKey
    ring: list[str]
    chain: list[str] = field(default_factory=list)

    @classmethod
    def first(cls) -> "Installation":
        """The one that begins a keyring."""
        key = Ed25519PrivateKey.generate()
        return cls(key, [keyring.begin(key, int(time.time()))])

    @property
    def name(self) -> Key:
        return statement.name_of(self.key)

    @property
    def ring_name(self) -> Key:
        return statement.digest(self.ring[0])

    def with_keys(self, *keys: Key) -> list[str]:
        """The keyring after this installation has signed that these belong; ours from now on."""
        following = keyring.change(self.key, keyring.follow(self.ring), keys, int(time.time()))
        self.ring = [*self.ring, following]
        return self.ring

    def hello(self, camera: Key, exchange: X25519PrivateKey, seen: int = -1) -> str:
        """To this camera. `seen`: number of the newest orders."""
        public = encode_bytes(exchange.public_key().public_bytes_raw())
        nonce = encode_bytes(Ed25519PrivateKey.generate().private_bytes_raw()[:NONCE_BYTES])
        return statement.sign(self.key, HELLO, Hello(camera, self.ring_name, nonce, public, int(time.time()), seen))


class TrustViewer(FrameViewer):
    """`shown`: frames. `privacy`: what kind; None while nothing is believed. `untrue`: sealed frames that did not open.
    `session`: its id."""

    def __init__(self, wire: WirePeer, who: Installation, camera: str, key: Key) -> None:
        super().__init__()
        self.wire, self.who, self.camera, self.key = wire, who, camera, key
        self.session = ""
        self.shown = self.untrue = 0
        self.privacy: Privacy | None = None
        self.epochs: list[int] = []
        self._exchange = X25519PrivateKey.generate()
        self.hello = who.hello(key, self._exchange)
        self._keys: dict[int, bytes] = {}
        self._held: deque[bytes] = deque(maxlen=HELD_FRAMES)
        self._listening: asyncio.Task[None] | None = None

    def trust(self) -> Json:
        """What it shows of itself."""
        return {"hello": self.hello, "keyring": self.who.ring, "chain": self.who.chain}

    async def watch(self, via: Way, **other: Any) -> None:
        """Ask for this way, check what comes, answer. Raises `Untrue`, or the `Fault` of server or camera."""
        wish = {"via": via, "trust": self.trust()} | other
        result = await self.wire.request("connect", peer=self.camera, belvedere=wish)
        self.session = result["session"]
        self._listening = asyncio.create_task(self._listen())
        invite = await self.wire.about(self.session, "invite", "error")
        if invite["method"] == "error":
            raise _fault(invite)
        if via == "relay":
            await self.wire.reply(invite, answer=await self.answer(invite["params"]["offer"]))
        else:
            await self._answer_signed(invite)

    async def _answer_signed(self, invite: Json) -> None:
        offer, extra = invite["params"]["offer"], invite["params"].get("belvedere") or {}
        offered = session.check_offer(extra.get("proof") or "", self.hello, self.key, self.session, offer)
        answer = await self.answer(offer)
        self.privacy = "signed"
        proof = session.answer(self.who.key, offered, answer, int(time.time()))
        await self.wire.reply(invite, answer=answer, belvedere={"proof": proof})

    async def refusal(self) -> Fault:
        """The `error` that ends this session."""
        return _fault(await self.wire.about(self.session, "error"))

    async def refused(self, via: Way) -> Fault:
        """How watching this way is refused, before the answer or after it."""
        try:
            await self.watch(via)
        except Fault as fault:
            return fault
        return await self.refusal()

    async def until_shown(self, frames: int, seconds: float = WAIT_SECONDS) -> None:
        """So many more than now."""
        wanted = self.shown + frames
        await until(lambda: self.shown >= wanted, f"{frames} more frames, of which {self.shown} were shown", seconds)

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        await super().close()

    async def _listen(self) -> None:
        while True:
            message = await self.wire.about(self.session, "belvedere.envelope", seconds=None)
            self._open(message["params"]["envelope"])

    def _open(self, text: str) -> None:
        """An envelope, or the camera's word that it seals nothing; what is neither changes nothing."""
        try:
            if not self._keys and _is_plain(text, self.key, self.hello):
                self.privacy = "standard"
                return
            key, _ = envelope.open_(text, self.key, self.hello, self._exchange)
        except Untrue:
            return
        self._keys[key.epoch], self.privacy = key.secret, "sealed"
        self.epochs.append(key.epoch)
        held, self._held = self._held, deque(maxlen=HELD_FRAMES)
        for frame in held:
            self.take_frame(frame)

    def take_frame(self, frame: bytes) -> None:
        if self.privacy in ("signed", "standard"):
            self.shown += 1
            return
        opener = Opener(self._keys)
        try:
            opener.open_h264(frame)
            self.shown += bool(opener.counters)
        except InvalidTag:
            self.untrue += 1
        except (ValueError, IndexError):
            self._held.append(frame)


def _fault(error: Json) -> Fault:
    return Fault(error["params"]["code"], error["params"]["message"])


def _is_plain(text: str, camera: Key, hello: str) -> bool:
    try:
        check_plain(text, camera, hello)
    except Untrue:
        return False
    return True
