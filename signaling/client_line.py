"""One registered connection of the client: requests and their answers, and a bounded way out."""

import asyncio

import aiohttp
import msgspec
import structlog

from signaling.protocol import messages as wire
from signaling.protocol.errors import CloseCode, Fault

SEND_SECONDS = 10.0
"""After which a connection that takes no more bytes is as good as dead."""
MAX_OUTBOX = 256
"""Messages that wait to be written at the same time."""

log = structlog.get_logger(__name__)


class SignalingError(Exception):
    """A request failed: `code` is a `Fault` or another peer's code, the text says why."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Line:
    """`first_id`: the last request id that was used before on this socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, first_id: int) -> None:
        self._socket = socket
        self._last_id = first_id
        self._sending = 0
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}

    async def request(self, method: wire.RequestMethod, params: msgspec.Struct, seconds: float) -> msgspec.Raw:
        """Ask, and wait for the result. Raises `SignalingError`."""
        self._last_id += 1
        number = self._last_id
        future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            if not await self.send(wire.request(number, method, params)):
                raise SignalingError(Fault.GONE, "the connection to the server was lost")
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            raise SignalingError(Fault.TIMEOUT, "the server did not answer") from None
        finally:
            self._waiting.pop(number, None)
            future.cancel()

    def answered(self, reply: wire.Result | wire.Failure) -> None:
        """An answer came in. Late ones find nobody."""
        future = self._waiting.pop(reply.id, None) if isinstance(reply.id, int) else None
        if future is None or future.done():
            return
        if isinstance(reply, wire.Failure):
            future.set_exception(SignalingError(reply.code, reply.message))
        else:
            future.set_result(reply.result)

    def lost(self) -> None:
        """No answer will come any more."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(SignalingError(Fault.GONE, "the connection to the server was lost"))
        self._waiting.clear()

    async def send(self, text: str) -> bool:
        """Write one message. False if it did not go out; the connection is then at its end."""
        if self._socket.closed:
            return False
        if self._sending >= MAX_OUTBOX:
            log.warning("signaling_outbox_full")
            await self._socket.close(code=CloseCode.SERVICE_RESTART)
            return False
        self._sending += 1
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._socket.send_str(text)
        except (TimeoutError, OSError, aiohttp.ClientError):
            await self._socket.close(code=CloseCode.SERVICE_RESTART)
            return False
        finally:
            self._sending -= 1
        return True
