"""A line to a STUN or TURN server: one question, one answer, over UDP, TCP or TLS."""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Literal, Protocol, cast

from signaling.doctor import stun
from signaling.doctor.stun import Message

Transport = Literal["udp", "tcp", "tls"]
CONNECT_SECONDS = 4.0
"""Three times what the slowest mobile network needs; a firewall that drops everything costs this once per way."""
RETRY_SECONDS = (0.3, 0.6, 1.2, 1.2)
"""Waits of UDP: 3.3 s in all. RFC 8489 §6.2.1 doubles from 0.5 s for half a minute; nobody waits that long here."""
MAX_QUEUED = 16
"""Datagrams that nobody asked for."""
MAX_ADDRESSES = 4
"""Of one name: two of each family."""


class Line(Protocol):
    async def ask(self, message: bytes) -> Message:
        """The answer with the same transaction id. Raises TimeoutError, OSError."""
        ...


async def addresses(host: str, port: int) -> list[str]:
    """What a name stands for, as this machine resolves it. Raises OSError, TimeoutError."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"the name cannot be looked up: {error}") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))[:MAX_ADDRESSES]


@contextlib.asynccontextmanager
async def line_to(
    address: str, port: int, transport: Transport, name: str = "", *, framed: bool = False
) -> AsyncIterator[Line]:
    """`name`: that a certificate must be for. `framed`: by RFC 4571, as in ICE-TCP. Raises TimeoutError, OSError."""
    if transport == "udp":
        loop = asyncio.get_running_loop()
        made = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(address, port))
        try:
            yield made[1]
        finally:
            made[0].close()
        return
    tls = ssl.create_default_context() if transport == "tls" else None
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(
            address, port, ssl=tls, server_hostname=(name or address) if tls else None
        )
    try:
        yield _Stream(reader, writer, framed=framed)
    finally:
        writer.transport.abort()


def why(error: Exception) -> str:
    """Why a line did not come about, in few words."""
    if isinstance(error, TimeoutError):
        return "silence"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self._arrived: asyncio.Queue[bytes | Exception] = asyncio.Queue(MAX_QUEUED)
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, _address: object) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._arrived.put_nowait(data)

    def error_received(self, error: Exception) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._arrived.put_nowait(error)

    async def ask(self, message: bytes) -> Message:
        for seconds in RETRY_SECONDS:
            self._transport.sendto(message)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    return await self._answer(message)
        raise TimeoutError

    async def _answer(self, message: bytes) -> Message:
        while True:
            data = await self._arrived.get()
            if isinstance(data, Exception):
                raise data
            answer = stun.read(data)
            if answer is not None and answer.transaction == message[8:20]:
                return answer


class _Stream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, framed: bool) -> None:
        self._reader, self._writer, self._framed = reader, writer, framed

    async def ask(self, message: bytes) -> Message:
        head = len(message).to_bytes(2, "big") if self._framed else b""
        self._writer.write(head + message)
        async with asyncio.timeout(CONNECT_SECONDS):
            while True:
                answer = stun.read(await self._message())
                if answer is not None and answer.transaction == message[8:20]:
                    return answer

    async def _message(self) -> bytes:
        """Raises ConnectionError where the other side ends it."""
        try:
            if self._framed:
                return await self._reader.readexactly(int.from_bytes(await self._reader.readexactly(2), "big"))
            head = await self._reader.readexactly(stun.HEADER.size)
            return head + await self._reader.readexactly(int.from_bytes(head[2:4], "big"))
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the other side closed the connection") from error
