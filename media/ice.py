"""One guarded ICE connection. All use of aioice's private names is in this file (pinned by tests/media/test_pins.py).

aioice 0.13.0 hands every non-STUN datagram of anyone to the application through a queue without bound, also before
`connect()`. Here a `DatagramGuard` stands before it, and the queue has an end.
"""

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Callable
from typing import Any, cast

import aioice
from aioice import stun
from aioice.ice import CandidatePair, StunProtocol

from media.guard import Address, DatagramGuard, Kind, classify

MAX_RECEIVE_QUEUE = 256
"""Datagrams waiting for DTLS: a viewer sends a few RTCP packets a second, so a longer queue is an attack."""
GATHER_LIMIT = 2.0
"""Seconds for host and server-reflexive candidates; aioice itself waits 5 s for a silent STUN server."""
JUNK_ERRORS = (ValueError, LookupError, struct.error, AssertionError)
"""What aioice's STUN parser and checks raise on malformed input."""


class GuardedProtocol(asyncio.DatagramProtocol):
    """Stands between a socket and aioice's protocol."""

    def __init__(self, inner: StunProtocol, inspect: Callable[[StunProtocol, bytes, Address], None]) -> None:
        self._inner = inner
        self._inspect = inspect

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._inspect(self._inner, data, (addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        self._inner.error_received(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)


class GuardedConnection(aioice.Connection):
    """An ICE agent in the controlling role, deaf to strangers."""

    def __init__(self, stun_server: tuple[str, int] | None = None) -> None:
        super().__init__(ice_controlling=True, stun_server=stun_server)
        self.guard = DatagramGuard()
        self.nominated = asyncio.Event()
        self.heard_at = 0.0
        """Loop time of the peer's last authenticated check: browsers and aioice check consent every few seconds."""
        self.round_trip: float | None = None
        """Seconds that the nominated pair's check took; none while nothing is nominated."""
        self._guarded = False
        self._connecting: asyncio.Task[None] | None = None
        self._check_started: dict[CandidatePair, float] = {}

    async def gather_candidates(self) -> None:
        """Gather, then put the guard before every socket. Nobody knows our credentials before this returns."""
        await super().gather_candidates()
        for protocol in self._protocols:
            protocol.transport.set_protocol(GuardedProtocol(protocol, self._inspect))
        self._guarded = True

    async def start(self, username: str, password: str) -> None:
        """Check until a pair is nominated. Raises `ConnectionError` when ICE fails. Returns up to 20 ms before
        aioice's own `connect()` would, which looks at its list only that often."""
        self.remote_username = username
        self.remote_password = password
        self._connecting = asyncio.create_task(self.connect())
        nominated = asyncio.create_task(self.nominated.wait())
        try:
            await asyncio.wait({self._connecting, nominated}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nominated.cancel()
        if not self.nominated.is_set():
            await self._connecting

    async def close(self) -> None:
        """End it all; a `connect()` still running is ended first, or it would leave its consent task behind."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait({self._connecting})
            if not self._connecting.cancelled():
                self._connecting.exception()
        await super().close()

    def add_candidate(self, candidate: aioice.Candidate) -> None:
        """Pair one more candidate of the peer, whose host is an IP address."""
        if not self._closing:
            self._add_remote_candidate(candidate, candidate.host)

    def remote_address(self) -> tuple[asyncio.DatagramTransport, Address]:
        """The socket and the peer's address of the nominated pair. Raises `ConnectionError` without one."""
        pair = self._nominated.get(1)
        if pair is None:
            raise ConnectionError("no candidate pair is nominated")
        return pair.protocol.transport, pair.remote_addr

    async def probe(self) -> float | None:
        """Seconds until the peer answers a check on the nominated pair, behind all that was sent before; none when it
        does not within half a second (one RTO of RFC 8489 §6.2.1)."""
        pair = self._nominated.get(1)
        if pair is None or self.remote_password is None:
            return None
        started = asyncio.get_running_loop().time()
        request = self.build_request(pair, nominate=False)
        key = self.remote_password.encode()
        try:
            await pair.protocol.request(request, pair.remote_addr, integrity_key=key, retransmissions=0)
        except stun.TransactionError:
            return None
        return asyncio.get_running_loop().time() - started

    def data_received(self, data: bytes, component: int) -> None:
        if self._guarded and self._queue.qsize() < MAX_RECEIVE_QUEUE:
            super().data_received(data, component)

    def check_incoming(self, message: stun.Message, addr: Address, protocol: StunProtocol) -> None:
        super().check_incoming(message, addr, protocol)
        self._prove(addr)

    async def check_start(self, pair: CandidatePair) -> None:
        self._check_started[pair] = asyncio.get_running_loop().time()
        try:
            await super().check_start(pair)
        finally:
            self._check_started.pop(pair, None)

    def check_complete(self, pair: CandidatePair) -> None:
        super().check_complete(pair)
        if pair.state is not CandidatePair.State.SUCCEEDED:
            return
        self._prove(pair.remote_addr)
        if self._nominated and not self.nominated.is_set():
            started = self._check_started.get(pair)
            if started is not None:
                self.round_trip = asyncio.get_running_loop().time() - started
            self.nominated.set()

    def _prove(self, address: Address) -> None:
        self.heard_at = asyncio.get_running_loop().time()
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
            self.data_received(data, protocol.local_candidate.component)


async def gathered(stun_server: tuple[str, int] | None) -> GuardedConnection:
    """A connection with its candidates gathered. Without an answer from STUN in time: host candidates alone."""
    connection = GuardedConnection(stun_server)
    try:
        async with asyncio.timeout(GATHER_LIMIT):
            await connection.gather_candidates()
    except TimeoutError:
        await connection.close()
        connection = GuardedConnection(None)
        await connection.gather_candidates()
    except BaseException:
        await connection.close()
        raise
    return connection


def usable_candidate(text: str) -> aioice.Candidate | None:
    """Parse `candidate:…`; none for what cannot be used: TCP, `.local` (resolving costs 1 s per set-up), unspecified
    and multicast addresses. Raises `ValueError` when it is no candidate at all."""
    candidate = aioice.Candidate.from_sdp(text.removeprefix("a=").removeprefix("candidate:"))
    if candidate.component != 1 or candidate.transport.lower() != "udp" or not 0 < candidate.port < 65536:
        return None
    if candidate.type not in ("host", "srflx", "prflx", "relay"):
        return None
    if candidate.host.endswith(".local"):
        return None
    address = ipaddress.ip_address(candidate.host)
    if address.is_unspecified or address.is_multicast:
        return None
    return candidate


def socket_of(transport: asyncio.DatagramTransport) -> socket.socket | None:
    """A second handle of the transport's own UDP socket; none for a TURN transport. The caller closes it."""
    inner = transport.get_extra_info("socket")
    if inner is None:
        return None
    return socket.fromfd(cast(int, inner.fileno()), inner.family, inner.type)
