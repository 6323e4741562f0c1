"""A paired camera at work: one connection to the server, one source, and a session for each viewer.

The socket only introduces viewers. Once a session's media flows it depends on nothing here but its lease: a lost
socket, a restarted server or a failing source end no session, and after a reconnect the server adopts what it is shown
tickets for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import structlog

from camera_peer.camera import IdentityRejected, Moves
from camera_peer.door import Door, Entrance, Over
from camera_peer.doorkeeper import Doorkeeper
from camera_peer.lifecycle import REJECTIONS_BEFORE_RESET
from camera_peer.network_watch import watch_network
from camera_peer.parties import Line, LineFactory, Viewers
from camera_peer.picture import Picture
from camera_peer.reports import Reports
from camera_peer.state import LastProblem, Pairing
from camera_peer.trust import successors, trust_of, tunnel_target
from camera_peer.viewer_session import TooManySessions, UnknownSession
from camera_peer.whereabouts import Change
from media.answer import BadAnswer
from media.leases import Leases
from media.offer import VIDEO_MID
from media.tunnel import TunnelTarget
from signaling.client import Rejected, SignalingError
from signaling.client_backoff import full_jitter
from signaling.protocol import messages
from signaling.protocol.errors import Fault, ProtocolError
from signaling.protocol.messages import (
    Candidate,
    DeviceConnectParams,
    DeviceExtendParams,
    RegisterResult,
)
from signaling.protocol.trust.statement import Untrue

log = structlog.get_logger(__name__)

RECONNECT_BASE_SECONDS = 0.5
"""The first retry comes within half a second: most often a server was just restarted."""
RECONNECT_CEILING_SECONDS = 30.0
REJECTED_BASE_SECONDS = 1.0
LEASE_LOOK_SECONDS = 0.5
"""How often leases and rights are looked at; one ends at most this much late."""


class CameraAgent:
    """`picture_of`: makes the supervisor of the source around the callback for its problems. `door_of`: makes the door
    of a camera whose owner has proven to be it; None for one that takes the server's word."""

    def __init__(
        self,
        sessions: Viewers,
        picture_of: Callable[[Callable[[str | None], None]], Picture],
        line_of: LineFactory,
        door_of: Callable[[Pairing], Door | None] = lambda _: None,
        *,
        random: Callable[[], float],
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        watch_network: Callable[[Callable[[Change], None]], Coroutine[Any, Any, None]] = watch_network,
    ) -> None:
        self._watch_network = watch_network
        self._sessions = sessions
        self._picture = picture_of(self._source_told)
        self._line_of = line_of
        self._door_of = door_of
        self._random = random
        self._monotonic = monotonic
        self._sleep = sleep
        self._reports = Reports(sleep)
        self._leases = Leases()
        self._tasks: set[asyncio.Task[None]] = set()
        self._line: Line | None = None
        self._doorkeeper: Doorkeeper | None = None
        self._moves: Moves | None = None
        self._pairing: Pairing | None = None
        self._online = False
        self._rejections = 0

    async def run(self, pairing: Pairing, moves: Moves) -> None:
        """Work until cancelled. Raises `IdentityRejected`."""
        self._moves = moves
        self._pairing = pairing
        self._online = False
        self._rejections = 0
        background = [
            asyncio.create_task(self._picture.run()),
            asyncio.create_task(self._sessions.run()),
            asyncio.create_task(self._end_leases()),
            asyncio.create_task(self._watch_network(self._changed)),
        ]
        serving = asyncio.create_task(self._serve(pairing, moves))
        try:
            await asyncio.wait({serving, *background}, return_when=asyncio.FIRST_COMPLETED)
            for task in (serving, *background):
                if task.done():
                    task.result()
        finally:
            for session in self._leases.sessions():
                self._leases.drop(session)
            await _end({serving, *background})
            await _end(self._tasks)
            self._line = self._doorkeeper = None

    async def _serve(self, pairing: Pairing, moves: Moves) -> None:
        """Stay connected. Raises `IdentityRejected` after as many rejections in a row as the lifecycle allows."""
        self._line = line = self._line_of(pairing, self, self._leases.tickets, self._backoff)
        door = self._door_of(pairing)
        if door is not None:
            self._doorkeeper = Doorkeeper(
                door,
                line,
                self._sessions,
                end=self._end_ours,
                keep=moves.owned,
                spawn=self._spawn,
                monotonic=self._monotonic,
            )
        while True:
            try:
                await line.run()
            except Rejected as rejected:
                self._rejections += 1
                log.warning(
                    "identity_rejected", times=self._rejections, limit=REJECTIONS_BEFORE_RESET, said=str(rejected)
                )
                if self._rejections >= REJECTIONS_BEFORE_RESET:
                    raise IdentityRejected from None
            await self._sleep(
                full_jitter(
                    self._rejections,
                    base=REJECTED_BASE_SECONDS,
                    ceiling=RECONNECT_CEILING_SECONDS,
                    random=self._random,
                )
            )

    def _backoff(self, attempt: int) -> float:
        return full_jitter(attempt, base=RECONNECT_BASE_SECONDS, ceiling=RECONNECT_CEILING_SECONDS, random=self._random)

    # --- what the server says (signaling.client.Handler) ---

    async def connected(self, registered: RegisterResult) -> None:
        """Registered: sessions that the server does not adopt are over."""
        self._rejections = 0
        self._online = True
        for session in self._leases.not_adopted(registered):
            self._spawn(self._end_ours(session, "the server did not take this session up again"))
        extra = registered.belvedere
        if extra is not None:
            self._sessions.use_ice_servers(extra.ice_servers)
            self._learn(extra.pins)
        self._report(self._moves.registered() if self._moves else None)

    def _learn(self, told: list[str]) -> None:
        """The server has named its keys, over a connection that was checked as the pairing says."""
        pins = successors(self._pairing.pins, told) if self._pairing is not None else None
        if pins is None or self._pairing is None or self._line is None or self._moves is None:
            return
        self._pairing = self._pairing.believing(pins)
        self._line.believe(trust_of(self._pairing))
        self._moves.learned(pins)

    async def disconnected(self) -> None:
        """Media goes on; only new viewers have to wait."""
        if self._online and self._moves:
            self._moves.lost()
        self._online = False

    async def connect(self, params: DeviceConnectParams) -> None:
        """A viewer wants to see: make the offer. Raises `ProtocolError`."""
        if self._reports.source_problem is not None:
            raise ProtocolError(Fault.CAMERA_UNAVAILABLE, f"the camera has no picture: {self._reports.source_problem}")
        if params.session in self._leases:
            # What was asked of the first must not be weakened by a second one of its name.
            raise ProtocolError(Fault.BAD_REQUEST, "a session with this id exists")
        relay = params.belvedere is not None and params.belvedere.via == "relay"
        entrance = await self._let_in(params, relay=relay)
        offer: str | None = None
        try:
            offer = await self._open(params, relay=relay, sealed=entrance is not None and entrance.sealed)
        finally:
            if offer is None and self._doorkeeper is not None and entrance is not None:
                self._doorkeeper.release(entrance)
        self._leases.accept(params.session, params, self._monotonic())
        self._spawn(self._invite(params.session, offer, entrance))

    async def candidate(self, session: str, candidate: Candidate) -> None:
        self._sessions.add_candidate(session, candidate.candidate)

    async def extend(self, params: DeviceExtendParams) -> None:
        """More time for a session. Raises `ProtocolError` for one that is over."""
        self._leases.extend(params, self._monotonic())

    async def close(self, session: str, reason: str) -> None:
        """The session is over, ours or a viewer's with the relay, and nobody has to be told."""
        if self._doorkeeper is not None:
            self._doorkeeper.gone(session)
        await self._end_ours(session, reason)

    async def hello(self, session: str, trust: messages.Trust | None) -> None:
        """A viewer of the relay's says who it is. A camera that does not know its owner takes the server's word."""
        if self._doorkeeper is not None:
            await self._doorkeeper.hello(session, trust)

    async def orders(self, keyring: Sequence[str], orders: str | None) -> None:
        """What the owner says, as the server has it."""
        if self._doorkeeper is not None:
            await self._doorkeeper.orders(keyring, orders)

    # --- sessions ---

    async def _open(self, params: DeviceConnectParams, *, relay: bool, sealed: bool) -> str:
        """The offer of a new session. Raises `ProtocolError`."""
        try:
            return await self._sessions.open(
                params.session,
                params.ice_servers,
                self._ended,
                found=self._found,
                relay=relay,
                sealed=sealed,
                tunnel=self._tunnel_of(params),
            )
        except TooManySessions as error:
            raise ProtocolError(Fault.TOO_MANY_REQUESTS, str(error)) from None
        except ValueError as error:
            raise ProtocolError(Fault.BAD_REQUEST, str(error)) from None

    async def _let_in(self, params: DeviceConnectParams, *, relay: bool) -> Entrance | None:
        """Raises `ProtocolError` for a viewer that our owner does not allow. None where the server's word is enough."""
        if self._doorkeeper is None:
            return None
        if relay:
            return self._doorkeeper.upload(params.session)
        shown = params.belvedere.trust if params.belvedere is not None else None
        return await self._doorkeeper.enter(params.session, shown)

    async def _invite(self, session: str, offer: str, entrance: Entrance | None) -> None:
        line = self._line
        if line is None:
            return
        try:
            await self._exchange(line, session, offer, entrance)
        except SignalingError as error:
            await self._end_ours(session, error.message)
        except BadAnswer as error:
            self._drop(session)
            log.warning("answer_refused", session=session, reason=str(error))
            await line.error(session, Fault.NOT_ACCEPTABLE, str(error))
        except UnknownSession:
            self._drop(session)
        except Untrue as error:
            await self._distrust(session, error)

    async def _exchange(self, line: Line, session: str, offer: str, entrance: Entrance | None) -> None:
        """Offer and answer, each signed where camera and viewer know each other; what is not reaches no transport."""
        keeper = self._doorkeeper
        proof = keeper.sign(entrance, offer) if keeper is not None and entrance is not None else None
        said = await line.invite(session, offer, proof)
        shown = said.belvedere.proof if said.belvedere is not None else None
        signed = keeper.check(entrance, said.answer, shown) if keeper is not None and entrance is not None else None
        await self._sessions.answer(session, said.answer, signed)

    async def _distrust(self, session: str, error: Untrue) -> None:
        """Somebody stands between us and the viewer, unless the session has ended meanwhile."""
        if session in self._leases and self._doorkeeper is not None:
            await self._dismiss(session, Fault.NOT_TRUSTED, str(error))
            if not isinstance(error, Over):
                await self._doorkeeper.alarm(session, str(error))

    async def _dismiss(self, session: str, code: int, reason: str) -> None:
        """End a session of ours, and tell the other side why."""
        await self._end_ours(session, reason)
        if self._line is not None:
            await self._line.error(session, code, reason)

    async def _end_ours(self, session: str, reason: str) -> None:
        if self._drop(session):
            log.info("session_closed", session=session, reason=reason)
        await self._sessions.close(session)

    def _drop(self, session: str) -> bool:
        """The session is over. False if there was none."""
        if self._doorkeeper is not None:
            self._doorkeeper.leave(session)
        return self._leases.drop(session)

    def _ended(self, session: str, reason: str) -> None:
        """A session ended by itself: the server may forget it."""
        if self._drop(session) and self._line is not None:
            self._spawn(_said(self._line.close_session(session, reason)))

    def _found(self, session: str, candidate: str) -> None:
        """A candidate that came after the offer."""
        if self._line is not None:
            self._spawn(_said(self._line.trickle(session, Candidate(candidate, sdp_mid=VIDEO_MID))))

    def _changed(self, change: Change) -> None:
        """The network did. A socket from an address that is gone would be noticed dead only after its heartbeat."""
        if change is Change.ROUTE and self._online:
            return
        log.info("network_changed", change=change.value)
        self._sessions.moved()
        if self._line is not None and (change is Change.MOVED or not self._online):
            self._line.reconnect(moved=change is Change.MOVED)

    def _tunnel_of(self, params: DeviceConnectParams) -> TunnelTarget | None:
        url = params.belvedere.tunnel if params.belvedere is not None else None
        return None if url is None or self._pairing is None else tunnel_target(url, self._pairing)

    async def _end_leases(self) -> None:
        while True:
            await asyncio.sleep(LEASE_LOOK_SECONDS)
            for session in self._leases.expired(self._monotonic()):
                self._spawn(self._expire(session))
            for session in self._sessions.running():
                if session not in self._leases or not self._may_run(session):
                    log.error("session_without_right", session=session)
                    self._spawn(self._end_ours(session, "nobody knows of this session"))
            if self._doorkeeper is not None:
                await self._doorkeeper.settle()

    async def _expire(self, session: str) -> None:
        reason = "the time for this session is over"
        await self._end_ours(session, reason)
        if self._line is not None:
            await self._line.close_session(session, reason)

    def _may_run(self, session: str) -> bool:
        """Whatever goes wrong elsewhere, what the door does not know ends here."""
        return self._doorkeeper is None or self._doorkeeper.knows(session)

    # --- problems ---

    def _source_told(self, sentence: str | None) -> None:
        self._reports.source_problem = sentence
        if self._online:
            self._report()

    def _report(self, earlier: LastProblem | None = None) -> None:
        if self._line is not None:
            self._spawn(self._reports.tell(self._line, earlier))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _said(sending: Awaitable[bool]) -> None:
    await sending


async def _end(tasks: "set[asyncio.Task[None]]") -> None:
    pending = set(tasks)
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending)
