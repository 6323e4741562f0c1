"""ICE-TCP, passive side (RFC 6544): STUN, DTLS and SRTP of one peer in one connection, for networks without UDP."""

import asyncio
import socket
from collections.abc import Callable, Hashable
from typing import cast

from media.guard import Kind, classify
from media.relay.framing import BadFrame, Deframer, framed
from media.relay.path import MAX_BACKLOG
from media.relay.rates import subscriber_of

MAX_CONNECTIONS = 2048
"""All together: four for each viewer a core carries."""
MAX_UNPROVEN = 256
"""Connections that have not shown a valid check yet. Beyond it the oldest go first: whoever means it shows one within a
round trip."""
MAX_UNPROVEN_PER_SUBSCRIBER = 16
"""Of one address: few can never fill the places of all."""
MAX_PER_SUBSCRIBER = 64
"""Of one address (IPv6: /56): a carrier's NAT puts many viewers behind one."""
PROOF_SECONDS = 5.0
"""Until the first valid check must have come, however slowly it is typed in."""


class TcpConnection(asyncio.Protocol):
    """One accepted connection, which is the path of at most one leg."""

    reliable = True

    def __init__(self, listener: "TcpListener") -> None:
        self._listener = listener
        self._deframer = Deframer()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.host, self.port = "", 0
        self.subscriber = b""
        self.proven = False
        self.source: Hashable = ("tcp", id(self))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = stream = cast(asyncio.Transport, transport)
        peer = stream.get_extra_info("peername")
        if peer is None:  # it has gone already
            stream.abort()
            return
        self.host, self.port = peer[:2]
        self.subscriber = subscriber_of(self.host)
        stream.set_write_buffer_limits(high=MAX_BACKLOG)
        inner = stream.get_extra_info("socket")
        if inner is not None:
            inner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._listener.admit(self):
            stream.abort()
            return
        self._timer = asyncio.get_running_loop().call_later(PROOF_SECONDS, self._judge)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._deframer.feed(data)
        except BadFrame:
            self.close()
            return
        for frame in frames:
            if not self.proven and classify(frame) is not Kind.STUN:
                self.close()
                return
            self._listener.receive(self, frame)

    def connection_lost(self, _: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._listener.forget(self)

    def prove(self) -> None:
        """A valid check came over this connection."""
        self.proven = True

    def send(self, packets: list[bytes]) -> None:
        if self._transport is not None and self.backlog() <= MAX_BACKLOG:
            self._transport.write(b"".join(map(framed, packets)))

    def backlog(self) -> int:
        """A lost connection counts as a full one."""
        return MAX_BACKLOG if self._transport is None else self._transport.get_write_buffer_size()

    def close(self) -> None:
        """End it at once, whatever is still waiting to be written."""
        if self._transport is not None:
            self._transport.abort()

    def _judge(self) -> None:
        if not self.proven:
            self.close()


class TcpListener:
    """Counts connections. `receive(connection, frame)` is called for each frame."""

    def __init__(self, receive: Callable[[TcpConnection, bytes], None]) -> None:
        self.receive = receive
        self._connections: dict[TcpConnection, None] = {}
        """The oldest first."""
        self._servers: dict[str, asyncio.Server] = {}

    def __len__(self) -> int:
        return len(self._connections)

    async def listen(self, address: str, port: int) -> None:
        """Accept on one more local address. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        self._servers[address] = await loop.create_server(self.connection, address, port)

    def connection(self) -> TcpConnection:
        """For a connection that somebody else has accepted and hands over."""
        return TcpConnection(self)

    def leave(self, address: str) -> None:
        """Accept no more there."""
        server = self._servers.pop(address, None)
        if server is not None:
            server.close()

    async def close(self) -> None:
        """End all connections and accept no more."""
        for server in self._servers.values():
            server.close()
        for connection in list(self._connections):
            connection.close()
        for server in self._servers.values():
            await server.wait_closed()
        self._servers.clear()

    def admit(self, connection: TcpConnection) -> bool:
        """Take a new connection in, within the limits."""
        neighbours = [other for other in self._connections if other.subscriber == connection.subscriber]
        if not self._make_room(neighbours, MAX_PER_SUBSCRIBER, MAX_UNPROVEN_PER_SUBSCRIBER):
            return False
        if not self._make_room(list(self._connections), MAX_CONNECTIONS, MAX_UNPROVEN):
            return False
        self._connections[connection] = None
        return True

    def forget(self, connection: TcpConnection) -> None:
        """A connection is gone."""
        self._connections.pop(connection, None)

    def _make_room(self, crowd: list[TcpConnection], most: int, most_unproven: int) -> bool:
        """Whether one more may join them, if need be in the place of one that has shown nothing."""
        unproven = [connection for connection in crowd if not connection.proven]
        if len(crowd) < most and len(unproven) < most_unproven:
            return True
        if not unproven:
            return False
        self.forget(unproven[0])
        unproven[0].close()
        return True
