"""One guarded ICE connection of the controlling side. All use of aioice's private names is in this file, media/check.py
and media/turn.py (pinned by tests/media/test_pins.py).

From aioice 0.13.0 come sockets, the parsing of STUN, the pairing of candidates and the answers to checks. What is not
left to it:
- It hands every non-STUN datagram of anyone to the application through a queue without bound, also before `connect()`.
  Here a `DatagramGuard` stands before it, and the queue has an end.
- It keeps the first pair that succeeds, and ends all others. Here media/nomination.py decides, and checks go on until
  there is nothing better to be had.
- It repeats checks rarely, and notices a dead peer after half a minute: media/check.py, media/liveness.py.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any, cast

import aioice
import structlog
from aioice import stun
from aioice.ice import CandidatePair, StunProtocol

from media.candidates import prefer
from media.check import Answered, Check, CheckRefused
from media.guard import Address, DatagramGuard, Kind, classify
from media.ice_servers import Credential, StunServer, TurnServer
from media.nomination import Nomination, Rank, Way
from media.reflexive import reflexive_candidates
from media.tunnel import TUNNEL_ADDRESS, TunnelTarget, open_tunnel
from media.turn import allocate
from signaling.protocol.messages import MAX_CANDIDATES

log = structlog.get_logger(__name__)

MAX_RECEIVE_QUEUE = 256
"""Datagrams waiting for DTLS: a viewer sends a few RTCP packets a second, so a longer queue is an attack."""
GATHER_LIMIT = 2.0
"""Seconds for a STUN server's answer."""
CHECK_SECONDS = 5.0
"""For one pair; then it has failed, until the peer's own check comes through it."""
PACE_SECONDS = 0.005
"""Between the first checks of two pairs, the least that RFC 8445 §14.2 allows: a camera has few pairs."""
PROBE_SECONDS = 0.5
"""For the answer to a probe of the path (one RTO of RFC 8489 §6.2.1)."""
MAX_REMOTE_ADDRESSES = 2 * MAX_CANDIDATES
"""Announced ones, and as many that a peer's router makes up (RFC 8445 §7.3.1.3)."""
WINS_CONFLICTS = 2**64 - 1
"""Our tie-breaker: whoever offers is the controlling side, and stays it (RFC 8445 §7.3.1.1)."""
TUNNEL_TRANSPORT = "wss"
"""Of a candidate: pairs with nothing but itself."""
JUNK_ERRORS = (ValueError, LookupError, struct.error, AssertionError)
"""What aioice's STUN parser and checks raise on malformed input."""
State = CandidatePair.State


class GuardedProtocol(asyncio.DatagramProtocol):
    """Stands between a socket and aioice's protocol."""

    def __init__(self, inner: StunProtocol, inspect: Callable[[StunProtocol, bytes, Address], None]) -> None:
        self._inner = inner
        self._inspect = inspect

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inner.connection_made(transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._inspect(self._inner, data, (addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        self._inner.error_received(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)


class GuardedConnection(aioice.Connection):
    """An ICE agent in the controlling role, deaf to strangers. `turn_hosts`: addresses of TURN servers that the peer
    may use."""

    def __init__(self, turn_hosts: frozenset[str] = frozenset()) -> None:
        super().__init__(ice_controlling=True)
        self._tie_breaker = WINS_CONFLICTS
        self.guard = DatagramGuard()
        self.turn_hosts = turn_hosts
        self.nominated = asyncio.Event()
        self.on_move: Callable[[], None] | None = None
        """Called when the media is to take another pair than before."""
        self.heard_at = 0.0
        """Loop time of the peer's last authenticated check, or its answer to one of ours."""
        self.round_trip: float | None = None
        """Seconds that the nominated pair's check took; none while nothing is nominated."""
        self.stun_answered: bool | None = None
        """Whether UDP goes to the outside; none while nobody was asked."""
        self.candidates_complete = False
        """The peer has told all its candidates."""
        self._guarded = False
        self._nomination = Nomination(lambda pair: self._rank(cast(CandidatePair, pair)))
        self._checks: dict[CandidatePair, Check] = {}
        self._round_trips: dict[CandidatePair, float] = {}
        self._more = asyncio.Event()
        self._work: set[asyncio.Task[None]] = set()
        self._hold: asyncio.TimerHandle | None = None
        self._pulse: tuple[CandidatePair, Check] | None = None

    # --- candidates ---

    async def gather_candidates(self) -> None:
        """Gather the hosts' own, then put the guard before every socket. Nobody knows our credentials before this
        returns."""
        await super().gather_candidates()
        prefer(self._local_candidates)
        for protocol in self._protocols:
            protocol.transport.set_protocol(GuardedProtocol(protocol, self._inspect))
        self._guarded = True

    async def ask_outside(self, server: StunServer) -> None:
        """Add server-reflexive candidates, within `GATHER_LIMIT`."""
        found = await reflexive_candidates(self._protocols, server, GATHER_LIMIT)
        self.stun_answered = bool(found)
        own = {(candidate.host, candidate.port) for candidate in self._local_candidates}
        self._local_candidates += [candidate for candidate in found if (candidate.host, candidate.port) not in own]

    async def add_relayed(self, server: TurnServer, credential: Credential) -> aioice.Candidate:
        """Allocate on a TURN server, and pair it. Raises one of `media.turn.FAILURES`."""
        protocol = StunProtocol(self)
        candidate = await allocate(server, credential, GuardedProtocol(protocol, self._inspect))
        protocol.local_candidate = candidate
        self._adopt(protocol)
        self._local_candidates.append(candidate)
        for remote in self._remote_candidates:
            if self.remote_password is not None:
                self._pair_remote_candidate(remote)
        self._resort()
        return candidate

    async def add_tunnel(self, target: TunnelTarget) -> None:
        """Reach the relay through its WebSocket as well. Raises what `open_tunnel` does."""
        protocol = StunProtocol(self)
        protocol.local_candidate = _stand_in("local")
        protocol.connection_made(await open_tunnel(target, GuardedProtocol(protocol, self._inspect)))
        self._adopt(protocol)
        pair = CandidatePair(protocol, _stand_in("remote"))
        pair.remote_candidate._network_host = TUNNEL_ADDRESS[0]
        self._remote_candidates.append(pair.remote_candidate)
        self._check_list.append(pair)
        self._resort()

    def add_candidate(self, candidate: aioice.Candidate) -> None:
        """Pair one more candidate of the peer, whose host is an IP address."""
        if not self._closing:
            self._add_remote_candidate(candidate, candidate.host)
            self._more.set()

    def _adopt(self, protocol: StunProtocol) -> None:
        """Own a transport that was made after gathering, unless everything is over."""
        if self._closing:
            protocol.transport.close()
            raise ConnectionError("the session has ended")
        self._protocols.append(protocol)

    def _resort(self) -> None:
        self.sort_check_list()
        self._more.set()

    # --- checks ---

    async def start(self, username: str, password: str) -> None:
        """Check until a pair is nominated, and go on for a better one until `close`. Waits as long as it takes."""
        self.remote_username, self.remote_password = username, password
        for candidate in self._remote_candidates:
            self._pair_remote_candidate(candidate)
        self.sort_check_list()
        early = list(self._early_checks)
        self._early_checks.clear()
        self._early_checks_done = True
        for message, address, protocol in early:
            self.check_incoming(message, address, protocol)
        self._spawn(self._check_all())
        await self.nominated.wait()

    async def close(self) -> None:
        """End it all."""
        self._closing = True
        if self._hold is not None:
            self._hold.cancel()
        if self._pulse is not None:
            self._pulse[1].close()
        for task in self._work:
            task.cancel()
        if self._work:
            await asyncio.wait(set(self._work))
        await super().close()

    async def _check_all(self) -> None:
        """Begin one check after the other, best pair first; wait where none is left."""
        while True:
            pair = next((pair for pair in self._check_list if self._is_due(pair)), None)
            if pair is None:
                self._more.clear()
                await self._more.wait()
            else:
                self.check_start_task(pair)
                await asyncio.sleep(PACE_SECONDS)

    def _is_due(self, pair: CandidatePair) -> bool:
        waits = pair.task is None and pair.state in (State.WAITING, State.FROZEN)
        return waits and self._nomination.improves(pair)

    def check_start_task(self, pair: CandidatePair) -> None:
        """Unless it runs already, or would be of no use."""
        if pair.task is None and not self._closing and self._nomination.improves(pair):
            super().check_start_task(pair)

    async def check_start(self, pair: CandidatePair) -> None:
        """Check a pair until it answers or has failed. All but TURN pairs are nominated by their very check, which
        saves a round trip."""
        self.check_state(pair, State.IN_PROGRESS)
        check = self._checks[pair] = self._question(pair, nominate=self._rank(pair).way is not Way.TURN)
        answered: Answered | None = None
        try:
            answered = await check.run(CHECK_SECONDS)
        except (TimeoutError, CheckRefused):
            pass
        finally:
            self._checks.pop(pair, None)
            pair.task = None
            self.check_state(pair, State.FAILED)
        if answered is not None and answered.address == pair.remote_addr:
            self.check_state(pair, State.SUCCEEDED)
            self._prove(pair.remote_addr)
            self._round_trips[pair] = answered.round_trip
            self._nomination.answered(pair, answered.round_trip, asyncio.get_running_loop().time())
        self._settle()

    def check_incoming(self, message: stun.Message, addr: Address, protocol: StunProtocol) -> None:
        """A check of the peer: it proves its address, and that the way to it is open now."""
        known = any((c._network_host, c.port) == addr for c in self._remote_candidates)
        if not known and len(self._remote_candidates) >= MAX_REMOTE_ADDRESSES:
            return
        super().check_incoming(message, addr, protocol)
        self._prove(addr)
        for pair, check in list(self._checks.items()):
            if pair.protocol is protocol and pair.remote_addr == addr:
                check.ask()

    def _question(self, pair: CandidatePair, *, nominate: bool) -> Check:
        key = (self.remote_password or "").encode()
        return Check(pair.protocol, pair.remote_addr, lambda: self.build_request(pair, nominate), key, self._hear)

    def _rank(self, pair: CandidatePair) -> Rank:
        priority = aioice.ice.candidate_pair_priority(pair.local_candidate, pair.remote_candidate, ice_controlling=True)
        return Rank(self._way(pair), -priority)

    def _way(self, pair: CandidatePair) -> Way:
        if pair.remote_addr == TUNNEL_ADDRESS:
            return Way.TUNNEL
        relayed = "relay" in (pair.local_candidate.type, pair.remote_candidate.type)
        return Way.TURN if relayed or pair.remote_addr[0] in self.turn_hosts else Way.DIRECT

    # --- nomination ---

    def _settle(self) -> None:
        """Act on what the checks have told so far."""
        if self._closing:
            return
        loop = asyncio.get_running_loop()
        pair = self._nomination.decide(loop.time(), direct_tried=self._direct_tried())
        if pair is not None:
            self._use(cast(CandidatePair, pair))
        if self._hold is not None:
            self._hold.cancel()
        due = self._nomination.next_due()
        self._hold = loop.call_at(due, self._settle) if due is not None else None

    def _direct_tried(self) -> bool:
        """Whether a direct pair may still answer."""
        open_states = (State.FROZEN, State.WAITING, State.IN_PROGRESS)
        tried = any(pair.state in open_states and self._way(pair) is Way.DIRECT for pair in self._check_list)
        return tried or not self.candidates_complete

    def _use(self, pair: CandidatePair) -> None:
        moves = self.nominated.is_set()
        self._nominated[1] = pair
        self.round_trip = self._round_trips.get(pair)
        for other in list(self._checks):
            if other.task is not None and not self._nomination.improves(other):
                other.task.cancel()
        if moves or self._way(pair) is Way.TURN:
            self._spawn(self._nominate(pair))
        if self._way(pair) is not Way.TUNNEL:
            self._leave_tunnels()
        self.nominated.set()
        if moves and self.on_move is not None:
            self.on_move()

    def _leave_tunnels(self) -> None:
        for protocol in self._protocols:
            if protocol.local_candidate.transport == TUNNEL_TRANSPORT:
                protocol.transport.close()

    async def _nominate(self, pair: CandidatePair) -> None:
        """Tell the peer. The media need not wait for it: the pair is valid (RFC 8445 §12.1)."""
        try:
            await self._question(pair, nominate=True).run(CHECK_SECONDS)
        except (TimeoutError, CheckRefused) as error:
            log.info("nomination_not_answered", problem=str(error))

    # --- the pair in use ---

    @property
    def way(self) -> Way | None:
        """How the media goes; none while nothing is nominated."""
        pair = self._nominated.get(1)
        return self._way(pair) if pair is not None else None

    def local_address(self) -> str | None:
        """Of the socket that the media leaves by; none where that is not ours to know."""
        pair = self._nominated.get(1)
        if pair is None or self._way(pair) is Way.TUNNEL or pair.local_candidate.type == "relay":
            return None
        host: str = pair.local_candidate.host
        return host

    def remote_address(self) -> tuple[asyncio.DatagramTransport, Address]:
        """The socket and the peer's address of the nominated pair. Raises `ConnectionError` without one."""
        pair = self._nominated.get(1)
        if pair is None:
            raise ConnectionError("no candidate pair is nominated")
        return pair.protocol.transport, pair.remote_addr

    async def probe(self) -> float | None:
        """Seconds until the peer answers a check on the nominated pair, behind all that was sent before; none when it
        does not in time."""
        pair = self._nominated.get(1)
        if pair is None or self.remote_password is None:
            return None
        try:
            return (await self._question(pair, nominate=False).run(PROBE_SECONDS, repeat=False)).round_trip
        except (TimeoutError, CheckRefused):
            return None

    def ask(self) -> None:
        """Ask for a sign of life; an answer moves `heard_at`."""
        pair = self._nominated.get(1)
        if pair is None or self._closing:
            return
        if self._pulse is None or self._pulse[0] is not pair:
            if self._pulse is not None:
                self._pulse[1].close()
            self._pulse = (pair, self._question(pair, nominate=False))
        self._pulse[1].ask()

    # --- what comes in ---

    def data_received(self, data: bytes, component: int) -> None:
        if self._guarded and self._queue.qsize() < MAX_RECEIVE_QUEUE:
            super().data_received(data, component)

    def _hear(self) -> None:
        self.heard_at = asyncio.get_running_loop().time()

    def _prove(self, address: Address) -> None:
        self._hear()
        for data in self.guard.verify(address):
            self.data_received(data, 1)

    def _inspect(self, protocol: StunProtocol, data: bytes, address: Address) -> None:
        kind = classify(data)
        if kind is Kind.STUN:
            try:
                protocol.datagram_received(data, address)
            except JUNK_ERRORS:
                self.guard.dropped += 1
        elif self.guard.admits(kind, data, address):
            self.data_received(data, 1)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


async def gathered(stun_server: StunServer | None, turn_hosts: frozenset[str] = frozenset()) -> GuardedConnection:
    """A connection with its candidates gathered. Without an answer from STUN in time: host candidates alone."""
    connection = GuardedConnection(turn_hosts)
    try:
        await connection.gather_candidates()
        if stun_server is not None:
            await connection.ask_outside(stun_server)
    except BaseException:
        await connection.close()
        raise
    return connection


def _stand_in(end: str) -> aioice.Candidate:
    """For an end of the tunnel."""
    return aioice.Candidate(
        foundation=f"tunnel-{end}",
        component=1,
        transport=TUNNEL_TRANSPORT,
        priority=0,
        host="0.0.0.0",
        port=0,
        type="host",
    )


def socket_of(transport: asyncio.DatagramTransport) -> socket.socket | None:
    """A second handle of the transport's own UDP socket; none for a TURN or tunnel transport. The caller closes it."""
    inner = transport.get_extra_info("socket")
    if inner is None:
        return None
    return socket.fromfd(cast(int, inner.fileno()), inner.family, inner.type)
