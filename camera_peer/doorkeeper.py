"""The doorkeeper of a protected camera: does what its door (`camera_peer.door`) decides.

It hands out envelopes, ends sessions whose right has ended, turns the sender key, keeps what was learnt, and says aloud
when somebody stood between. Media is ended before anybody is told why.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import structlog

from camera_peer.door import Door, Entrance, Judgement
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
    """`end`: ends one of our own sessions, for a reason, and waits for no server. `keep`: keeps what is known of the
    owner, if it can. `spawn`: goes on with some work for as long as the camera does. `monotonic`: seconds.

    What the server asks for it can break off at any point, by losing the connection. So what was decided is begun
    before anything is waited for, and goes on whoever waits.
    """

    def __init__(
        self,
        door: Door,
        line: Line,
        lane: Lane,
        *,
        end: Callable[[str, str], Coroutine[Any, Any, None]],
        keep: Callable[[OwnerFacts], bool],
        spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
        monotonic: Callable[[], float],
    ) -> None:
        self._door, self._line, self._lane = door, line, lane
        self._end, self._keep, self._spawn = end, keep, spawn
        self._monotonic = monotonic
        self._turning = asyncio.Lock()
        self._turn_due = False
        self._alarm_at = float("-inf")
        self._kept: OwnerFacts | None = None
        self._is_kept()
        lane.seal(door.key)

    def knows(self, session: str) -> bool:
        """Whether one of our own sessions may have this name."""
        return self._door.knows(session)

    def upload(self, session: str) -> Entrance:
        """A session with a relay begins. Raises `ProtocolError`."""
        try:
            return self._door.upload(session)
        except Untrue as error:
            raise ProtocolError(Fault.BAD_REQUEST, str(error)) from None

    async def enter(self, session: str, shown: Shown | None) -> Entrance:
        """A viewer that comes directly. Raises `ProtocolError`."""
        try:
            entrance = self._door.enter(session, shown)
        except Untrue as error:
            log.info("viewer_refused", session=session, reason=str(error))
            await self.settle()
            raise ProtocolError(Fault.NOT_TRUSTED, str(error)) from None
        try:
            await self.settle()
        except BaseException:
            self._door.release(entrance)
            raise
        return entrance

    def sign(self, entrance: Entrance, sdp: str) -> str | None:
        """The statement for our offer, if the other side is to have one. Raises `Untrue`."""
        return self._door.sign(entrance, sdp)

    def check(self, entrance: Entrance, sdp: str, proof: str | None) -> str | None:
        """The one fingerprint that is to be believed of this answer; None where nobody signs. Raises `Untrue`."""
        return self._door.check(entrance, sdp, proof)

    def release(self, entrance: Entrance) -> None:
        """It never came to a session."""
        self._door.release(entrance)

    def leave(self, session: str) -> None:
        """One of our own sessions is over."""
        self._door.leave(session)

    def gone(self, session: str) -> None:
        """A viewer of the relay's has left, as the server says."""
        self._door.gone(session)

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
        if self._is_kept():
            await self._line.receipt(self._door.receipt())

    async def alarm(self, session: str, reason: str) -> None:
        """Somebody stood between us and a viewer."""
        log.warning("not_trusted", session=session, reason=reason)
        now = self._monotonic()
        if now - self._alarm_at >= ALARM_SECONDS:
            self._alarm_at = now
            await self._line.event(str(Problem.NOT_TRUSTED), reason)

    async def settle(self) -> None:
        """Act on what has changed, by news or by the clock. Nothing of it is lost if nobody waits for it."""
        judgement = self._door.judge(online=self._line.online)
        self._turn_due = self._turn_due or judgement.turn
        over = [*judgement.over.items(), *((session, NEWS) for session in judgement.anew)]
        ending = [self._spawn(self._end(session, reason)) for session, reason in over]
        if judgement.learnt:
            self._is_kept()
        await asyncio.shield(self._spawn(self._carry_out(judgement, ending)))

    async def _carry_out(self, judgement: Judgement, ending: "Sequence[asyncio.Task[None]]") -> None:
        async with self._turning:
            if self._turn_due:
                await self._turn()
            elif judgement.tell:
                await self._hand_out(self._lane.sealed_counter)
        if ending:
            # Their pictures stop at once; to free what they had at a server may take it as long as it likes.
            await asyncio.wait(ending, timeout=HAND_OUT_SECONDS)
        # A server that takes no more bytes must not keep the next one from being judged.
        try:
            async with asyncio.timeout(HAND_OUT_SECONDS):
                await self._tell(judgement)
        except TimeoutError:
            log.warning("reasons_not_sent")

    async def _turn(self) -> None:
        """A new key: to those who stay first, and then it is in use."""
        self._turn_due = False
        key = self._door.turn()
        self._is_kept()
        try:
            await self._hand_out(0)
        finally:
            self._lane.seal(key)
        log.info("sender_key_turned", epoch=key.epoch)

    async def _hand_out(self, counter: int) -> None:
        try:
            async with asyncio.timeout(HAND_OUT_SECONDS):
                for session, letter in self._door.letters(counter).items():
                    await self._line.envelope(session, letter)
        except TimeoutError:
            log.warning("envelopes_not_sent")

    async def _tell(self, judgement: Judgement) -> None:
        for session, reason in (*judgement.over.items(), *judgement.out.items()):
            await self._line.error(session, Fault.NOT_TRUSTED, reason)
        for session in (*judgement.anew, *judgement.again):
            await self._line.error(session, Notice.PEER_DISCONNECTED, NEWS)
        if judgement.withheld:
            await self.alarm("", "The server has not delivered what the owner ordered.")

    def _is_kept(self) -> bool:
        """Whether all that is known of the owner is kept; tries to."""
        facts = self._door.facts
        if facts != self._kept and self._keep(facts):
            self._kept = facts
        return facts == self._kept
