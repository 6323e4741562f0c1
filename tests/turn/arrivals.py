"""Somebody who listens at every address of a host, and remembers what arrived."""

import select
import socket
import threading
import time
from types import TracebackType
from typing import Self

from tests.natlab.host import Host

QUIET_SECONDS = 0.5
"""So long nothing more arrives: then all that was sent has been handled. The laboratory has no delay."""


class Arrivals:
    """`payloads`: every datagram that reached `port` at any address, of any family."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.payloads: set[bytes] = set()
        self._last = time.monotonic()
        self._running = True

    def __enter__(self) -> Self:
        with self._host.enter():
            four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            four.bind(("0.0.0.0", 0))
            self.port: int = four.getsockname()[1]
            six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            six.bind(("::", self.port))
        self._sockets = [four, six]
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running = False
        self._thread.join()
        for each in self._sockets:
            each.close()

    def settle(self) -> set[bytes]:
        """Waits until nothing has arrived for a while; what has."""
        self._last = time.monotonic()
        while time.monotonic() - self._last < QUIET_SECONDS:
            time.sleep(0.02)
        return set(self.payloads)

    def greet(self, host: str, port: int) -> None:
        """Sends something from the listening port: a firewall then lets answers in."""
        self._sockets[":" in host].sendto(b"hello", (host, port))

    def reachable(self, addresses: list[str]) -> set[str]:
        """Which of these addresses lead to this listener when the host itself sends to them."""
        with self._host.enter():
            four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        four.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        with four, six:
            for address in addresses:
                try:
                    (six if ":" in address else four).sendto(f"here {address}".encode(), (address, self.port))
                except OSError:  # link-local without a zone, multicast without a network
                    continue
        return {payload[5:].decode() for payload in self.settle() if payload.startswith(b"here ")}

    def _listen(self) -> None:
        while self._running:
            for ready in select.select(self._sockets, [], [], 0.05)[0]:
                self.payloads.add(ready.recv(2048))
                self._last = time.monotonic()
