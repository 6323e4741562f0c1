"""Lines with a length: two TUN devices and a process between them that holds each packet for a while.

The kernel's own delay (netem) is not everywhere. Run as a process of its own, so that a busy test does not add to the
delay: `python -m tests.natlab.delay JSON`, JSON: [[line, namespace, interface, namespace, interface, ms], …]. Writes
`ready` when the devices exist. Reads lines `LINE MS` to change a delay, and ends with its input.
"""

import fcntl
import json
import os
import select
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field

from tests.natlab.namespace import inside

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
MTU_BYTES = 65536
HELD_PACKETS = 4000
"""Per direction; further ones are dropped, as by a router: 150 ms at 300 Mbit/s."""
BATCH = 64
"""Packets read from a device before the others get their turn."""


@dataclass
class Way:
    """One direction of a line. `delay_s`: how long each packet is held; the order never changes."""

    line: str
    source: int
    target: int
    delay_s: float
    held: deque[tuple[float, bytes]] = field(default_factory=deque)

    def take(self, now: float) -> None:
        for _ in range(BATCH):
            try:
                packet = os.read(self.source, MTU_BYTES)
            except BlockingIOError:
                return
            if len(self.held) < HELD_PACKETS:
                self.held.append((now + self.delay_s, packet))

    def give(self, now: float) -> float | None:
        """Sends what is due; when the next one is."""
        while self.held and self.held[0][0] <= now:
            _, packet = self.held.popleft()
            try:
                os.write(self.target, packet)
            except (BlockingIOError, OSError):
                continue  # the other end is full or down: the packet is lost, as on any line
        return self.held[0][0] if self.held else None


def open_tun(namespace: str, interface: str) -> int:
    """A new TUN device; it lives as long as its descriptor. Raises OSError."""
    with inside(namespace):
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", interface.encode(), _IFF_TUN | _IFF_NO_PI))
    return descriptor


def change(ways: list[Way], text: bytes) -> None:
    """Obeys lines of `LINE MS`."""
    for order in text.decode().splitlines():
        line, _, milliseconds = order.partition(" ")
        for way in ways:
            if way.line == line:
                way.delay_s = float(milliseconds) / 1000


def forward(ways: list[Way], orders: int) -> None:
    """Until `orders` ends."""
    by_source = {way.source: way for way in ways}
    wait: float | None = None
    while True:
        readable, _, _ = select.select([orders, *by_source], [], [], wait)
        if orders in readable:
            text = os.read(orders, 4096)
            if not text:
                return
            change(ways, text)
        now = time.monotonic()
        for source in readable:
            if source in by_source:
                by_source[source].take(now)
        due = [next_due for way in ways if (next_due := way.give(time.monotonic())) is not None]
        wait = max(0.0, min(due) - time.monotonic()) if due else None


def main() -> None:
    ways = []
    for line, near, near_interface, far, far_interface, milliseconds in json.loads(sys.argv[1]):
        one, other = open_tun(near, near_interface), open_tun(far, far_interface)
        ways += [Way(line, one, other, milliseconds / 1000), Way(line, other, one, milliseconds / 1000)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    forward(ways, sys.stdin.fileno())


if __name__ == "__main__":
    main()
