"""What a device or client does about the messages that come in, in the right order, and how requests are answered."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import structlog

from signaling.client_line import Line, SignalingError
from signaling.client_turns import Turns
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, Notice, ProtocolError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done about a message: after whatever came before about the same session; others do not wait.

    The result answers a request, and is ignored for a notification. `vital`: done however busy we are.
    """

    session: str
    work: Callable[[], Awaitable[msgspec.Struct | None]]
    vital: bool = False


class Ending(NamedTuple):
    """`code`: a `Notice`, or the `Fault` with which the other party refused."""

    session: str
    code: int
    reason: str


class Deeds:
    """`asked`, `told`: what is done about a request or a notification; both raise `ProtocolError`. `sent_away`: what is
    done about `belvedere.goAway`, which is for everybody."""

    def __init__(
        self,
        asked: Callable[[wire.Request], Deed],
        told: Callable[[wire.Notification], Deed | None],
        sent_away: Callable[[wire.GoAwayParams], None],
    ) -> None:
        self._asked, self._told, self._sent_away = asked, told, sent_away
        self._turns = Turns()

    async def close(self) -> None:
        """Stop all that is being done."""
        await self._turns.close()

    async def receive(self, line: Line, text: str) -> None:
        """One message from the server."""
        try:
            message = wire.decode(text)
        except ProtocolError as error:
            log.warning("signaling_malformed", problem=error.message)
            return
        match message:
            case wire.Request():
                await self._heard_request(line, message)
            case wire.Notification():
                self._heard_notification(message)
            case wire.Result() | wire.Failure():
                line.answered(message)

    async def _heard_request(self, line: Line, request: wire.Request) -> None:
        try:
            deed = self._asked(request)
            self._add(deed, lambda: _answer(line, request, deed))
        except ProtocolError as error:
            await line.send(wire.failure(request.id, error.code, error.message))

    def _heard_notification(self, message: wire.Notification) -> None:
        try:
            if message.method == "belvedere.goAway":
                self._sent_away(wire.params_as(wire.GoAwayParams, message.params))
                return
            deed = self._told(message)
            if deed is not None:
                self._add(deed, lambda: _do(deed))
        except ProtocolError as error:
            log.warning("signaling_malformed", method=message.method, problem=error.message)

    def _add(self, deed: Deed, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._turns.full and not deed.vital:
            raise ProtocolError(Fault.TOO_MANY_REQUESTS, "this party is busy")
        self._turns.add(deed.session, work)


def no_such_method(request: wire.Request) -> ProtocolError:
    """What is not for this kind of party."""
    return ProtocolError(Fault.METHOD_NOT_FOUND, f"{request.method} is not for this party")


def ending_of(message: wire.Notification) -> Ending | None:
    """The end of a session that is told of; one bad candidate is none. Raises `ProtocolError`."""
    if message.method == "belvedere.close":
        close = wire.params_as(wire.CloseParams, message.params)
        return Ending(close.session, Notice.PEER_DISCONNECTED, close.reason)
    if message.method != "error":
        return None
    error = wire.params_as(wire.ErrorParams, message.params)
    if error.code == Notice.MALFORMED_CANDIDATE:
        log.warning("signaling_candidate_refused", session=error.session, problem=error.message)
        return None
    return Ending(error.session, error.code, error.message)


async def _answer(line: Line, request: wire.Request, deed: Deed) -> None:
    try:
        result = await deed.work()
    except ProtocolError as error:
        await line.send(wire.failure(request.id, error.code, error.message))
    except SignalingError as error:
        log.info("signaling_session_failed", method=request.method, problem=error.message)
        await line.send(wire.failure(request.id, error.code, error.message))
    except Exception:
        log.exception("signaling_handler_failed", method=request.method)
        await line.send(wire.failure(request.id, Fault.INTERNAL, "the other side failed"))
    else:
        await line.send(wire.result(request.id, result or wire.Nothing()))


async def _do(deed: Deed) -> None:
    await deed.work()
