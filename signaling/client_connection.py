"""The connection that devices and clients share: stays connected, registers, and hands on what comes in.

`run` reconnects for ever; only a server that does not know this party any more (401) ends it. Media that flows is no
business of this file: it goes on whether the socket lives or not.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Generic, Protocol, TypeVar

import aiohttp
import msgspec
import structlog

from signaling.client_deeds import Deed, Deeds, Ending, ending_of
from signaling.client_line import Line, SignalingError
from signaling.client_recall import CalledAway, Recall
from signaling.client_redirects import unredirected
from signaling.client_registration import CLOSE_SECONDS, REGISTER_ID, Rejected, Trust, open_socket, register
from signaling.protocol import messages as wire
from signaling.protocol.errors import CloseCode, Fault, ProtocolError

CONNECT_SECONDS = 10.0
"""For TCP, TLS and HTTP, and once more for `register`."""
STABLE_SECONDS = 10.0
"""A connection that lived this long was a good one: the next wait begins small again."""
SUPERSEDED_SECONDS = 10.0
"""Somebody else connects with our key; do not wrestle for it."""
CLOCK_STEP_SECONDS = 15.0
"""If the server's clock turns out to differ by more than this from what we assumed, our signed times were at fault."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Presence(Protocol):
    """Who wants to know whether there is a connection."""

    async def connected(self, registered: wire.RegisterResult) -> None:
        """Registered. Sessions that are not in `registered.belvedere.adopted` are over."""

    async def disconnected(self) -> None:
        """The socket is gone; `run` is trying again."""


H = TypeVar("H", bound=Presence)


class SignalingConnection(ABC, Generic[H]):
    """`authorization`: makes the header's value, anew for each try. `tickets`: of the sessions that still run.

    `backoff`: seconds to wait before try number n + 1, with its randomness. `random`: in [0, 1). `tls`: as aiohttp's
    `ssl`. `introduction`: what else `register` says of us. `clock`: Unix seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        authorization: Callable[[], str],
        handler: H,
        backoff: Callable[[int], float],
        random: Callable[[], float],
        tickets: Callable[[], list[str]] = list,
        capabilities: wire.Capabilities | None = None,
        tls: Trust = True,
        introduction: wire.RegisterExtra | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._authorization = authorization
        self._handler = handler
        self._backoff = backoff
        self._random = random
        self._tickets = tickets
        self._capabilities = capabilities
        self._tls = tls
        self._introduction = introduction or wire.RegisterExtra()
        self._clock = clock
        self._offset = 0.0
        self._line: Line | None = None
        self._deeds = Deeds(self.asked, self.told, self._sent_away)
        self._return_in: float | None = None
        self._moved = False
        self._recall = Recall()
        self._closing: set[asyncio.Task[None]] = set()

    def introduce(self, introduction: wire.RegisterExtra) -> None:
        """Say this of us at the next registration."""
        self._introduction = introduction

    # --- what the two kinds answer ---

    @abstractmethod
    def asked(self, request: wire.Request) -> Deed:
        """What is done about a request. Raises `ProtocolError`."""

    @abstractmethod
    async def over(self, ending: Ending) -> None:
        """What is done about the end of a session."""

    def told(self, message: wire.Notification) -> Deed | None:
        """What is done about a notification. Raises `ProtocolError`."""
        ending = ending_of(message)
        return Deed(ending.session, lambda: self.over(ending), vital=True) if ending is not None else None

    # --- what both kinds say ---

    @property
    def online(self) -> bool:
        """Whether there is a socket to speak through."""
        return self._line is not None

    def server_time(self) -> float:
        """Unix seconds by the server's clock, as its `Date` header told it (whole seconds); ours before the first."""
        return self._clock() + self._offset

    def reconnect(self, *, moved: bool) -> None:
        """Leave the connection there is, as one that may be half-open, and make a new one without waiting.

        `moved`: our addresses have changed; the server hears it with the next `register`.
        """
        self._moved = self._moved or moved
        self._recall.call()

    def believe(self, tls: Trust) -> None:
        """Check the server so, from the next connection on."""
        self._tls = tls

    async def trickle(self, session: str, candidate: wire.Candidate) -> bool:
        """Send one candidate, at the end an empty one. False if there is no connection."""
        return await self._notify("trickle", wire.TrickleParams(session, candidate))

    async def close_session(self, session: str, reason: str) -> bool:
        """The session is over. Without a connection (False), leaving its ticket out later says the same."""
        return await self._notify("belvedere.close", wire.CloseParams(session, reason))

    async def error(self, session: str, code: int, message: str) -> bool:
        """Something is wrong with the session (`Notice`)."""
        return await self._notify("error", wire.ErrorParams(session, code, message))

    async def _request(self, method: wire.RequestMethod, params: msgspec.Struct, kind: type[T], seconds: float) -> T:
        if self._line is None:
            raise SignalingError(Fault.GONE, "there is no connection to the server")
        result = await self._line.request(method, params, seconds)
        try:
            return wire.params_as(kind, result)
        except ProtocolError as error:
            raise SignalingError(error.code, error.message) from None

    async def _notify(self, method: wire.NotificationMethod, params: msgspec.Struct) -> bool:
        line = self._line
        return line is not None and await line.send(wire.notification(method, params))

    # --- life ---

    async def run(self) -> None:
        """Stay connected until cancelled. Raises `Rejected`."""
        traces = aiohttp.TraceConfig()
        traces.on_request_end.append(self._read_date)
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(
            trace_configs=[traces], timeout=timeout, cookie_jar=jar, middlewares=(unredirected,)
        ) as http:
            try:
                await self._stay_connected(http)
            finally:
                await self._deeds.close()
                await asyncio.gather(*self._closing, return_exceptions=True)

    async def _stay_connected(self, http: aiohttp.ClientSession) -> None:
        attempt = 0
        while True:
            began, self._return_in = self._clock(), None
            self._recall.clear()
            try:
                code = await self._connect_once(http)
                attempt = 0 if self._clock() - began >= STABLE_SECONDS else attempt
                wait = self._backoff(attempt) if self._return_in is None else self._return_in
                if code == CloseCode.SUPERSEDED:
                    log.warning("signaling_superseded")
                    wait = max(wait, SUPERSEDED_SECONDS)
                attempt += 1
                await self._recall.unless_called(asyncio.sleep(wait))
            except CalledAway:
                log.info("signaling_reconnects")
                attempt = 0

    async def _connect_once(self, http: aiohttp.ClientSession) -> int | None:
        """One connection, from beginning to end. Returns the code it was closed with. Raises `CalledAway`."""
        assumed = self._offset
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                socket = await self._recall.unless_called(
                    open_socket(http, self._url, self._authorization(), self._tls)
                )
            return await self._converse(socket)
        except Rejected:
            if abs(self._offset - assumed) > CLOCK_STEP_SECONDS:
                log.info("signaling_clock_corrected", offset=round(self._offset))
                return None
            raise
        except (aiohttp.ClientError, OSError, TimeoutError, ProtocolError, SignalingError) as error:
            log.warning("signaling_unreachable", problem=str(error) or type(error).__name__)
        return None

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> int | None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                registered = await self._recall.unless_called(self._register(socket))
            # A socket whose reading was cancelled cannot say goodbye, so reading is a task of its own.
            reading = asyncio.create_task(self._serve(socket, registered))
            try:
                return await self._recall.unless_called(_result_of(reading))
            except asyncio.CancelledError:
                await socket.close(code=CloseCode.NORMAL)
                await asyncio.wait([reading], timeout=CLOSE_SECONDS)
                raise
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        finally:
            # In the background: a half-open connection takes its time, and a new one must not wait for it.
            closing = asyncio.create_task(_close(socket))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            if not self._recall.called:
                await asyncio.wait([closing])

    async def _register(self, socket: aiohttp.ClientWebSocketResponse) -> wire.RegisterResult:
        moved = self._moved
        extra = msgspec.structs.replace(self._introduction, tickets=self._tickets(), moved=moved)
        params = wire.RegisterParams(capabilities=self._capabilities, belvedere=extra)
        registered = await register(socket, params)
        if moved and not self._recall.called:
            self._moved = False
        return registered

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse, registered: wire.RegisterResult) -> int | None:
        line = self._line = Line(socket, REGISTER_ID)
        log.info("signaling_connected", id=registered.id)
        try:
            await self._handler.connected(registered)
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._deeds.receive(line, message.data)
        finally:
            self._line = None
            line.lost()
            log.info("signaling_disconnected", code=socket.close_code)
            await self._handler.disconnected()
        return socket.close_code

    async def _read_date(self, _session: object, _context: object, params: aiohttp.TraceRequestEndParams) -> None:
        try:
            date = parsedate_to_datetime(params.response.headers["Date"])
        except (KeyError, ValueError):
            return
        self._offset = date.timestamp() - self._clock()

    def _sent_away(self, params: wire.GoAwayParams) -> None:
        jitter = min(max(params.jitter_seconds, 0.0), SUPERSEDED_SECONDS)
        self._return_in = min(max(params.grace_seconds, 0.0), SUPERSEDED_SECONDS) + jitter * self._random()


async def _result_of(task: "asyncio.Task[T]") -> T:
    return await asyncio.shield(task)


async def _close(socket: aiohttp.ClientWebSocketResponse) -> None:
    await socket.close(code=CloseCode.SERVICE_RESTART)
