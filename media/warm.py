"""A peer kept ready: when a viewer asks, the offer is made without waiting for anything."""

import asyncio
from collections.abc import Callable

import structlog
from aioice.ice import get_host_addresses

from media.ice_servers import IceServers, TurnServer
from media.names import addresses_of
from media.peer import SendingPeer, prepare
from media.turn import first_that_allocates

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 15.0
"""A router forgets an unused UDP mapping after 30 s (RFC 4787 §4.3 wishes for 120 s)."""
REFILL_DELAY = 0.25
"""Seconds after a peer was taken until the next is made: making it must not slow that viewer's first picture."""
TURN_RETRY_SECONDS = 60.0
"""After which TURN servers that did not let us in are tried again: they may have been restarted."""
RESOLVE_SECONDS = 2.0
"""For the names of TURN servers."""


def host_addresses() -> frozenset[str]:
    """The addresses candidates are gathered on."""
    return frozenset(get_host_addresses(use_ipv4=True, use_ipv6=True))


class WarmPeers:
    """Holds at most one prepared peer, and knows which TURN server lets us in, where one is needed."""

    def __init__(
        self, servers: IceServers | None = None, addresses: Callable[[], frozenset[str]] = host_addresses
    ) -> None:
        self._servers = servers or IceServers()
        self._addresses = addresses
        self._ready: SendingPeer | None = None
        self._gathered_on: frozenset[str] = frozenset()
        self._gathered_with: IceServers | None = None
        self._wanted = asyncio.Event()
        self._hurry = False
        self._silent = False
        self._turn_hosts: dict[str, frozenset[str]] = {}
        self._turn: TurnServer | None = None
        self._probed_for: tuple[frozenset[str], tuple[TurnServer, ...]] | None = None
        self._probed_at = 0.0
        self._probing: asyncio.Task[None] | None = None

    @property
    def turn(self) -> TurnServer | None:
        """The TURN server to allocate on: none where UDP goes through, or no server lets us in."""
        return self._turn

    @property
    def hopes_for_turn(self) -> bool:
        """Whether there is such a server, or one is being looked for."""
        return self._turn is not None or (self._probing is not None and not self._probing.done())

    async def found_turn(self) -> TurnServer | None:
        """As `turn`, once the present search is over."""
        if self._probing is not None:
            await asyncio.wait({self._probing})
        return self._turn

    def use(self, servers: IceServers) -> None:
        """Gather with these from now on."""
        changed = servers.stun != self._servers.stun or _without_credentials(servers) != _without_credentials(
            self._servers
        )
        self._servers = servers
        if changed or self._silent:
            self._wanted.set()
        self._silent = self._silent and not changed

    def moved(self) -> None:
        """Our addresses have changed: gather anew at once."""
        self._silent, self._hurry = False, True
        self._turn = self._probed_for = None
        self._wanted.set()

    def distrust(self, server: TurnServer) -> None:
        """It did not let us in this time: look for one that does."""
        if server == self._turn:
            self._turn = self._probed_for = None
            self._wanted.set()

    async def take(self) -> SendingPeer:
        """The prepared peer, or a new one when there is none, or it was gathered on other addresses or without the
        server that is to be asked."""
        peer, self._ready = self._ready, None
        self._wanted.set()
        if peer is not None:
            stun = self._servers.stun
            asked_enough = stun is None or (self._gathered_with is not None and stun == self._gathered_with.stun)
            if asked_enough and self._addresses() == self._gathered_on:
                peer.connection.turn_hosts = self._known_turn_hosts()
                return peer
            await peer.close()
        return await self._prepare(ask=not self._silent)

    def _known_turn_hosts(self) -> frozenset[str]:
        known = (self._turn_hosts.get(host, frozenset()) for host in self._servers.turn_hosts())
        return frozenset().union(*known)

    async def run(self) -> None:
        """Keep a peer ready and fresh until cancelled."""
        try:
            while True:
                self._wanted.clear()
                self._hurry = False
                try:
                    await self._renew()
                except OSError as error:
                    log.warning("warm_gathering_failed", error=str(error))
                await self._until_wanted()
        finally:
            if self._probing is not None:
                self._probing.cancel()
            peer, self._ready = self._ready, None
            if peer is not None:
                await peer.close()

    async def _until_wanted(self) -> None:
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                await self._wanted.wait()
        except TimeoutError:
            return
        if not self._hurry:
            await asyncio.sleep(REFILL_DELAY)

    async def _renew(self) -> None:
        addresses, servers = self._addresses(), self._servers
        fresh = await self._prepare(ask=True)
        stale, self._ready = self._ready, fresh
        self._gathered_on, self._gathered_with = addresses, servers
        if stale is not None:
            await stale.close()
        self._silent = fresh.connection.stun_answered is False
        await self._resolve()
        if addresses == self._addresses():
            self._look_for_turn(addresses)

    async def _prepare(self, *, ask: bool) -> SendingPeer:
        stun = self._servers.stun
        peer = await prepare(stun if ask else None)
        peer.connection.turn_hosts = self._known_turn_hosts()
        if not ask and stun is not None:
            peer.connection.stun_answered = False
        return peer

    async def _resolve(self) -> None:
        """Learn the TURN servers' addresses, to tell a pair that they relay from a direct one. Those of
        servers that are named no more are forgotten."""
        hosts = self._servers.turn_hosts()
        self._turn_hosts = {host: known for host, known in self._turn_hosts.items() if host in hosts}
        for host in hosts - self._turn_hosts.keys():
            try:
                async with asyncio.timeout(RESOLVE_SECONDS):
                    places = await addresses_of(host, 0)
            except TimeoutError:
                continue
            self._turn_hosts[host] = frozenset(address for address, _ in places.values())

    def _look_for_turn(self, addresses: frozenset[str]) -> None:
        """Once for these addresses and servers, and only where UDP does not go through."""
        if not self._silent or not self._servers.turn:
            self._turn = self._probed_for = None
            return
        now = asyncio.get_running_loop().time()
        key = (addresses, _without_credentials(self._servers))
        known = key == self._probed_for and (self._turn is not None or now < self._probed_at + TURN_RETRY_SECONDS)
        if known or (self._probing is not None and not self._probing.done()):
            return
        self._probed_for, self._probed_at = key, now
        self._probing = asyncio.create_task(self._probe(self._servers))

    async def _probe(self, servers: IceServers) -> None:
        self._turn = await first_that_allocates(servers)
        log.info("turn_probed", usable=None if self._turn is None else f"{self._turn.transport}:{self._turn.port}")


def _without_credentials(servers: IceServers) -> tuple[TurnServer, ...]:
    return tuple(server for server, _ in servers.turn)
