"""All signaling sockets of this node: the rim around the broker.

It reads messages and hands them to `signaling.broker`, carries out the effects, rings the table's alarms, asks
`signaling.admission` what the broker wants to know, and listens for revocations. The broker is called synchronously,
so two messages never meet inside it.
"""

import asyncio
import contextlib
import functools
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import structlog
from aiohttp import web

from signaling import broker
from signaling.admission import Admission, Arrival, Gate, IceServers
from signaling.bucket import full
from signaling.effects import (
    Address,
    Ask,
    AskConnect,
    AskExtend,
    AskRegister,
    Counted,
    Effect,
    Hangup,
    Send,
    Watched,
    Watching,
)
from signaling.gate import Viewer
from signaling.leases import Refusal
from signaling.limits import Limits
from signaling.live.state import LiveState, LiveUnavailable
from signaling.news import CameraEvents, NewsDesk
from signaling.protocol.errors import CloseCode, Fault, ProtocolError
from signaling.protocol.messages import decode
from signaling.protocol.relay_token import is_relay
from signaling.refusals import Refused
from signaling.registration import DeviceIdentity
from signaling.socket import CLOSE_SECONDS, Socket, new_response
from signaling.table import Party, Table
from signaling.viewings import Viewings
from signaling.watch import Watch

GO_AWAY_GRACE_SECONDS = 0.1
"""A peer that came back at once would find the old process."""
GO_AWAY_JITTER_SECONDS = 0.4
"""Over this the peers of a node that restarts spread their return."""
MIN_ALARM_SECONDS = 0.01
MAX_PAUSE_SECONDS = 1.0
"""A reader that pauses longer would miss the heartbeat's answer."""

log = structlog.get_logger(__name__)


class Meter(Protocol):
    """Where counters go. Names are the broker's (`effects.Counted`) and the hub's, all known in advance."""

    def count(self, name: str) -> None: ...


class Hub:
    """Give every accepted WebSocket to `serve`; `start` before, `close` after.

    `node`: this process among others. `clock`: Unix seconds. `fresh_id`: random, url-safe, never the same twice.
    """

    def __init__(
        self,
        *,
        node: str,
        table: Table,
        admission: Admission,
        news: NewsDesk,
        live: LiveState,
        fresh_id: Callable[[], str],
        meter: Meter,
        viewings: Viewings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.table = table
        self._node = node
        self._admission = admission
        self._news = news
        self._live = live
        self._fresh_id = fresh_id
        self._meter = meter
        self._viewings = viewings
        self._clock = clock
        self._sockets: dict[Address, Socket] = {}
        self._serving: set[asyncio.Task[Any]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_for: float | None = None
        self.watch = Watch(table, live, admission.gate, self.apply, clock)
        self._tasks: list[asyncio.Task[None]] = []
        self.draining = False

    # --- life ---

    async def start(self) -> None:
        """Begin to listen for revocations and to tell news."""
        self._tasks = [asyncio.create_task(job) for job in (self._news.run(), *self.watch.jobs())]

    async def close(self) -> None:
        """Tell everybody, close all sockets at the same time, and stop. Bounded by about `CLOSE_SECONDS`."""
        self.draining = True
        self.apply(broker.go_away(self.table, GO_AWAY_GRACE_SECONDS, GO_AWAY_JITTER_SECONDS))
        for socket in list(self._sockets.values()):
            socket.hangup(CloseCode.SERVICE_RESTART, "the server restarts")
        if self._serving:
            await asyncio.wait(self._serving, timeout=CLOSE_SECONDS + 0.5)
        for socket in list(self._sockets.values()):
            socket.abort()
        if self._alarm is not None:
            self._alarm.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.flush(), CLOSE_SECONDS)

    def sizes(self) -> dict[str, int]:
        """For gauges: sockets, cameras, sessions."""
        return {
            "sockets": len(self._sockets),
            "cameras": sum(not is_relay(key) for key in self.table.devices),
            "relays": len(self.table.relays()),
            "sessions": len(self.table.sessions),
        }

    def unregistered(self) -> int:
        """Sockets that have not said who they are."""
        return len(self._sockets) - self.table.registered

    # --- one socket ---

    def is_relay(self, authorization: str) -> bool:
        """Whether a relay signed this; it has bounds of its own from the first byte on."""
        return self._admission.gate.relay_signed(authorization) is not None

    async def serve(self, request: web.Request, arrival: Arrival) -> web.WebSocketResponse:
        """Speak with one peer until its socket closes."""
        limits = self.table.relay_limits if arrival.relay else self.table.limits
        ws = new_response(limits)
        await ws.prepare(request)
        socket = Socket(Address(self._node, self._fresh_id()), ws, request, limits)
        task = asyncio.current_task()
        self._sockets[socket.address] = socket
        if task is not None:
            self._serving.add(task)
        self.apply(broker.opened(self.table, socket.address, self._clock()))
        try:
            await self._converse(socket, arrival, limits)
        except Exception:
            # Our bug, not the peer's: this socket ends, all others go on.
            log.exception("socket_failed")
            self._meter.count("socket_failed")
            socket.hangup(CloseCode.INTERNAL_ERROR, "internal error")
        finally:
            self.apply(broker.closed(self.table, socket.address, self._clock(), left=socket.left))
            try:
                await socket.finish()
            finally:
                del self._sockets[socket.address]
                if task is not None:
                    self._serving.discard(task)
        return ws

    async def _converse(self, socket: Socket, arrival: Arrival, limits: Limits) -> None:
        bucket = full(limits.messages_per_second, limits.messages_burst, self._clock())
        async for text in socket.messages():
            self._meter.count("message")
            pause = bucket.take(self._clock())
            if pause:
                self._meter.count("slowed")
                await asyncio.sleep(min(pause, MAX_PAUSE_SECONDS))
            if text is None:
                continue
            for ask in self.apply(self._read(socket.address, text, limits.message_bytes)):
                await self._settle(ask, arrival)

    def _read(self, peer: Address, text: str, most: int) -> list[Effect]:
        try:
            message = decode(text, most)
        except ProtocolError as error:
            return broker.malformed(self.table, peer, error)
        return broker.handle(self.table, peer, message, self._clock())

    async def _settle(self, ask: Ask, arrival: Arrival) -> None:
        """Find out what the broker asks, and tell it."""
        before = self.watch.serial
        try:
            effects = await self._find_out(ask, arrival)
        except (LiveUnavailable, Refused) as error:
            log.warning("socket_question_failed", question=type(ask).__name__, problem=str(error))
            effects = self._answer(ask, Refusal(Fault.INTERNAL, "the server cannot check this now, try again soon"))
        self.apply(effects)
        if not isinstance(ask, AskExtend) and self.watch.serial != before:
            # Something was revoked or closed while we asked; the answer may have been out of date.
            self.watch.recheck_soon(ask.peer)

    async def _find_out(self, ask: Ask, arrival: Arrival) -> list[Effect]:
        if isinstance(ask, AskRegister):
            identity, alive = await self._admission.register(ask, arrival)
            effects = broker.registered(self.table, ask, identity, alive, self._clock())
            await self._give_back(ask, identity)
            return effects
        party = self.table.parties.get(ask.peer)
        if party is None:
            return []
        if isinstance(ask, AskConnect):
            grant = await self._admission.connect(ask, _viewer(party))
            return broker.connected(self.table, ask, grant, self._clock())
        extension = await self._admission.extend(ask, _viewer(party))
        return broker.extended(self.table, ask, extension, self._clock())

    async def _give_back(self, ask: AskRegister, identity: object) -> None:
        """A presence claimed for a socket that was gone by then is not a presence."""
        if isinstance(identity, DeviceIdentity) and self.table.devices.get(identity.camera) != ask.peer:
            await self._live.release_presence(identity.camera, identity.epoch)

    def _answer(self, ask: Ask, refusal: Refusal) -> list[Effect]:
        now = self._clock()
        match ask:
            case AskRegister():
                return broker.registered(self.table, ask, refusal, {}, now)
            case AskConnect():
                return broker.connected(self.table, ask, refusal, now)
            case AskExtend():
                return broker.extended(self.table, ask, refusal, now)

    # --- effects and alarms ---

    def apply(self, effects: Iterable[Effect]) -> list[Ask]:
        """Carry the effects out, in order. Returns the questions among them."""
        asks: list[Ask] = []
        for effect in effects:
            match effect:
                case Send():
                    socket = self._sockets.get(effect.to)
                    if socket is not None and not socket.send(effect.text):
                        self._meter.count("too_slow")
                case Hangup():
                    if effect.to in self._sockets:
                        log.info("socket_hung_up", code=int(effect.code), reason=effect.reason)
                        self._hang_up(effect)
                case Counted():
                    self._meter.count(effect.name)
                case AskRegister() | AskConnect() | AskExtend():
                    asks.append(effect)
                case Watching():
                    self._viewings.began(effect)
                case Watched():
                    self._viewings.ended(effect.session, self._clock())
                case _:
                    self._news.add(effect)
        self._set_alarm()
        return asks

    def _hang_up(self, effect: Hangup) -> None:
        news = effect.outlived
        outlived = None if news is None else functools.partial(self._news.add, news)
        self._sockets[effect.to].hangup(effect.code, effect.reason, outlived)

    def _set_alarm(self) -> None:
        due = self.table.next_deadline()
        if due == self._alarm_for:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._alarm_for = None, due
        if due is not None:
            # At least a tick ahead: a clock that steps back must not make us ring without pause.
            delay = max(MIN_ALARM_SECONDS, due - self._clock())
            self._alarm = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        self._alarm_for = None
        self.apply(broker.expire(self.table, self._clock()))


def _viewer(party: Party) -> Viewer:
    return Viewer(party.user, party.login, party.deadline, party.only_camera)


def open_hub(
    *,
    node: str,
    gate: Gate,
    live: LiveState,
    events: CameraEvents,
    ticket_key: bytes,
    ice_servers: IceServers,
    meter: Meter,
    fresh_id: Callable[[], str],
    clock: Callable[[], float] = time.time,
    limits: Limits | None = None,
    pins: Sequence[str] = (),
    viewings: Viewings | None = None,
) -> Hub:
    """A hub with all that belongs to it. `ticket_key`: at least 32 secret bytes that outlive a restart. `pins`: of our
    self-made keys, for cameras. `viewings`: where it is kept who watches."""
    network_key = hmac.digest(ticket_key, b"networks", hashlib.sha256)
    return Hub(
        node=node,
        table=Table(ticket_key, limits or Limits()),
        admission=Admission(gate, live, ice_servers, fresh_id, network_key, pins),
        news=NewsDesk(events, live),
        live=live,
        fresh_id=fresh_id,
        meter=meter,
        viewings=viewings if viewings is not None else Viewings(),
        clock=clock,
    )
