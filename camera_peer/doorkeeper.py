"""The doorkeeper of a protected camera: does what its door (`camera_peer.door`) decides.

It hands out envelopes, ends sessions whose right has ended, turns the sender key, keeps what was learnt, and says aloud
when somebody stood between. Media is ended before anybody is told why.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from camera_peer.door import Door, Judgement
from camera_peer.owner import OwnerFacts
from camera_peer.problem import Problem
from camera_peer.visitors import Shown
from signaling.protocol.errors import Fault, Notice, ProtocolError
from signaling.protocol.trust.envelope import SenderKey
from signaling.protocol.trust.statement import Untrue

log = structlog.get_logger(__name__)

HAND_OUT_SECONDS = 0.4
"""For all envelopes of a new key; who loses a right is out within a second, whatever the socket does."""
ALARM_SECONDS = 60.0
"""Between two reports of a mismatch; the log has them all."""
NEWS = "the owner has changed who may watch how"


class Line(Protocol):
    """The connection to the server, as far as it is needed here."""

    @property
    def online(self) -> bool: ...
    async def envelope(self, session: str, text: str) -> bool: ...
    async def receipt(self, text: str) -> bool: ...
    async def error(self, session: str, code: int, message: str) -> bool: ...
    async def event(self, name: str, detail: str = "") -> bool: ...


class Lane(Protocol):
    """What goes to relays; `camera_peer.viewer_session.Sessions` has it."""

    @property
    def sealed_counter(self) -> int: ...
    def seal(self, key: SenderKey) -> None: ...


class Doorkeeper:
    """`end`: ends one of our own sessions, for a reason, and waits for no server. `keep`: keeps what is known of
    the owner, if it can. `monotonic`: seconds."""

    def __init__(
        self,
        door: Door,
        line: Line,
        lane: Lane,
        *,
        end: Callable[[str, str], Awaitable[None]],
        keep: Callable[[OwnerFacts], bool],
        monotonic: Callable[[], float],
    ) -> None:
        self._door, self._line, self._lane = door, line, lane
        self._end, self._keep = end, keep
        self._monotonic = monotonic
        self._turning = asyncio.Lock()
        self._alarm_at = float("-inf")
        self._uploads: set[str] = set()
        self._kept = keep(door.facts)
        lane.seal(door.key)

    def upload(self, session: str) -> bool:
        """A session with a relay begins. Whether it is sealed. Raises `ProtocolError`."""
        if session in self._uploads or self._door.knows(session):
            raise ProtocolError(Fault.BAD_REQUEST, "a session with this id exists")
        self._uploads.add(session)
        return self._door.sealing

    async def enter(self, session: str, shown: Shown | None) -> None:
        """A viewer that comes directly. Raises `ProtocolError`."""
        try:
            self._door.enter(session, shown)
        except Untrue as error:
            log.info("viewer_refused", session=session, reason=str(error))
            raise ProtocolError(Fault.NOT_TRUSTED, str(error)) from None
        finally:
            await self.settle()

    def sign(self, session: str, sdp: str) -> str | None:
        """The statement for our offer, if the other side is to have one. Raises `Untrue`."""
        return None if session in self._uploads else self._door.sign(session, sdp)

    def check(self, session: str, sdp: str, proof: str | None) -> str | None:
        """The one fingerprint that is to be believed of this answer; None where nobody signs. Raises `Untrue`."""
        return None if session in self._uploads else self._door.check(session, sdp, proof)

    def leave(self, session: str) -> None:
        """A session is over."""
        self._uploads.discard(session)
        self._door.leave(session)

    async def hello(self, session: str, shown: Shown | None) -> None:
        """A viewer of the relay's."""
        try:
            # Not while a key is turned: its counter is known only once it is in use.
            async with self._turning:
                letter = self._door.greet(session, shown, self._lane.sealed_counter)
        except Untrue as error:
            log.info("relay_viewer_refused", session=session, reason=str(error))
            await self._line.error(session, Fault.NOT_TRUSTED, str(error))
        else:
            if letter is not None:
                await self._line.envelope(session, letter)
        await self.settle()

    async def orders(self, keyring: Sequence[str], orders: str | None) -> None:
        """What the server says that the owner says."""
        try:
            self._door.order(keyring, orders)
        except Untrue as error:
            log.warning("orders_refused", reason=str(error))
        await self.settle()
        # What is forgotten at the next start was not taken: a server could keep it back. Each connection tries anew.
        self._kept = self._kept or self._keep(self._door.facts)
        if self._kept:
            await self._line.receipt(self._door.receipt())

    async def alarm(self, session: str, reason: str) -> None:
        """Somebody stood between us and a viewer."""
        log.warning("not_trusted", session=session, reason=reason)
        now = self._monotonic()
        if now - self._alarm_at >= ALARM_SECONDS:
            self._alarm_at = now
            await self._line.event(str(Problem.NOT_TRUSTED), reason)

    async def settle(self) -> None:
        """Act on what has changed, by news or by the clock."""
        async with self._turning:
            judgement = self._door.judge(online=self._line.online)
            if judgement.turn:
                await self._turn()
            elif judgement.learnt:
                self._kept = self._keep(self._door.facts)
            await asyncio.gather(*(self._end(session, reason) for session, reason in judgement.over.items()))
            begun = await self._switch() if judgement.switched else ()
        # A server that takes no more bytes must not keep the next one from being judged.
        try:
            async with asyncio.timeout(HAND_OUT_SECONDS):
                await self._tell(judgement, begun)
        except TimeoutError:
            log.warning("reasons_not_sent")

    async def _turn(self) -> None:
        """A new key: to those who stay first, and then it is in use."""
        key = self._door.turn()
        self._kept = self._keep(self._door.facts)
        await self._hand_out(0)
        self._lane.seal(key)
        log.info("sender_key_turned", epoch=key.epoch)

    async def _switch(self) -> Sequence[str]:
        """Sealing has begun or ended: the relay's uploads begin anew, and come again at once if somebody watches.
        Returns those that ended."""
        uploads = tuple(self._uploads)
        await asyncio.gather(*(self._end(session, NEWS) for session in uploads))
        if self._door.sealing:
            await self._hand_out(self._lane.sealed_counter)
        return uploads

    async def _hand_out(self, counter: int) -> None:
        try:
            async with asyncio.timeout(HAND_OUT_SECONDS):
                for session, letter in self._door.letters(counter).items():
                    await self._line.envelope(session, letter)
        except TimeoutError:
            log.warning("envelopes_not_sent")

    async def _tell(self, judgement: Judgement, begun: Sequence[str]) -> None:
        for session, reason in (*judgement.over.items(), *judgement.out.items()):
            await self._line.error(session, Fault.NOT_TRUSTED, reason)
        for session in (*begun, *judgement.again):
            await self._line.error(session, Notice.PEER_DISCONNECTED, NEWS)
        if judgement.withheld:
            await self.alarm("", "The server has not delivered what the owner ordered.")
