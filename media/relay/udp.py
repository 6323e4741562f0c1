"""One UDP socket of the relay: every datagram in, read in a loop without tasks; single sends out."""

import asyncio
import itertools
import socket
from collections.abc import Callable, Hashable

import structlog

from media.relay.inbox import Inbox
from media.relay.sendmmsg import Sockaddr, sockaddr
from media.udp_out import RunSender, SocketAddress

Address = SocketAddress
BUFFER_BYTES = 4 * 1024 * 1024
"""Asked of the kernel each way: a key frame to each of a few hundred viewers. The kernel may grant less."""
MAX_READS = 256
"""Datagrams read before timers and other sockets have their turn."""

LOG_EVERY = 1000
"""A datagram may never end the loop; of those that fail the first is logged, and then each thousandth."""

CLOSED = -1
"""Descriptor of a closed socket: the kernel refuses it, and would give the number it had to the next connection."""

log = structlog.get_logger(__name__)
_numbers = itertools.count()


class UdpPort:
    """Bound to one local address. `receive(port, length, address)` is called for each datagram; it is in the inbox.
    `number`: no other port's, also later; `descriptor`: for system calls."""

    def __init__(self, out: socket.socket, inbox: Inbox, receive: Callable[["UdpPort", int, Address], None]) -> None:
        self.socket = out
        self.number = next(_numbers)
        self.descriptor = out.fileno()
        self.family = out.family
        self._inbox = inbox
        self._receive = receive
        self._sender = RunSender(out)
        self.failures = 0
        for name in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            out.setsockopt(socket.SOL_SOCKET, name, BUFFER_BYTES)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read from now on."""
        loop.add_reader(self.socket.fileno(), self._drain)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop and free the socket."""
        loop.remove_reader(self.socket.fileno())
        self.descriptor = CLOSED
        self.socket.close()

    def name_of(self, address: Address) -> Sockaddr:
        """The address as the kernel takes it."""
        return sockaddr(self.family, address[0], address[1], address[3] if len(address) == 4 else 0)

    def send(self, packets: list[bytes], address: Address) -> None:
        """Send now, or lose some."""
        self._sender.send(packets, address)

    def _drain(self) -> None:
        receive_into, view, receive = self.socket.recvfrom_into, self._inbox.view, self._receive
        for _ in range(MAX_READS):
            try:
                length, address = receive_into(view)
            except BlockingIOError:
                return
            except OSError:
                continue
            try:
                receive(self, length, address)
            except Exception:
                if self.failures % LOG_EVERY == 0:
                    log.exception("datagram_failed", failures=self.failures)
                self.failures += 1


class UdpPath:
    """One peer's address at one of our sockets."""

    reliable = False

    def __init__(self, port: UdpPort, address: Address) -> None:
        self.port = port
        self.address = address
        self.source: Hashable = (port.number, address)

    def send(self, packets: list[bytes]) -> None:
        self.port.send(packets, self.address)

    def backlog(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing to do: the socket is everyone's."""
