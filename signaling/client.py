"""The device's end of the signaling socket: stays connected, registers, passes on what comes, asks what it is asked to.

    client = SignalingClient(url, authorization=..., handler=..., tickets=..., backoff=...)
    await client.run()

`run` reconnects for ever; only a server that does not know this device any more (401) ends it. Media that flows is
no business of this file: it goes on whether the socket lives or not.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Protocol

import aiohttp
import msgspec
import structlog

from signaling.client_line import Line, SignalingError
from signaling.client_turns import Turns, Work
from signaling.protocol import messages as wire
from signaling.protocol.errors import CloseCode, Fault, Notice, ProtocolError

__all__ = ["Handler", "Rejected", "SignalingClient", "SignalingError", "Trust"]

CONNECT_SECONDS = 10.0
"""For TCP, TLS, HTTP and `register` together."""
INVITE_SECONDS = 30.0
"""For a viewer's answer; the server gives up earlier."""
CLOSE_SECONDS = 2.0
STABLE_SECONDS = 10.0
"""A connection that lived this long was a good one: the next wait begins small again."""
SUPERSEDED_SECONDS = 10.0
"""Somebody else connects with our key; do not wrestle for it."""
CLOCK_STEP_SECONDS = 15.0
"""If the server's clock turns out to differ by more than this from what we assumed, our signed times were at fault."""
REGISTER_ID = 1

Trust = ssl.SSLContext | aiohttp.Fingerprint | bool

log = structlog.get_logger(__name__)


class Rejected(Exception):
    """The server does not accept this identity, or not any more."""


class Handler(Protocol):
    """What the device does. Calls about one session come one after the other; sessions do not wait for each other."""

    async def connected(self, registered: wire.RegisterResult) -> None:
        """Registered. Sessions that are not in `registered.belvedere.adopted` are over."""

    async def disconnected(self) -> None:
        """The socket is gone; `run` is trying again."""

    async def connect(self, params: wire.DeviceConnectParams) -> None:
        """A viewer wants to see. Refuse by raising `ProtocolError`."""

    async def candidate(self, session: str, candidate: wire.Candidate) -> None:
        """One of the viewer's candidates; may come before its answer. An empty one is the last."""

    async def extend(self, params: wire.DeviceExtendParams) -> None:
        """The session may go on for `expiry_time_seconds` from now; the ticket replaces the one held."""

    async def close(self, session: str, reason: str) -> None:
        """The session is over. May name one that is not known."""


class SignalingClient:
    """`authorization`: makes the header's value, anew for each try. `tickets`: of the sessions that still run.

    `backoff`: seconds to wait before try number n + 1, with its randomness. `random`: in [0, 1). `tls`: as aiohttp's
    `ssl`. `clock`: Unix seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        authorization: Callable[[], str],
        handler: Handler,
        backoff: Callable[[int], float],
        random: Callable[[], float],
        tickets: Callable[[], list[str]] = list,
        capabilities: wire.Capabilities | None = None,
        tls: Trust = True,
        version: str | None = None,
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
        self._version = version
        self._clock = clock
        self._offset = 0.0
        self._line: Line | None = None
        self._turns = Turns()
        self._return_in: float | None = None

    # --- what the agent asks ---

    @property
    def online(self) -> bool:
        """Whether there is a socket to speak through."""
        return self._line is not None

    def server_time(self) -> float:
        """Unix seconds by the server's clock, as its `Date` header told it (whole seconds); ours before the first."""
        return self._clock() + self._offset

    async def invite(self, session: str, offer: str) -> str:
        """Send the offer, wait for the viewer's answer (SDP). Raises `SignalingError`."""
        if self._line is None:
            raise SignalingError(Fault.GONE, "there is no connection to the server")
        result = await self._line.request("invite", wire.InviteParams(session, offer), INVITE_SECONDS)
        try:
            return wire.params_as(wire.InviteResult, result).answer
        except ProtocolError as error:
            raise SignalingError(error.code, error.message) from None

    async def trickle(self, session: str, candidate: wire.Candidate) -> bool:
        """Send one candidate, at the end an empty one. False if there is no connection."""
        return await self._notify("trickle", wire.TrickleParams(session, candidate))

    async def close_session(self, session: str, reason: str) -> bool:
        """The session is over. Without a connection (False), leaving its ticket out later says the same."""
        return await self._notify("belvedere.close", wire.CloseParams(session, reason))

    async def error(self, session: str, code: int, message: str) -> bool:
        """Something is wrong with the session (`Notice`)."""
        return await self._notify("error", wire.ErrorParams(session, code, message))

    async def event(self, name: str, detail: str = "") -> bool:
        """Tell the server what happened to this device."""
        return await self._notify("belvedere.event", wire.EventParams(name, detail))

    # --- life ---

    async def run(self) -> None:
        """Stay connected until cancelled. Raises `Rejected`."""
        traces = aiohttp.TraceConfig()
        traces.on_request_end.append(self._read_date)
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(trace_configs=[traces], timeout=timeout, cookie_jar=jar) as http:
            try:
                await self._stay_connected(http)
            finally:
                await self._turns.close()

    async def _stay_connected(self, http: aiohttp.ClientSession) -> None:
        attempt = 0
        while True:
            began, self._return_in = self._clock(), None
            code = await self._connect_once(http)
            attempt = 0 if self._clock() - began >= STABLE_SECONDS else attempt
            wait = self._backoff(attempt) if self._return_in is None else self._return_in
            if code == CloseCode.SUPERSEDED:
                log.warning("signaling_superseded")
                wait = max(wait, SUPERSEDED_SECONDS)
            attempt += 1
            await asyncio.sleep(wait)

    async def _connect_once(self, http: aiohttp.ClientSession) -> int | None:
        """One connection, from beginning to end. Returns the code it was closed with."""
        assumed = self._offset
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                socket = await self._open(http)
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
                registered = await self._register(socket)
            # A socket whose reading was cancelled cannot say goodbye, so reading is a task of its own.
            reading = asyncio.create_task(self._serve(socket, registered))
            try:
                return await asyncio.shield(reading)
            except asyncio.CancelledError:
                await socket.close(code=CloseCode.NORMAL)
                await asyncio.wait([reading], timeout=CLOSE_SECONDS)
                raise
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        finally:
            await socket.close(code=CloseCode.SERVICE_RESTART)

    async def _open(self, http: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        try:
            return await http.ws_connect(
                self._url,
                protocols=(wire.SUBPROTOCOL,),
                headers={"Authorization": self._authorization()},
                ssl=self._tls,
                heartbeat=wire.HEARTBEAT_SECONDS,
                compress=0,
                max_msg_size=wire.MAX_MESSAGE_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
            )
        except aiohttp.WSServerHandshakeError as error:
            if error.status == Fault.UNAUTHORIZED:
                raise Rejected("the server does not know this device") from None
            raise

    async def _register(self, socket: aiohttp.ClientWebSocketResponse) -> wire.RegisterResult:
        params = wire.RegisterParams(
            capabilities=self._capabilities,
            belvedere=wire.RegisterExtra(tickets=self._tickets(), version=self._version),
        )
        await socket.send_str(wire.request(REGISTER_ID, "register", params))
        message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise SignalingError(Fault.GONE, "the server closed the connection")
        reply = wire.decode(message.data)
        if isinstance(reply, wire.Failure):
            if reply.code == Fault.UNAUTHORIZED:
                raise Rejected(reply.message)
            raise SignalingError(reply.code, reply.message)
        if not isinstance(reply, wire.Result) or reply.id != REGISTER_ID:
            raise ProtocolError(Fault.INVALID_REQUEST, "the server did not answer `register`")
        return wire.params_as(wire.RegisterResult, reply.result)

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse, registered: wire.RegisterResult) -> int | None:
        line = self._line = Line(socket, REGISTER_ID)
        log.info("signaling_connected", id=registered.id)
        try:
            await self._handler.connected(registered)
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._receive(line, message.data)
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

    # --- messages in ---

    async def _receive(self, line: Line, text: str) -> None:
        try:
            message = wire.decode(text)
        except ProtocolError as error:
            log.warning("signaling_malformed", problem=error.message)
            return
        match message:
            case wire.Request():
                await self._asked(line, message)
            case wire.Notification():
                self._told(message)
            case wire.Result() | wire.Failure():
                line.answered(message)

    async def _asked(self, line: Line, request: wire.Request) -> None:
        try:
            if request.method == "connect":
                connect = wire.params_as(wire.DeviceConnectParams, request.params)
                self._about(connect.session, lambda: self._answer(line, request, self._handler.connect(connect)))
            elif request.method == "extend":
                extend = wire.params_as(wire.DeviceExtendParams, request.params)
                self._about(extend.session, lambda: self._answer(line, request, self._handler.extend(extend)))
            else:
                await line.send(wire.failure(request.id, Fault.METHOD_NOT_FOUND, "there is no such method"))
        except ProtocolError as error:
            await line.send(wire.failure(request.id, error.code, error.message))

    async def _answer(self, line: Line, request: wire.Request, work: Awaitable[None]) -> None:
        try:
            await work
        except ProtocolError as error:
            await line.send(wire.failure(request.id, error.code, error.message))
        except SignalingError as error:
            log.info("signaling_session_failed", method=request.method, problem=error.message)
            await line.send(wire.failure(request.id, error.code, error.message))
        except Exception:
            log.exception("signaling_handler_failed", method=request.method)
            await line.send(wire.failure(request.id, Fault.INTERNAL, "the device failed"))
        else:
            await line.send(wire.result(request.id, wire.Nothing()))

    def _told(self, message: wire.Notification) -> None:
        try:
            if message.method == "trickle":
                trickle = wire.params_as(wire.TrickleParams, message.params)
                self._about(trickle.session, lambda: self._handler.candidate(trickle.session, trickle.candidate))
            elif message.method == "belvedere.close":
                close = wire.params_as(wire.CloseParams, message.params)
                self._about(close.session, lambda: self._handler.close(close.session, close.reason), vital=True)
            elif message.method == "error":
                self._warned(wire.params_as(wire.ErrorParams, message.params))
            elif message.method == "belvedere.goAway":
                self._sent_away(wire.params_as(wire.GoAwayParams, message.params))
        except ProtocolError as error:
            log.warning("signaling_malformed", method=message.method, problem=error.message)

    def _warned(self, error: wire.ErrorParams) -> None:
        if error.code == Notice.MALFORMED_CANDIDATE:
            log.warning("signaling_candidate_refused", session=error.session, problem=error.message)
        else:
            self._about(error.session, lambda: self._handler.close(error.session, error.message), vital=True)

    def _sent_away(self, params: wire.GoAwayParams) -> None:
        jitter = min(max(params.jitter_seconds, 0.0), SUPERSEDED_SECONDS)
        self._return_in = min(max(params.grace_seconds, 0.0), SUPERSEDED_SECONDS) + jitter * self._random()

    def _about(self, session: str, work: Work, *, vital: bool = False) -> None:
        """Handle something about a session, after whatever came before about the same one."""
        if self._turns.full and not vital:
            raise ProtocolError(Fault.TOO_MANY_REQUESTS, "the device is busy")
        self._turns.add(session, work)

    async def _notify(self, method: wire.Method, params: msgspec.Struct) -> bool:
        line = self._line
        return line is not None and await line.send(wire.notification(method, params))
