"""An ICE agent that is deaf to strangers. This file, media/checks.py, media/check.py, media/turn.py, media/ice.py and
media/tunnel_pair.py use private names of aioice (pinned by tests/media/test_pins.py).

aioice 0.13.0 hands every non-STUN datagram of anyone to the application through a queue without bound, also before
`connect()`. Here a `DatagramGuard` stands before it, and the queue has an end.
"""

import asyncio
import struct
from collections.abc import Callable
from typing import Any

import aioice
from aioice.ice import StunProtocol

from media.guard import Address, DatagramGuard, Kind, classify

MAX_RECEIVE_QUEUE = 256
"""Datagrams waiting for DTLS: a viewer sends a few RTCP packets a second, so a longer queue is an attack."""
JUNK_ERRORS = (ValueError, LookupError, struct.error, AssertionError)
"""What aioice's STUN parser and checks raise on malformed input."""


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


class DeafConnection(aioice.Connection):
    """In the controlling role. What comes from an address without a verified check does not pass."""

    def __init__(self) -> None:
        super().__init__(ice_controlling=True)
        self.guard = DatagramGuard()
        self.heard_at = 0.0
        """Loop time of the peer's last authenticated check, or its answer to one of ours."""
        self._guarded = False

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
