"""Where a leg's packets go: an address at a UDP socket, or a TCP connection."""

from collections.abc import Hashable
from typing import Protocol

MAX_BACKLOG = 512 * 1024
"""Bytes waiting on a reliable path for a slow reader: 2 s at 2 Mbit/s. What is more would only be shown late."""


class Path(Protocol):
    """A way to the peer that passed a connectivity check. Sending never blocks; what does not fit is lost."""

    reliable: bool
    """TCP: what is sent arrives, but late."""
    source: Hashable
    """What datagrams from there are told by."""

    def send(self, packets: list[bytes]) -> None:
        """Send encrypted packets in order."""

    def backlog(self) -> int:
        """Bytes accepted and not yet on their way."""

    def close(self) -> None:
        """The leg has ended."""
