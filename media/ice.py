"""One ICE connection of a camera: its candidates and transports, and the pair in use. The layers below it: checking and
nominating (media/checks.py), deaf to strangers (media/guarded.py), aioice.
"""

import asyncio

import aioice
from aioice.ice import CandidatePair, StunProtocol

from media.candidates import prefer
from media.check import Check, CheckRefused
from media.checks import CheckingConnection
from media.guard import Address
from media.guarded import GuardedProtocol
from media.ice_servers import Credential, StunServer, TurnServer
from media.nomination import Way
from media.reflexive import reflexive_candidates
from media.tunnel import TunnelTarget, open_tunnel
from media.tunnel_pair import tunnel_pair
from media.turn import allocate

GATHER_LIMIT = 2.0
"""Seconds for a STUN server's answer."""
PROBE_SECONDS = 0.5
"""For the answer to a probe of the path (one RTO of RFC 8489 §6.2.1)."""


class GuardedConnection(CheckingConnection):
    """`gathered` makes one. Then `start`, and `close`."""

    def __init__(self, turn_hosts: frozenset[str] = frozenset()) -> None:
        super().__init__(turn_hosts)
        self.stun_answered: bool | None = None
        """Whether UDP goes to the outside; none while nobody was asked."""
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
        """Reach the relay through its WebSocket as well, unless UDP does by then. Raises what `open_tunnel` does."""
        protocol = StunProtocol(self)
        pair = tunnel_pair(protocol)
        protocol.connection_made(await open_tunnel(target, GuardedProtocol(protocol, self._inspect)))
        self._adopt(protocol)
        if self.nominated.is_set():
            self._leave_tunnels()
            return
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

    # --- the pair in use ---

    async def close(self) -> None:
        """End it all."""
        if self._pulse is not None:
            self._pulse[1].close()
        await super().close()

    @property
    def way(self) -> Way | None:
        """How the media goes; none while nothing is nominated."""
        pair = self._nominated.get(1)
        return self._way(pair) if pair is not None else None

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
