"""Listens: aiohttp's connection, with our answers to what is not HTTP and our bound on what never becomes a request."""

import asyncio
import ssl

import structlog
from aiohttp import web

from signaling.http.problems import problem

MAX_LINE_BYTES = 8190
MAX_HEADER_BYTES = 8190
MAX_HEADERS = 64
KEEPALIVE_SECONDS = 75.0
FIRST_REQUEST_SECONDS = 20.0
"""From connecting to the end of the first request's headers: a slow handshake, no more (Slowloris)."""
BACKLOG = 1024

log = structlog.get_logger(__name__)


class Connection(web.RequestHandler):
    """One HTTP connection."""

    __slots__ = ("_patience",)

    def __init__(self, manager: web.Server, loop: asyncio.AbstractEventLoop) -> None:
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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if isinstance(transport, asyncio.Transport):
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(FIRST_REQUEST_SECONDS, transport.abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.request_arrived()
        super().connection_lost(exc)

    def request_arrived(self) -> None:
        """A request has come as far as its handler."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What cannot be read as HTTP is the peer's fault; anything else is ours and is logged in full."""
        del message  # it quotes the request, and a device's token may stand in the query
        if status < 500:
            log.info("not_http", problem=type(exc).__name__, address=request.remote)
            answer = problem("invalid_request", "this is not a well-formed HTTP request")
        else:
            log.error("connection_failed", exc_info=exc)
            answer = problem("internal", "this is our fault and has been logged")
        answer.force_close()
        return answer


class Listener:
    """A listening port in front of an application that its runner has set up."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner
        self._server: asyncio.Server | None = None

    async def bind(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Take the port; nobody is served before `serve`. Raises OSError."""
        manager, loop = self._runner.server, asyncio.get_running_loop()
        if manager is None:
            raise RuntimeError("the runner has to be set up first")
        self._server = await loop.create_server(
            lambda: Connection(manager, loop),
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=FIRST_REQUEST_SECONDS if tls is not None else None,
            backlog=BACKLOG,
            reuse_address=True,
            start_serving=False,
        )

    async def serve(self) -> None:
        """Begin to accept connections. Raises OSError."""
        if self._server is not None:
            await self._server.start_serving()

    def stop(self) -> None:
        """Take no further connections."""
        if self._server is not None:
            self._server.close()
