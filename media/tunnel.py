"""The camera's end of the way for networks without UDP: its datagrams are binary frames of a WebSocket to the relay.

To ICE it is one more socket with one peer behind it (DESIGN §7, `wss`). Nothing of an account travels in it: the relay
knows whose frames these are by the connectivity checks, as it does over UDP.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

import aiohttp

from media.guard import Address
from signaling.client import Trust
from signaling.client_redirects import unredirected
from signaling.protocol.media_socket import MAX_DATAGRAM, MEDIA_SUBPROTOCOL

TUNNEL_ADDRESS: Address = ("tunnel", 0)
"""Stands for the relay's end: a frame has no address."""
MAX_QUEUE = 512 * 1024
"""Bytes waiting for a slow line: 2 s at 2 Mbit/s. What comes then is dropped, and repaired by NACK."""
OPEN_SECONDS = 4.0
"""For TCP, TLS and HTTP: the session is given up after 5 s."""


@dataclass(frozen=True, slots=True)
class TunnelTarget:
    """`url`: `wss://` (or `ws://`) of the relay. `tls`: as aiohttp's `ssl`."""

    url: str
    tls: Trust = True


class TunnelTransport(asyncio.DatagramTransport):
    """A datagram transport over a WebSocket; its protocol hears `connection_lost` once."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse,
        protocol: asyncio.DatagramProtocol,
    ) -> None:
        super().__init__()
        self._http, self._socket, self._protocol = http, socket, protocol
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._some = asyncio.Event()
        self._work = asyncio.create_task(self._run())
        self.dropped = 0

    def sendto(self, data: bytes | bytearray | memoryview, _address: Any = None) -> None:
        """Send soon, in order, or drop it. There is one peer, whatever the address says."""
        if self._queued + len(data) > MAX_QUEUE or self._work.done():
            self.dropped += 1
            return
        self._queue.append(bytes(data))
        self._queued += len(data)
        self._some.set()

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self._work.done()

    def close(self) -> None:
        """End it without waiting for the other side."""
        # Not at once: a task that is cancelled before its first step leaves out its `finally`.
        asyncio.get_running_loop().call_soon(self._work.cancel)

    def abort(self) -> None:
        self.close()

    async def _run(self) -> None:
        sending = asyncio.create_task(self._send())
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    self._protocol.datagram_received(message.data, TUNNEL_ADDRESS)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await self._http.close()
            self._protocol.connection_lost(None)

    async def _send(self) -> None:
        """`send_bytes` waits while the line is full, so that the queue here is where a slow line is noticed."""
        while True:
            await self._some.wait()
            while self._queue:
                data = self._queue.popleft()
                self._queued -= len(data)
                await self._socket.send_bytes(data)
            self._some.clear()


async def open_tunnel(target: TunnelTarget, protocol: asyncio.DatagramProtocol) -> TunnelTransport:
    """Connect. Raises `aiohttp.ClientError`, `TimeoutError` and `OSError`, also where the name can be nobody's."""
    http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), middlewares=(unredirected,))
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            socket = await http.ws_connect(
                target.url, protocols=(MEDIA_SUBPROTOCOL,), ssl=target.tls, compress=0, max_msg_size=MAX_DATAGRAM + 1
            )
    except BaseException as error:
        await http.close()
        if isinstance(error, UnicodeError):
            raise OSError(f"the relay's name cannot be looked up: {error}") from error
        raise
    return TunnelTransport(http, socket, protocol)
