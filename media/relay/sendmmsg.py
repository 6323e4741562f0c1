"""One system call for many datagrams: `sendmmsg` with UDP GSO, as arrays of the kernel's structures (64-bit Linux).

Everything lies in memory made once; what changes from call to call is written by strided slices, without a loop.
"""

import ctypes
import errno
import platform
import socket
import struct
import sys
from array import array

from media.udp_out import UDP_SEGMENT

MESSAGE_WORDS = 8
"""`struct mmsghdr` in 8-byte words: name, namelen, iov, iovlen, control, controllen, flags, sent."""
NAME, NAME_LENGTH, VECTORS, VECTOR_COUNT, CONTROL, CONTROL_LENGTH = range(6)
NAME_BYTES = 28
"""`struct sockaddr_in6`, the longer of the two."""
NAME_SLOT = 32
CONTROL_MESSAGE = struct.Struct("=QiiH6x")
"""`struct cmsghdr` with the 16 bits of UDP_SEGMENT, aligned."""
IN4, IN6 = struct.Struct("=H2s4s8x"), struct.Struct("=H2sI16sI")
DROPPED_BY_KERNEL = {errno.EAGAIN, errno.ENOBUFS, errno.EWOULDBLOCK}
"""The line or the socket's buffer is full: these packets are lost, and repaired by NACK."""

Sockaddr = bytes


def is_supported() -> bool:
    """Whether this system has the structures this file writes."""
    return platform.system() == "Linux" and sys.maxsize > 2**32 and hasattr(ctypes.CDLL(None), "sendmmsg")


def sockaddr(family: int, host: str, port: int, scope: int = 0) -> Sockaddr:
    """`struct sockaddr_in` or `sockaddr_in6`."""
    packed = socket.inet_pton(family, host.partition("%")[0])
    network_port = port.to_bytes(2, "big")
    if family == socket.AF_INET:
        return IN4.pack(family, network_port, packed)
    return IN6.pack(family, network_port, 0, packed, scope)


class Messages:
    """One message for each of `columns` receivers, each gathered from up to `rows` packets."""

    def __init__(self, rows: int, columns: int, memory: int, packet_bytes: int, family: int) -> None:
        self._rows, self._columns = rows, columns
        self._name_bytes = IN4.size if family == socket.AF_INET else IN6.size
        self._names = bytearray(columns * NAME_SLOT)
        self._control = bytearray(CONTROL_MESSAGE.size)
        self._headers = array("Q", bytes(8 * MESSAGE_WORDS * columns))
        self._vectors = array("Q", bytes(8 * 2 * rows * columns))
        names, control = _address(self._names), _address(self._control)
        self._vectors_at = self._vectors.buffer_info()[0]
        self._headers_at = self._headers.buffer_info()[0]
        for column in range(columns):
            header = column * MESSAGE_WORDS
            self._headers[header + NAME] = names + column * NAME_SLOT
            self._headers[header + NAME_LENGTH] = self._name_bytes
            self._headers[header + VECTORS] = self._vectors_at + column * rows * 16
            self._headers[header + CONTROL] = control
            for row in range(rows):
                self._vectors[2 * (column * rows + row)] = memory + (row * columns + column) * packet_bytes
        self._header_view, self._vector_view = memoryview(self._headers), memoryview(self._vectors)
        self._sendmmsg = ctypes.CDLL(None, use_errno=True).sendmmsg
        self._sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)

    def address(self, column: int, name: Sockaddr) -> None:
        """Where this column's packets go."""
        at = column * NAME_SLOT
        self._names[at : at + len(name)] = name

    def size(self, row: int, count: int, length: int) -> None:
        """The first `count` columns' packets of a row are `length` bytes long."""
        step = 2 * self._rows
        self._vector_view[2 * row + 1 : count * step : step] = memoryview(array("Q", (length,)) * count)

    def gather(self, count: int, rows: int, segment: int) -> None:
        """The first `count` messages consist of the first `rows` packets, to be cut into `segment` bytes each."""
        CONTROL_MESSAGE.pack_into(self._control, 0, 18, socket.IPPROTO_UDP, UDP_SEGMENT, segment)
        self._column(VECTORS, self._every(self._vectors_at, count))
        self._column(VECTOR_COUNT, array("Q", (rows,)) * count)
        self._column(CONTROL_LENGTH, array("Q", (CONTROL_MESSAGE.size if rows > 1 else 0,)) * count)

    def single(self, count: int, row: int) -> None:
        """The first `count` messages consist of one packet each, that of this row."""
        self._column(VECTORS, self._every(self._vectors_at + row * 16, count))
        self._column(VECTOR_COUNT, array("Q", (1,)) * count)
        self._column(CONTROL_LENGTH, array("Q", (0,)) * count)

    def send(self, descriptor: int, first: int, last: int) -> tuple[int, int]:
        """Send the messages of these columns; how many went, and the error that stopped it, or 0."""
        at = self._headers_at + first * MESSAGE_WORDS * 8
        sent: int = self._sendmmsg(descriptor, at, last - first, socket.MSG_DONTWAIT)
        return (0, ctypes.get_errno()) if sent < 0 else (sent, 0)

    def _every(self, first: int, count: int) -> "array[int]":
        """Addresses of one vector of each column."""
        step = self._rows * 16
        return array("Q", range(first, first + count * step, step))

    def _column(self, word: int, values: "array[int]") -> None:
        self._header_view[word : len(values) * MESSAGE_WORDS : MESSAGE_WORDS] = memoryview(values)


def _address(buffer: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
