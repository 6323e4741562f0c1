"""`GET /api/media`: where cameras without UDP bring their datagrams, as frames of a WebSocket (DESIGN §7, `wss`).

A camera comes here with nothing but the ICE credentials of the relay's answer. Its first frame must be a check that is
signed with them; whoever cannot show one is sent away, and few may try at the same time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

import structlog
from aiohttp import WSMsgType, hdrs, web

from media.relay.rates import network_of
from media.relay.tunnel import Tunnel
from signaling.protocol.media_socket import MAX_DATAGRAM, MEDIA_SUBPROTOCOL, PROOF_SECONDS
from signaling.protocol.messages import HEARTBEAT_SECONDS

MAX_SOCKETS = 1024
"""All together; each carries one camera's upload."""
MAX_UNPROVEN = 128
"""Sockets that have not shown a valid check yet. Beyond it the oldest go first: whoever means it shows one at once."""
MAX_UNPROVEN_PER_NETWORK = 16
"""Of one /24 or /56: the cameras of a few households that come back at the same time."""
CLOSE_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Tunnels(Protocol):
    """Who takes the datagrams; `media.relay.node.Relay` is one."""

    def tunnel(
        self,
        address: tuple[str, int],
        send: Callable[[bytes], None],
        backlog: Callable[[], int],
        end: Callable[[], None],
    ) -> Tunnel: ...


class Trial:
    """A socket that has not shown a valid check yet."""

    def __init__(self, network: bytes) -> None:
        self.network = network
        self._patience: asyncio.Timeout | None = None
        self._is_over = False

    def patience(self) -> asyncio.Timeout:
        """For the wait for its first frame; to be entered at once."""
        self._patience = asyncio.timeout(0 if self._is_over else PROOF_SECONDS)
        return self._patience

    def heard(self) -> None:
        """It waits no more."""
        self._patience = None

    def end(self) -> None:
        """Another has its place."""
        self._is_over = True
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time())


class Outbox:
    """Frames on their way out of one socket, in order; `backlog` bounds them at the tunnel."""

    def __init__(self, ws: web.WebSocketResponse) -> None:
        self._ws = ws
        self._frames: deque[bytes] = deque()
        self._some = asyncio.Event()
        self._ended = False
        self.bytes = 0

    def put(self, frame: bytes) -> None:
        """Send soon."""
        self._frames.append(frame)
        self.bytes += len(frame)
        self._some.set()

    def end(self) -> None:
        """Close the socket once what is here has gone out."""
        self._ended = True
        self._some.set()

    async def run(self) -> None:
        """Send until the end."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._frames:
                frame = self._frames.popleft()
                await self._ws.send_bytes(frame)
                self.bytes -= len(frame)
            if self._ended:
                await self._ws.close()
                return


class MediaSocket:
    """`handle` is the aiohttp handler. `address`: the caller's, as the host of this route sees it."""

    def __init__(self, relay: Tunnels, address: Callable[[web.Request], str]) -> None:
        self._relay = relay
        self._address = address
        self._sockets = 0
        self._trials: dict[Trial, None] = {}
        """The oldest first."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One camera's socket, to its end."""
        host, port = self._address(request), _port(request)
        try:
            network = network_of(host)
        except ValueError:
            raise web.HTTPBadRequest from None
        self._check(request)
        trial = self._begin(network)
        self._sockets += 1
        try:
            return await self._serve(request, (host, port), trial)
        finally:
            self._trials.pop(trial, None)
            self._sockets -= 1

    def _check(self, request: web.Request) -> None:
        if hdrs.ORIGIN in request.headers:
            # Cameras send none, pages always do (RFC 6455 §4.1), and no page has any business here.
            raise web.HTTPForbidden
        offered = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "")
        if MEDIA_SUBPROTOCOL not in [name.strip() for name in offered.split(",")]:
            raise web.HTTPBadRequest
        if self._sockets >= MAX_SOCKETS:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"})

    def _begin(self, network: bytes) -> Trial:
        """One more that has to show a check, if need be in the place of an older one."""
        neighbours = [trial for trial in self._trials if trial.network == network]
        for crowd, most in ((neighbours, MAX_UNPROVEN_PER_NETWORK), (list(self._trials), MAX_UNPROVEN)):
            if len(crowd) >= most:
                self._trials.pop(crowd[0], None)
                crowd[0].end()
        trial = Trial(network)
        self._trials[trial] = None
        return trial

    async def _serve(self, request: web.Request, address: tuple[str, int], trial: Trial) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(
            protocols=(MEDIA_SUBPROTOCOL,),
            heartbeat=HEARTBEAT_SECONDS,
            compress=False,
            max_msg_size=MAX_DATAGRAM + 1,  # aiohttp refuses what is as long as this
            timeout=CLOSE_SECONDS,
        )
        await ws.prepare(request)
        out = Outbox(ws)
        tunnel = self._relay.tunnel(address, out.put, lambda: out.bytes, out.end)
        sending = asyncio.create_task(out.run())
        try:
            if await self._prove(ws, tunnel, trial):
                self._trials.pop(trial, None)
                log.info("media_socket_open", address=address[0])
                await self._receive(ws, tunnel)
        finally:
            tunnel.close()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await ws.close()
        return ws

    async def _prove(self, ws: web.WebSocketResponse, tunnel: Tunnel, trial: Trial) -> bool:
        """Whether the first frame is a valid check, and comes in time."""
        try:
            async with trial.patience():
                message = await ws.receive()
        except TimeoutError:
            return False
        finally:
            trial.heard()
        if message.type is WSMsgType.BINARY:
            tunnel.receive(message.data)
        return tunnel.proven

    async def _receive(self, ws: web.WebSocketResponse, tunnel: Tunnel) -> None:
        async for message in ws:
            if message.type is not WSMsgType.BINARY:
                return
            tunnel.receive(message.data)


def _port(request: web.Request) -> int:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return int(peer[1]) if isinstance(peer, tuple) else 0
