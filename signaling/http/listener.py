"""Listens: aiohttp's connection, with our answers to what is not HTTP and our bound on what never becomes a request."""

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

import structlog
from aiohttp import web

from signaling.http.crowd import Crowd
from signaling.http.problems import from_http_exception, problem
from signaling.http.proxied_port import ProxiedPort
from signaling.http.shared_port import Factory, SharedPort

MAX_LINE_BYTES = 8190
MAX_HEADER_BYTES = 8190
MAX_HEADERS = 64
KEEPALIVE_SECONDS = 75.0
FIRST_REQUEST_SECONDS = 20.0
"""From connecting to the end of the first request's headers: a slow handshake, no more (Slowloris)."""
BACKLOG = 1024

log = structlog.get_logger(__name__)


class Connection(web.RequestHandler):
    """One HTTP connection. `crowd`: the others; None where all come through a proxy."""

    __slots__ = ("_at_the_end", "_counted_as", "_crowd", "_patience")

    def __init__(self, manager: web.Server, loop: asyncio.AbstractEventLoop, crowd: Crowd | None) -> None:
        super().__init__(
            manager,
            loop=loop,
            keepalive_timeout=KEEPALIVE_SECONDS,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
            auto_decompress=False,  # a body with Content-Encoding is refused; unpacking it would be the attack
        )
        self._patience: asyncio.TimerHandle | None = None
        self._crowd = crowd
        self._counted_as: str | None = None
        self._at_the_end: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        stream = cast(asyncio.Transport, transport)  # uvloop's transports are none of asyncio's by type
        self._count(stream)
        self._patience = asyncio.get_running_loop().call_later(FIRST_REQUEST_SECONDS, stream.abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.request_arrived()
        if self._crowd is not None and self._counted_as is not None:
            self._crowd.leave(self._counted_as)
            self._counted_as = None
        super().connection_lost(exc)
        if self._at_the_end is not None:
            self._at_the_end()
            self._at_the_end = None

    def _count(self, transport: asyncio.Transport) -> None:
        peer = transport.get_extra_info("peername")
        if self._crowd is None or not isinstance(peer, tuple):
            return
        if self._crowd.enter(str(peer[0])):
            self._counted_as = str(peer[0])
        else:
            log.debug("crowded_out", address=str(peer[0]))
            transport.abort()

    def request_arrived(self) -> None:
        """A request has come as far as its handler."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def at_the_end(self, call: Callable[[], None] | None) -> None:
        """`call`: once, when the connection is lost. aiohttp tells no handler, which may wait long for nobody."""
        self._at_the_end = call

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """What aiohttp refuses before our middleware (an `Expect` it does not know, RFC 9110 §10.1.1), in our form."""
        if isinstance(resp, web.HTTPException):
            resp = from_http_exception(resp)
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What cannot be read as HTTP is the peer's fault; anything else is ours and is logged in full.

        Raises ConnectionError where an answer had begun: that breaks off instead of having another one in its midst.
        """
        del message  # it quotes the request, and a device's token may stand in the query
        if request.writer.output_size > 0:
            raise ConnectionError("the answer breaks off") from exc
        if status < 500:
            log.info("not_http", problem=type(exc).__name__, address=request.remote)
            answer = problem("invalid_request", "this is not a well-formed HTTP request")
        else:
            log.error("connection_failed", exc_info=exc)
            answer = problem("internal", "this is our fault and has been logged")
        answer.force_close()
        return answer


class Listener:
    """A listening port in front of an application that its runner has set up. `proxied`: who is served where it speaks
    plain HTTP behind a proxy."""

    def __init__(self, runner: web.AppRunner, crowd: Crowd | None = None, proxied: ProxiedPort | None = None) -> None:
        self._runner = runner
        self._crowd = crowd
        self._proxied = proxied
        self._server: asyncio.Server | SharedPort | None = None

    async def bind(self, host: str, port: int, tls: ssl.SSLContext | None, relay: Factory | None = None) -> None:
        """Take the port; nobody is served before `serve`. Raises OSError.

        `relay`: protocols for the relay's TCP connections, which share a port that speaks TLS.
        """
        manager, loop = self._runner.server, asyncio.get_running_loop()
        if manager is None:
            raise RuntimeError("the runner has to be set up first")

        def connection() -> Connection:
            return Connection(manager, loop, self._crowd)

        if tls is not None:
            shared = SharedPort(connection, tls, FIRST_REQUEST_SECONDS, relay)
            await shared.bind(host, port, BACKLOG)
            self._server = shared
            return
        self._server = await loop.create_server(
            connection if self._proxied is None else self._proxied.guarded(connection),
            host,
            port,
            backlog=BACKLOG,
            reuse_address=True,
            start_serving=False,
        )

    async def serve(self) -> None:
        """Begin to accept connections. Raises OSError."""
        if isinstance(self._server, SharedPort):
            self._server.serve()
        elif self._server is not None:
            await self._server.start_serving()

    def stop(self) -> None:
        """Take no further connections."""
        if isinstance(self._server, SharedPort):
            self._server.stop()
        elif self._server is not None:
            self._server.close()
