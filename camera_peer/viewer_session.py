"""The camera's sessions: one sending peer for each viewer, from offer to goodbye."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from camera_peer.broadcast import Broadcast
from camera_peer.viewer import ConnectedViewer
from media.answer import Answer, BadAnswer, read_answer
from media.ice_servers import Credential, IceServers, TurnServer, read_ice_servers
from media.liveness import Liveness, Sign
from media.peer import DtlsFailed, SendingPeer
from media.tunnel import TunnelTarget
from media.turn import FAILURES
from media.warm import WarmPeers
from signaling.protocol.messages import IceServer
from signaling.protocol.trust.envelope import SenderKey
from signaling.protocol.trust.statement import Untrue

log = structlog.get_logger(__name__)

MAX_SESSIONS = 64
"""Viewers of one camera: 64 times 2 Mbit/s is more than a camera's uplink carries."""
ANSWER_LIMIT = 30.0
"""Seconds an offer stays open without an answer."""

Allocation = tuple[TurnServer, Credential]
"""A TURN server that lets us in, and what it wants to see."""
Allocating = Callable[[], Awaitable[Allocation | None]]
"""Waits until one is known, or known to be missing."""

Closed = Callable[[str, str], None]
"""Called with session id and reason when a session ends by itself, once."""
Found = Callable[[str, str], None]
"""Called with session id and one more candidate for the viewer, at the end an empty one."""


class TooManySessions(Exception):
    """The camera serves as many viewers as it can."""


class UnknownSession(Exception):
    """No such session: it has ended, or never was."""


class ViewerSession:
    """One viewer: offered, then connecting, then connected, then closed. `relay`: it is one; `sealed`: it gets sealed
    frames, or none; `tunnel`: of a relay. `allocating`: where a candidate on a TURN server is to be added."""

    def __init__(
        self,
        session_id: str,
        peer: SendingPeer,
        broadcast: Broadcast,
        *,
        relay: bool = False,
        sealed: bool = False,
        tunnel: TunnelTarget | None = None,
        allocating: Allocating | None = None,
    ) -> None:
        self.id = session_id
        self._relay = relay
        self._sealed = sealed
        self._tunnel = tunnel
        self._allocating = allocating
        self._peer = peer
        self._broadcast = broadcast
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._viewer: ConnectedViewer | None = None
        self._offered = (broadcast.video_codec, broadcast.audio_codec)

    @property
    def viewer(self) -> ConnectedViewer | None:
        """The media side, once connected."""
        return self._viewer

    def offer(self) -> str:
        """The SDP to send."""
        video, audio = self._offered
        return self._peer.offer(video, self._broadcast.profiles(), audio, complete=self._allocating is None)

    def answer(self, sdp: str, signed: str | None = None) -> None:
        """Take the viewer's answer; a second one is ignored. `signed`: the one fingerprint that it may have
        (`trust.session.fingerprint_of`), None where nobody signed. Raises `BadAnswer` or `Untrue`."""
        answer = read_answer(sdp, *self._offered)
        if signed is not None and {f"{name} {value.upper()}" for name, value in answer.fingerprints} != {signed}:
            raise Untrue("this answer hides another certificate than the signed one")
        if not self._answer.done():
            self._answer.set_result(answer)

    def add_candidate(self, candidate: str | None) -> None:
        """Take one candidate, or None for the end of them; one that is malformed or of no use is dropped.

        The end fails no session: a browser whose candidates are all `.local`, and so dropped here, still reaches us by
        its own checks.
        """
        try:
            self._peer.add_candidate(candidate or "")
        except ValueError as error:
            log.info("candidate_dropped", session=self.id, error=str(error))

    async def allocate(self, found: Found) -> TurnServer | None:
        """Tell the viewer a candidate on our TURN server, if there is to be one, and the end of candidates. Returns a
        server that did not let us in."""
        if self._allocating is None:
            return None
        allocation = await self._allocating()
        refused: TurnServer | None = None
        try:
            if allocation is not None:
                found(self.id, await self._peer.allocate(*allocation))
        except FAILURES as error:
            refused = allocation[0] if allocation is not None else None
            log.info("turn_not_allocated", session=self.id, problem=str(error) or type(error).__name__)
        found(self.id, "")
        return refused

    async def run(self) -> str:
        """The session's life; returns the reason of its end. Cancelling it closes it too."""
        try:
            async with asyncio.timeout(ANSWER_LIMIT):
                answer = await self._answer
        except TimeoutError:
            return "the viewer did not answer"
        for candidate in answer.candidates:
            self.add_candidate(candidate)
        try:
            await self._peer.connect(answer, self._tunnel)
        except (ConnectionError, DtlsFailed) as error:
            return str(error)
        way = self._peer.connection.way
        log.info("viewer_connected", session=self.id, way=way.name.lower() if way is not None else "none")
        self._viewer = ConnectedViewer(
            self._peer, answer, self._broadcast, self._offered, relay=self._relay, sealed=self._sealed
        )
        self._viewer.start()
        return await self._watch()

    async def close(self) -> None:
        """Leave the broadcast and free the transports."""
        if self._viewer is not None:
            self._viewer.stop()
            self._viewer = None
        await self._peer.close()

    async def _watch(self) -> str:
        loop = asyncio.get_running_loop()
        dtls, connection = self._peer.dtls, self._peer.connection
        liveness = Liveness(loop.time())
        while True:
            sign, again = liveness.look(max(dtls.heard_at, connection.heard_at), loop.time())
            if sign is Sign.GONE:
                return "the viewer fell silent"
            if sign is Sign.ASK:
                connection.ask()
            try:
                async with asyncio.timeout_at(again):
                    await dtls.ended.wait()
            except TimeoutError:
                continue
            return "the viewer left"


def _drop(_session: str, _candidate: str) -> None:
    """For who trickles nothing."""


class Sessions:
    """All sessions of one broadcast, and the warm peer that makes the next one quick."""

    def __init__(self, broadcast: Broadcast, *, limit: int = MAX_SESSIONS) -> None:
        self._broadcast = broadcast
        self._warm = WarmPeers()
        self._limit = limit
        self._sessions: dict[str, ViewerSession] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._opening: set[str] = set()

    def __len__(self) -> int:
        return len(self._sessions)

    def packets_sent(self) -> int:
        """RTP packets sent to the viewers connected now."""
        return sum(session.viewer.packets_sent for session in self._sessions.values() if session.viewer is not None)

    def running(self) -> list[str]:
        """Ids of those that are not being closed."""
        return list(self._sessions)

    @property
    def sealed_counter(self) -> int:
        """Of the next frame that is sealed under the present key."""
        return self._broadcast.sealed_counter

    def seal(self, key: SenderKey) -> None:
        """From now on what goes to relays is sealed with this key."""
        self._broadcast.seal(key)

    def use_ice_servers(self, ice_servers: Sequence[IceServer]) -> None:
        """What `register` told: the warm peer gathers with these."""
        self._warm.use(read_ice_servers(ice_servers))

    def moved(self) -> None:
        """Our addresses have changed. What flows goes on as long as it can."""
        self._warm.moved()
        self._broadcast.moved()

    async def run(self) -> None:
        """Keep the warm peer fresh until cancelled, then close everything."""
        try:
            await self._warm.run()
        finally:
            await asyncio.gather(*(self.close(session_id) for session_id in list(self._tasks)))

    async def open(
        self,
        session_id: str,
        ice_servers: Sequence[IceServer],
        closed: Closed,
        *,
        found: Found = _drop,
        relay: bool = False,
        sealed: bool = False,
        tunnel: TunnelTarget | None = None,
    ) -> str:
        """Make a session; returns its offer SDP. Raises `TooManySessions`, and `ValueError` for an id in use.

        `ice_servers`: as `connect` brought them. `relay`: the other side is one; `sealed`: it gets sealed frames, or
        none; `tunnel`: its WebSocket, if it has one. TURN is for a camera whose UDP does not go through; the viewer's
        side of it is enough for all others.
        """
        if session_id in self._tasks or session_id in self._opening:
            raise ValueError("a session with this id exists")
        if len(self._tasks) + len(self._opening) >= self._limit:
            raise TooManySessions("the camera has as many viewers as it can serve")
        servers = read_ice_servers(ice_servers)
        self._warm.use(servers)
        self._opening.add(session_id)
        try:
            peer = await self._warm.take()
        finally:
            self._opening.discard(session_id)
        if relay:
            # On a small installation it stands beside the TURN server, at the same address.
            peer.connection.turn_hosts = frozenset()
        turns = self._warm.hopes_for_turn and tunnel is None and peer.connection.stun_answered is False
        allocating = partial(self._allocation, servers) if turns else None
        session = ViewerSession(
            session_id,
            peer,
            self._broadcast,
            relay=relay,
            sealed=sealed,
            tunnel=tunnel,
            allocating=allocating,
        )
        self._sessions[session_id] = session
        self._tasks[session_id] = asyncio.create_task(self._live(session, closed, found))
        return session.offer()

    async def answer(self, session_id: str, sdp: str, signed: str | None = None) -> None:
        """The viewer's answer (`ViewerSession.answer`). Raises `BadAnswer` or `Untrue` (and ends the session) or
        `UnknownSession`."""
        session = self._sessions.get(session_id)
        if session is None:
            raise UnknownSession("this session has ended")
        try:
            session.answer(sdp, signed)
        except (BadAnswer, Untrue):
            await self.close(session_id)
            raise

    def add_candidate(self, session_id: str, candidate: str | None) -> None:
        """`candidate` of an RTCIceCandidateInit, also before the answer; none or an empty one is the end of candidates.
        Malformed or useless ones are dropped, and so are those of a session that has ended."""
        session = self._sessions.get(session_id)
        if session is not None:
            session.add_candidate(candidate)

    async def close(self, session_id: str) -> None:
        """End a session; `closed` is not called. An unknown one is ignored."""
        session, task = self._sessions.get(session_id), self._tasks.get(session_id)
        if task is None:
            return
        if session is not None:
            task.cancel()
        await asyncio.wait({task})
        if session is not None:
            await self._free(session)  # of a task that was cancelled before it began

    async def _live(self, session: ViewerSession, closed: Closed, found: Found) -> None:
        allocating = asyncio.create_task(self._allocate(session, found))
        try:
            reason = await session.run()
        except Exception:
            log.exception("viewer_session_failed", session=session.id)
            reason = "an internal error ended the session"
        finally:
            allocating.cancel()
            await self._free(session)
        log.info("viewer_session_ended", session=session.id, reason=reason)
        closed(session.id, reason)

    async def _allocation(self, servers: IceServers) -> Allocation | None:
        turn = await self._warm.found_turn()
        credential = servers.credential(turn) if turn is not None else None
        return (turn, credential) if turn is not None and credential is not None else None

    async def _allocate(self, session: ViewerSession, found: Found) -> None:
        refused = await session.allocate(found)
        if refused is not None:
            self._warm.distrust(refused)

    async def _free(self, session: ViewerSession) -> None:
        """Once. Until all of it is closed nobody else gets its name: whoever is told of its end means this one."""
        if self._sessions.get(session.id) is not session:
            return
        del self._sessions[session.id]
        try:
            await session.close()
        finally:
            self._tasks.pop(session.id, None)
