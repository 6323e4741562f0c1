"""The one buffer every datagram is received into and decrypted in."""

from typing import Any

from pylibsrtp._binding import ffi

INBOX_BYTES = 2048
"""More than any datagram of ours; a longer one is cut, and then fails its authentication."""


class Inbox:
    """`pointer` and `length` are what libsrtp takes, `view` what Python reads."""

    def __init__(self) -> None:
        self.pointer: Any = ffi.new("unsigned char[]", INBOX_BYTES)
        self.length: Any = ffi.new("int *")
        self.view = memoryview(ffi.buffer(self.pointer)).cast("B")

    def put(self, data: bytes) -> None:
        """Make it hold these bytes, cut to its size."""
        size = min(len(data), INBOX_BYTES)
        self.view[:size] = data[:size]
        self.length[0] = size

    def bytes(self) -> bytes:
        """What it holds."""
        return bytes(self.view[: self.length[0]])
