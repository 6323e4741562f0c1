"""The camera's sessions: one sending peer for each viewer, from offer to goodbye."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from camera_peer.broadcast import Broadcast
from camera_peer.viewer import ConnectedViewer
from media.answer import Answer, BadAnswer, read_answer
from media.peer import DtlsFailed, SendingPeer, StunServer
from media.warm import WarmPeers
from signaling.protocol.messages import IceServer

log = structlog.get_logger(__name__)

Closed = Callable[[str, str], None]
"""Called with session id and reason when a session ends by itself, once."""

MAX_SESSIONS = 64
"""Viewers of one camera: 64 times 2 Mbit/s is more than a camera's uplink carries."""
ANSWER_LIMIT = 30.0
"""Seconds an offer stays open without an answer."""
CONNECT_LIMIT = 15.0
"""Seconds for ICE and DTLS together; Chromium gives up after 15 s as well."""
SILENCE_LIMIT = 10.0
"""Seconds without RTCP or a connectivity check from the viewer; browsers send one or the other every 1 to 3 s."""


class TooManySessions(Exception):
    """The camera serves as many viewers as it can."""


class UnknownSession(Exception):
    """No such session: it has ended, or never was."""


class ViewerSession:
    """One viewer: offered, then connecting, then connected, then closed."""

    def __init__(self, session_id: str, peer: SendingPeer, broadcast: Broadcast) -> None:
        self.id = session_id
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
        return self._peer.offer(video, self._broadcast.profiles(), audio)

    def answer(self, sdp: str) -> None:
        """Take the viewer's answer. Raises `BadAnswer`; a second answer is ignored."""
        answer = read_answer(sdp, *self._offered)
        if not self._answer.done():
            self._answer.set_result(answer)

    def add_candidate(self, candidate: str | None) -> None:
        """Take one candidate; one that is malformed or of no use is dropped.

        None, the end of candidates, is not passed on to ICE: a browser whose candidates are all `.local`, and so
        dropped here, still reaches us by its own checks. `CONNECT_LIMIT` ends what never connects.
        """
        if candidate is None:
            return
        try:
            self._peer.add_candidate(candidate)
        except ValueError as error:
            log.info("candidate_dropped", session=self.id, error=str(error))

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
            async with asyncio.timeout(CONNECT_LIMIT):
                await self._peer.connect(answer)
        except TimeoutError:
            return "no way to the viewer was found in time"
        except (ConnectionError, DtlsFailed) as error:
            return str(error)
        log.info("viewer_connected", session=self.id)
        self._viewer = ConnectedViewer(self._peer, answer, self._broadcast, self._offered)
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
        ended = self._peer.dtls.ended
        while True:
            silent_at = max(self._peer.dtls.heard_at, self._peer.connection.heard_at) + SILENCE_LIMIT
            if loop.time() >= silent_at:
                return "the viewer fell silent"
            try:
                async with asyncio.timeout_at(silent_at):
                    await ended.wait()
            except TimeoutError:
                continue
            return "the viewer left"


class Sessions:
    """All sessions of one broadcast, and the warm peer that makes the next one quick."""

    def __init__(self, broadcast: Broadcast, *, stun: StunServer | None = None, limit: int = MAX_SESSIONS) -> None:
        self._broadcast = broadcast
        self._warm = WarmPeers(stun)
        self._limit = limit
        self._sessions: dict[str, ViewerSession] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._opening: set[str] = set()

    def __len__(self) -> int:
        return len(self._sessions)

    def packets_sent(self) -> int:
        """RTP packets sent to the viewers connected now."""
        return sum(session.viewer.packets_sent for session in self._sessions.values() if session.viewer is not None)

    def use_ice_servers(self, ice_servers: Sequence[IceServer]) -> None:
        """What `register` told: the warm peer gathers with these."""
        self._warm.use(first_stun(ice_servers))

    async def run(self) -> None:
        """Keep the warm peer fresh until cancelled, then close everything."""
        try:
            await self._warm.run()
        finally:
            await asyncio.gather(*(self.close(session_id) for session_id in list(self._tasks)))

    async def open(self, session_id: str, ice_servers: Sequence[IceServer], closed: Closed) -> str:
        """Make a session; returns its offer SDP. Raises `TooManySessions`, and `ValueError` for an id in use.

        `ice_servers`: as `connect` brought them. A camera gathers host and server-reflexive candidates only: one
        relayed side is enough for TURN, and aioice would nominate a relayed pair before a better direct one.
        """
        if session_id in self._tasks or session_id in self._opening:
            raise ValueError("a session with this id exists")
        if len(self._tasks) + len(self._opening) >= self._limit:
            raise TooManySessions("the camera has as many viewers as it can serve")
        self._warm.use(first_stun(ice_servers))
        self._opening.add(session_id)
        try:
            peer = await self._warm.take()
        finally:
            self._opening.discard(session_id)
        session = ViewerSession(session_id, peer, self._broadcast)
        self._sessions[session_id] = session
        self._tasks[session_id] = asyncio.create_task(self._live(session, closed))
        return session.offer()

    async def answer(self, session_id: str, sdp: str) -> None:
        """The viewer's answer. Raises `BadAnswer` (and ends the session) or `UnknownSession`."""
        session = self._sessions.get(session_id)
        if session is None:
            raise UnknownSession("this session has ended")
        try:
            session.answer(sdp)
        except BadAnswer:
            await self.close(session_id)
            raise

    def add_candidate(self, session_id: str, candidate: str | None) -> None:
        """`candidate` of an RTCIceCandidateInit, also before the answer; none or an empty one is the end of candidates.
        Malformed or useless ones are dropped, and so are those of a session that has ended."""
        session = self._sessions.get(session_id)
        if session is not None:
            session.add_candidate(candidate or None)

    async def close(self, session_id: str) -> None:
        """End a session; `closed` is not called. An unknown one is ignored."""
        task = self._tasks.get(session_id)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            await self._forget(session_id)

    async def _live(self, session: ViewerSession, closed: Closed) -> None:
        try:
            reason = await session.run()
        except Exception:
            log.exception("viewer_session_failed", session=session.id)
            reason = "an internal error ended the session"
        finally:
            await self._forget(session.id)
        log.info("viewer_session_ended", session=session.id, reason=reason)
        closed(session.id, reason)

    async def _forget(self, session_id: str) -> None:
        """Free a session; a second call, or one for a task cancelled before it began, does what is left to do."""
        self._tasks.pop(session_id, None)
        session = self._sessions.pop(session_id, None)
        if session is not None:
            await session.close()


def first_stun(ice_servers: Sequence[IceServer]) -> StunServer | None:
    """The first STUN server among them; malformed entries are skipped."""
    for server in ice_servers:
        for url in server.urls:
            scheme, _, rest = url.partition(":")
            host, _, port = rest.rpartition(":") if ":" in rest else (rest, "", "3478")
            if scheme == "stun" and host and port.isascii() and port.isdigit():
                return StunServer(host, int(port))
    return None
