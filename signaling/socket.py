"""One open WebSocket: what arrives, and a bounded way out. It decides nothing.

There is one task per socket, which reads. A second one exists only while something waits to be written, so that a
reader that is slow holds up nobody else, and ten thousand idle cameras cost ten thousand tasks, not twenty.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from signaling.effects import Address
from signaling.limits import Limits
from signaling.protocol.errors import CloseCode
from signaling.protocol.messages import SUBPROTOCOL

CLOSE_SECONDS = 2.0
"""For the peer's half of the closing handshake (RFC 6455 §7.1.1); then the connection is cut."""
LAST_QUESTION = b"still there?"
LAST_QUESTION_SECONDS = 1.5
"""For the answer of a peer whose place was taken. Under `CLOSE_SECONDS`, so that closing waits for it."""
LEFT_ON_PURPOSE = frozenset({CloseCode.NORMAL, CloseCode.GOING_AWAY})


def new_response(limits: Limits) -> web.WebSocketResponse:
    """A WebSocket as we want it: compression off (15 KiB a connection, not 106: FACTS §3b), heartbeat on.

    Pings come to `Socket.messages`, so that they count like messages: answered unseen, they would know no bound.
    """
    return web.WebSocketResponse(
        timeout=CLOSE_SECONDS,
        heartbeat=limits.heartbeat_seconds,
        autoping=False,
        protocols=(SUBPROTOCOL,),
        compress=False,
        max_msg_size=limits.message_bytes,
    )


@dataclass(frozen=True, slots=True)
class _Closing:
    code: CloseCode
    reason: str
    outlived: Callable[[], None] | None


class Socket:
    """`address` names it. `left` tells, once `messages` has ended, whether the peer closed on purpose."""

    def __init__(self, address: Address, ws: web.WebSocketResponse, request: web.Request, limits: Limits) -> None:
        self.address = address
        self.left = False
        self._ws = ws
        self._request = request
        self._limits = limits
        self._waiting: deque[str | _Closing] = deque()
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._closing = False
        self._ended = False
        self._last_answer: asyncio.Future[bool] | None = None

    async def messages(self) -> AsyncIterator[str | None]:
        """Texts, until the socket is closed by either side. None: a ping or pong, which cost as much as a text to read.

        A ping is answered when the next message is asked for.
        """
        while True:
            message = await self._ws.receive()
            if message.type is WSMsgType.TEXT:
                yield message.data
            elif message.type is WSMsgType.PONG:
                self._heard_last(message.data == LAST_QUESTION)
                yield None
            elif message.type is WSMsgType.PING:
                yield None
                await self._pong(message.data)
            elif message.type is WSMsgType.BINARY:
                self.hangup(CloseCode.UNSUPPORTED_DATA, "this protocol is text")
                break
            else:
                self.left = message.type is WSMsgType.CLOSE and message.data in LEFT_ON_PURPOSE
                break
        self._ended = True
        self._heard_last(False, over=True)

    def send(self, text: str) -> bool:
        """Have the text written in its turn. False where the peer is too slow and has now lost its socket."""
        if self._closing:
            return True
        if len(self._waiting) >= self._limits.queue_messages or self._bytes + len(text) > self._limits.queue_bytes:
            self.hangup(CloseCode.TOO_SLOW, "too slow")
            self.abort()
            return False
        self._put(text)
        return True

    def hangup(self, code: CloseCode, reason: str, outlived: Callable[[], None] | None = None) -> None:
        """Close after what waits was written. `outlived`: to be called if the peer answers a last ping before that."""
        if not self._closing:
            self._closing = True
            self._put(_Closing(code, reason, outlived))

    def abort(self) -> None:
        """Cut the connection now."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def finish(self) -> None:
        """See the socket to its end; bounded by `CLOSE_SECONDS`."""
        if self._writer is not None and self._closing and not self._ws.closed:
            await asyncio.wait([self._writer], timeout=CLOSE_SECONDS)
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        self._waiting.clear()
        if not self._ws.closed:
            self.abort()

    async def _pong(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # it broke, or was closed while we read: `messages` ends by itself
            await self._ws.pong(data)

    def _heard_last(self, answered: bool, *, over: bool = False) -> None:
        """Of the last question, if one was asked. `over`: nothing more will be heard."""
        waiting = self._last_answer
        if waiting is not None and not waiting.done() and (answered or over):
            waiting.set_result(answered)

    async def _still_answers(self) -> bool:
        """Bounded by `LAST_QUESTION_SECONDS`. A peer that reads at all answers (RFC 6455 §5.5.2)."""
        if self._ended:
            return False
        self._last_answer = asyncio.get_running_loop().create_future()
        await self._ws.ping(LAST_QUESTION)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_QUESTION_SECONDS):
                return await self._last_answer
        return False

    def _put(self, item: str | _Closing) -> None:
        self._waiting.append(item)
        self._bytes += len(item) if isinstance(item, str) else 0
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._waiting:
                item = self._waiting[0]
                if isinstance(item, str):
                    await self._ws.send_str(item)
                    self._bytes -= len(item)
                else:
                    if item.outlived is not None and await self._still_answers():
                        item.outlived()
                    await self._ws.close(code=item.code, message=item.reason.encode())
                self._waiting.popleft()
        except (ConnectionError, RuntimeError):
            # The connection broke, or was closed while we wrote: `messages` ends by itself.
            self._waiting.clear()
            self._bytes = 0
        finally:
            self._writer = None
