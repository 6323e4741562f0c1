"""One TCP port for two: TLS for the web server, ICE-TCP for the relay, told apart by the first byte.

Whoever begins like plain HTTP is told to use https (`signaling.http.plain_hint`).

A TLS record begins with its type, 22 for a handshake (RFC 8446 §5.1). ICE-TCP begins with the length of a STUN message,
two bytes (RFC 4571 §2, RFC 6544 §3), and none of ours is so long that the first of them exceeds 8. The byte is looked
at and not taken, so whoever gets the connection reads it from its beginning.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from signaling.http.crowd import Crowd
from signaling.http.plain_hint import FIRST_LETTERS, point_to_https

TLS_HANDSHAKE = 0x16
MAX_LENGTH_BYTE = 0x08
FIRST_BYTE_SECONDS = 10.0
"""For whoever connects and says nothing."""
MAX_UNSORTED = 512
"""Connections without a first byte; the oldest go first, because whoever means it speaks within a round trip."""
PAUSE_SECONDS = 0.5
"""Until the next try to accept, when this process has no more descriptors for instance."""

Factory = Callable[[], asyncio.BaseProtocol]

log = structlog.get_logger(__name__)


class SharedPort:
    """`web`: protocols for TLS connections, with the context. `relay`: protocols for ICE-TCP ones; None: there is no
    relay, and the port is for TLS alone."""

    def __init__(self, web: Factory, tls: ssl.SSLContext, handshake_seconds: float, relay: Factory | None) -> None:
        self._web = web
        self._tls = tls
        self._handshake_seconds = handshake_seconds
        self._relay = relay
        self._sockets: list[socket.socket] = []
        self._accepting: set[asyncio.Task[None]] = set()
        self._sorting: dict[asyncio.Task[None], None] = {}
        self._handing: set[asyncio.Task[None]] = set()
        self._shaking = Crowd()
        """Those in a TLS handshake: nobody else has counted them yet."""

    async def bind(self, host: str, port: int, backlog: int) -> None:
        """Take the port; nobody is served before `serve`. Raises OSError."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, kind, protocol, _, place in dict.fromkeys(found):
                listening = socket.socket(family, kind, protocol)
                self._sockets.append(listening)
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listening.bind(place)
                listening.setblocking(False)
                listening.listen(backlog)
        except OSError:
            self.stop()
            raise

    def serve(self) -> None:
        """Begin to accept connections."""
        for listening in self._sockets:
            self._accepting.add(asyncio.create_task(self._accept(listening)))

    def stop(self) -> None:
        """Take no further connections; those that were handed over go on."""
        for task in (*self._accepting, *self._sorting):
            task.cancel()
        if not self._accepting:
            for listening in self._sockets:
                listening.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    connection, _ = await loop.sock_accept(listening)
                except ConnectionAbortedError:
                    continue
                except OSError as error:
                    log.warning("accept_failed", problem=error.strerror or str(error))
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                self._begin_to_sort(connection)
        finally:
            listening.close()

    def _begin_to_sort(self, connection: socket.socket) -> None:
        if len(self._sorting) >= MAX_UNSORTED:
            oldest = next(iter(self._sorting))
            del self._sorting[oldest]
            oldest.cancel()
        task = asyncio.create_task(self._sort(connection))
        self._sorting[task] = None
        task.add_done_callback(lambda done: self._sorted(done, connection))

    def _sorted(self, task: asyncio.Task[None], connection: socket.socket) -> None:
        self._sorting.pop(task, None)
        if task.cancelled():  # perhaps before it began
            connection.close()

    async def _sort(self, connection: socket.socket) -> None:
        """Hand the connection to whom its first byte names, or close it."""
        try:
            connection.setblocking(False)
            async with asyncio.timeout(FIRST_BYTE_SECONDS):
                first = await _first_byte(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError):  # TimeoutError is one
                return
            raise
        if first == TLS_HANDSHAKE:
            self._hand(self._shake_hands(connection))
        elif first is not None and first <= MAX_LENGTH_BYTE and self._relay is not None:
            self._hand(self._connect(connection, self._relay, None))
        elif first in FIRST_LETTERS:
            await point_to_https(connection)
        else:
            connection.close()

    def _hand(self, work: Coroutine[Any, Any, None]) -> None:
        """In a task of its own: a TLS handshake may take its time."""
        task = asyncio.create_task(work)
        self._handing.add(task)
        task.add_done_callback(self._handing.discard)

    async def _shake_hands(self, connection: socket.socket) -> None:
        try:
            address = str(connection.getpeername()[0])
        except OSError:
            connection.close()
            return
        if not self._shaking.enter(address):
            log.debug("crowded_out", address=address)
            connection.close()
            return
        try:
            await self._connect(connection, self._web, self._tls)
        finally:
            self._shaking.leave(address)

    async def _connect(self, connection: socket.socket, to: Factory, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                to, connection, ssl=tls, ssl_handshake_timeout=self._handshake_seconds if tls is not None else None
            )
        except OSError as error:  # ssl.SSLError is one
            log.debug("handshake_failed", problem=type(error).__name__)


async def _first_byte(connection: socket.socket) -> int | None:
    """Wait for it and leave it there; None where the other side has closed."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection.fileno())
    data = connection.recv(1, socket.MSG_PEEK)
    return data[0] if data else None
