"""A path for datagrams over somebody else's connection: the way of a camera whose UDP is blocked (DESIGN §7, `wss`).

Whoever holds the connection, a WebSocket for instance, hands each binary message to `receive` and gives a function that
sends one. The frames are the datagrams of ICE, DTLS and SRTP, and checked like those from the network.
"""

from collections.abc import Callable, Hashable

from media.relay.path import MAX_BACKLOG
from signaling.protocol.media_socket import MAX_DATAGRAM


class Tunnel:
    """`send(data)` must not block; `backlog()` tells the bytes it has not passed on; `end()` closes the connection."""

    reliable = True
    proven = False
    """Whether a valid check has come over it."""

    def __init__(
        self,
        address: tuple[str, int],
        receive: Callable[["Tunnel", bytes], None],
        send: Callable[[bytes], None],
        backlog: Callable[[], int],
        end: Callable[[], None],
    ) -> None:
        self.host, self.port = address
        self.source: Hashable = ("tunnel", id(self))
        self._receive, self._send, self._backlog, self._end = receive, send, backlog, end
        self._closed = False

    def receive(self, data: bytes) -> None:
        """One message from the connection; one that is no datagram of ours is dropped."""
        if not self._closed and 0 < len(data) <= MAX_DATAGRAM:
            self._receive(self, data)

    def prove(self) -> None:
        """A valid check came over it."""
        self.proven = True

    def send(self, packets: list[bytes]) -> None:
        for packet in packets:
            if self._closed or self._backlog() > MAX_BACKLOG:
                return
            self._send(packet)

    def backlog(self) -> int:
        return self._backlog()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._end()
