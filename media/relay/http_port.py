"""The HTTP port of `belvedere-relay`: the media socket and `/healthz`, bounded against who never finishes a request."""

import asyncio
import ipaddress
import ssl
from collections import Counter
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler

from media.relay.program import RelayProgram
from media.relay.rates import network_of
from signaling.protocol.media_socket import MEDIA_PATH

FIRST_REQUEST_SECONDS = 10.0
"""From connecting to the end of the first request's headers (Slowloris)."""
NEXT_REQUEST_SECONDS = 5.0
"""From an answer to the end of the next request's headers: nobody has to ask often."""
MAX_CONNECTIONS = 2048
"""All together: the media sockets of as many cameras as a relay carries, and as many that are being made."""
MAX_PER_NETWORK = 64
"""Connections of one /24 or /56: its cameras' media sockets, and those that are being made."""
SHUTDOWN_SECONDS = 2.0


class Connection(web.RequestHandler):
    """One HTTP connection. `crowd`: how many there are of each network."""

    __slots__ = ("_crowd", "_network", "_patience")

    def __init__(self, manager: web.Server, loop: asyncio.AbstractEventLoop, crowd: Counter[bytes]) -> None:
        super().__init__(manager, loop=loop, keepalive_timeout=NEXT_REQUEST_SECONDS)
        self._crowd = crowd
        self._network: bytes | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        stream = cast(asyncio.Transport, transport)  # uvloop's transports are none of asyncio's by type
        peer = stream.get_extra_info("peername")
        if peer is None:  # it has gone already
            stream.abort()
            return
        host = str(peer[0])
        network = network_of(host)
        # Behind a proxy all come from loopback; it has bounds of its own.
        crowded = self._crowd[network] >= MAX_PER_NETWORK and not _is_loopback(host)
        if crowded or self._crowd.total() >= MAX_CONNECTIONS:
            stream.abort()
            return
        self._crowd[network] += 1
        self._network = network
        self._wait(FIRST_REQUEST_SECONDS)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.request_arrived()
        if self._network is not None:
            self._crowd[self._network] -= 1
            if not self._crowd[self._network]:
                del self._crowd[self._network]
            self._network = None
        super().connection_lost(exc)

    def request_arrived(self) -> None:
        """A request has come as far as its handler."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def request_answered(self) -> None:
        """The handler is done with it, and the next one may come."""
        if self._network is not None:
            self._wait(NEXT_REQUEST_SECONDS)

    def _wait(self, seconds: float) -> None:
        self.request_arrived()
        if self.transport is not None:
            self._patience = asyncio.get_running_loop().call_later(seconds, self.transport.abort)


class HttpPort:
    """Serves one relay."""

    def __init__(self, program: RelayProgram) -> None:
        self._program = program
        app = web.Application(middlewares=[_note_arrival])
        app.router.add_get(MEDIA_PATH, program.media_socket(caller).handle, allow_head=False)
        app.router.add_get("/healthz", self._health)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        self._server: asyncio.Server | None = None
        self._crowd: Counter[bytes] = Counter()

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Listen. Raises `OSError`."""
        await self._runner.setup()
        manager, loop = self._runner.server, asyncio.get_running_loop()
        if manager is None:
            raise RuntimeError("the runner has no server")
        self._server = await loop.create_server(
            lambda: Connection(manager, loop, self._crowd),
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=FIRST_REQUEST_SECONDS if tls is not None else None,
            reuse_address=True,
        )

    async def close(self) -> None:
        """End all connections, and listen no more."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    async def _health(self, _request: web.Request) -> web.Response:
        joined = self._program.online
        return web.json_response({"joined": joined}, status=200 if joined else 503)


@web.middleware
async def _note_arrival(request: web.Request, handler: Handler) -> web.StreamResponse:
    connection = request.protocol
    if not isinstance(connection, Connection):
        return await handler(request)
    connection.request_arrived()
    try:
        return await handler(request)
    finally:
        connection.request_answered()


def caller(request: web.Request) -> str:
    """The caller's address; behind a proxy on this machine what that adds to X-Forwarded-For, at its end."""
    remote = request.remote or ""
    hops = [hop.strip() for header in request.headers.getall("X-Forwarded-For", []) for hop in header.split(",")]
    if not hops or not _is_loopback(remote):
        return remote
    return hops[-1] if _is_address(hops[-1]) else remote


def _is_loopback(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone is of any length, and means nothing on another machine
