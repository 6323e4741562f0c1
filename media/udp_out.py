"""Sending a run of datagrams to one address in as few system calls as the kernel allows."""

import asyncio
import errno
import platform
import socket
import struct
from collections.abc import Iterator
from typing import cast

from media.guard import Address

UDP_SEGMENT = 103
"""linux/udp.h; Python's socket module does not name it."""
NOT_SEGMENTABLE = {errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.EOPNOTSUPP}
"""What the kernel says where it will not cut: an old one, a device without checksums, a narrow way."""
MAX_SEGMENTS = 64
"""UDP_MAX_SEGMENTS of the kernel."""
MAX_RUN_BYTES = 60_000
"""Below the 65,507 of one UDP send."""
SocketAddress = tuple[str, int] | tuple[str, int, int, int]
"""As the socket module has it, for IPv4 and IPv6."""
SEND_BUFFER = 1024 * 1024
"""Bytes the kernel may hold: a key frame of 500 KB with its overhead. Beyond it packets are lost, and repaired by NACK:
no queue of ours grows for a viewer whose line is full."""


def runs(packets: list[bytes], most: int = MAX_SEGMENTS) -> Iterator[list[bytes]]:
    """Split into runs of so many at most that can be segmented by the kernel: equally long, only the last may be
    shorter."""
    run: list[bytes] = []
    size = total = 0
    for packet in packets:
        length = len(packet)
        full = len(run) == most or total + length > MAX_RUN_BYTES
        if run and (full or length > size or len(run[-1]) < size):
            yield run
            run = []
        if not run:
            size, total = length, 0
        run.append(packet)
        total += length
    if run:
        yield run


class RunSender:
    """Sends through one datagram socket, past the event loop: it is ready, or the packets are lost."""

    def __init__(self, out: socket.socket) -> None:
        self._socket = out
        self._segmenting = platform.system() == "Linux"
        self._has_segmented = False
        """The kernel did cut once: where it refuses, it is because of that address's way."""
        self.dropped = 0
        out.setblocking(False)

    def send(self, packets: list[bytes], address: SocketAddress) -> None:
        """Send all of them now, or lose some."""
        for run in runs(packets):
            self._send_run(run, address)

    def _send_run(self, run: list[bytes], address: SocketAddress) -> None:
        if len(run) == 1 or not self._segmenting:
            self._send_singly(run, address)
            return
        size = struct.pack("=H", len(run[0]))
        try:
            self._socket.sendmsg(run, [(socket.IPPROTO_UDP, UDP_SEGMENT, size)], 0, address)
            self._has_segmented = True
        except OSError as error:
            if error.errno not in NOT_SEGMENTABLE:
                self.dropped += len(run)
                return
            self._segmenting = self._has_segmented
            self._send_singly(run, address)

    def _send_singly(self, run: list[bytes], address: SocketAddress) -> None:
        for sent, packet in enumerate(run):
            try:
                self._socket.sendto(packet, address)
            except OSError:
                self.dropped += len(run) - sent
                return


class DatagramSender:
    """Sends through the socket of an event loop's transport to one address."""

    def __init__(self, transport: asyncio.DatagramTransport, address: Address) -> None:
        self._transport = transport
        self._address = address
        self._socket = _socket_of(transport)
        self._sender: RunSender | None = None
        if self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            self._sender = RunSender(self._socket)

    def send(self, packets: list[bytes]) -> None:
        """Send all of them now, or lose some."""
        if self._sender is not None:
            self._sender.send(packets, self._address)
            return
        for packet in packets:
            self._transport.sendto(packet, self._address)

    def close(self) -> None:
        """Let go of the socket's second handle."""
        if self._socket is not None:
            self._socket.close()
            self._socket = self._sender = None


def _socket_of(transport: asyncio.DatagramTransport) -> socket.socket | None:
    """A second handle of the transport's own UDP socket; none for a TURN or tunnel transport. The caller closes it."""
    inner = transport.get_extra_info("socket")
    if inner is None:
        return None
    return socket.fromfd(cast(int, inner.fileno()), inner.family, inner.type)
