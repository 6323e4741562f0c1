"""A relayed address of our own on a TURN server, for a camera whose UDP does not get through.

One relayed side is enough for two peers to meet, so a camera with working UDP never allocates one. Without UDP it looks
ahead of time which of the servers lets it in, over TCP or TLS, and holds no allocation while nobody watches.
"""

import asyncio
import socket

import structlog
from aioice import Candidate, stun, turn
from aioice.candidate import candidate_foundation, candidate_priority

from media.ice_servers import Credential, IceServers, TurnServer

log = structlog.get_logger(__name__)

ALLOCATE_SECONDS = 3.0
"""For TCP, TLS and two STUN round trips; a firewall that swallows packets must not cost more."""
GRACE_SECONDS = 0.3
"""For the servers before the one that answered first, or as long again as that took: the order is the operator's wish,
and the first request of a busy moment may be late."""
FAILURES = (OSError, ConnectionError, TimeoutError, stun.TransactionError, ValueError)
"""What an unreachable, refusing or confused server leads to."""


async def allocate(server: TurnServer, credential: Credential, protocol: asyncio.DatagramProtocol) -> Candidate:
    """Allocate for `protocol`, which is given the transport; returns the relayed candidate. Raises one of `FAILURES`.
    `turns` is checked against the system's certificate authorities."""
    async with asyncio.timeout(ALLOCATE_SECONDS):
        transport, _ = await turn.create_turn_endpoint(
            lambda: protocol,
            server_addr=(await _numeric(server), server.port) if not server.tls else (server.host, server.port),
            username=credential.username,
            password=credential.password,
            ssl=server.tls or None,
            transport=server.transport,
        )
    host, port = transport.get_extra_info("sockname")
    related = transport.get_extra_info("related_address")
    return Candidate(
        foundation=candidate_foundation("relay", "udp", host),
        component=1,
        transport="udp",
        priority=candidate_priority(1, "relay"),
        host=host,
        port=port,
        type="relay",
        related_address=related[0],
        related_port=related[1],
    )


async def _numeric(server: TurnServer) -> str:
    """aioice's UDP transport compares addresses as text, so it needs the number."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    return str(found[0][4][0])


async def first_that_allocates(servers: IceServers) -> TurnServer | None:
    """Try all at once, for one behind a firewall is silent until its time is up. Of those that let us in at about the
    same time, the first in order. The allocations are given back at once."""
    began = asyncio.get_running_loop().time()
    trials = [asyncio.create_task(_lets_in(server, credential)) for server, credential in servers.turn]
    try:
        for trial in asyncio.as_completed(trials):
            if await trial:
                break
        else:
            return None
        if better := trials[: _first(trials)]:
            taken = asyncio.get_running_loop().time() - began
            await asyncio.wait(better, timeout=max(GRACE_SECONDS, taken))
        return servers.turn[_first(trials)][0]
    finally:
        for task in trials:
            task.cancel()
        await asyncio.gather(*trials, return_exceptions=True)


def _first(trials: list[asyncio.Task[bool]]) -> int:
    """The number of the first one that has succeeded, where one has."""
    return next(number for number, trial in enumerate(trials) if trial.done() and trial.result())


async def _lets_in(server: TurnServer, credential: Credential) -> bool:
    trial = _Trial()
    try:
        await allocate(server, credential, trial)
    except FAILURES as error:
        log.info("turn_not_usable", host=server.host, port=server.port, problem=str(error) or type(error).__name__)
        return False
    trial.end()
    return True


class _Trial(asyncio.DatagramProtocol):
    """Owns an allocation until it has been tried."""

    def __init__(self) -> None:
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def end(self) -> None:
        if self._transport is not None:
            self._transport.close()
