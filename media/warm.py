"""A peer kept ready: when a viewer asks, the offer is made without waiting for anything."""

import asyncio
from collections.abc import Callable

import structlog
from aioice.ice import get_host_addresses

from media.peer import SendingPeer, StunServer, prepare

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 15.0
"""A router forgets an unused UDP mapping after 30 s (RFC 4787 §4.3 wishes for 120 s)."""
REFILL_DELAY = 0.25
"""Seconds after a peer was taken until the next is made: making it must not slow that viewer's first picture."""


def host_addresses() -> frozenset[str]:
    """The addresses candidates are gathered on."""
    return frozenset(get_host_addresses(use_ipv4=True, use_ipv6=True))


class WarmPeers:
    """Holds at most one prepared peer."""

    def __init__(
        self, stun: StunServer | None = None, addresses: Callable[[], frozenset[str]] = host_addresses
    ) -> None:
        self._stun = stun
        self._addresses = addresses
        self._ready: SendingPeer | None = None
        self._gathered_on: frozenset[str] = frozenset()
        self._gathered_with: StunServer | None = None
        self._wanted = asyncio.Event()

    def use(self, stun: StunServer | None) -> None:
        """Gather with this server from now on."""
        if stun != self._stun:
            self._stun = stun
            self._wanted.set()

    async def take(self) -> SendingPeer:
        """The prepared peer, or a new one when there is none, or it was gathered on other addresses or without the
        server that is to be asked."""
        peer, self._ready = self._ready, None
        self._wanted.set()
        if peer is not None:
            asked_enough = self._stun is None or self._stun == self._gathered_with
            if asked_enough and self._addresses() == self._gathered_on:
                return peer
            await peer.close()
        return await prepare(self._stun)

    async def run(self) -> None:
        """Keep a peer ready and fresh until cancelled."""
        try:
            while True:
                await self._renew()
                self._wanted.clear()
                try:
                    async with asyncio.timeout(REFRESH_SECONDS):
                        await self._wanted.wait()
                    await asyncio.sleep(REFILL_DELAY)
                except TimeoutError:
                    continue
        finally:
            peer, self._ready = self._ready, None
            if peer is not None:
                await peer.close()

    async def _renew(self) -> None:
        addresses, stun = self._addresses(), self._stun
        try:
            fresh = await prepare(stun)
        except OSError as error:
            log.warning("warm_gathering_failed", error=str(error))
            return
        stale, self._ready = self._ready, fresh
        self._gathered_on, self._gathered_with = addresses, stun
        if stale is not None:
            await stale.close()
