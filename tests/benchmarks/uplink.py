"""A camera's home with a slow uplink: two network namespaces, a veth pair, a token bucket on the camera's side."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

RATE = "5mbit"
BURST = "16kb"
"""The bucket: a dozen packets, as a modem's own buffer would let through at once."""
QUEUE = "200ms"
"""What waits in the modem before packets are dropped."""


@dataclass(frozen=True, slots=True)
class Network:
    """`in_viewer`, `in_camera`: words to put before a command."""

    name: str

    @property
    def viewer_address(self) -> str:
        return "10.77.0.1"

    @property
    def in_viewer(self) -> list[str]:
        return ["ip", "netns", "exec", f"{self.name}v"]

    @property
    def in_camera(self) -> list[str]:
        return ["ip", "netns", "exec", f"{self.name}c"]


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True)


@contextlib.contextmanager
def network() -> Iterator[Network]:
    """Both namespaces, up and wired; gone afterwards. Needs root."""
    made = Network(f"belv{os.getpid() % 10_000}")
    viewer, camera = f"{made.name}v", f"{made.name}c"
    try:
        for namespace in (viewer, camera):
            _run("ip", "netns", "add", namespace)
            _run("ip", "-n", namespace, "link", "set", "lo", "up")
        _run("ip", "link", "add", "eth0", "netns", viewer, "type", "veth", "peer", "name", "eth0", "netns", camera)
        for namespace, address in ((viewer, "10.77.0.1/24"), (camera, "10.77.0.2/24")):
            _run("ip", "-n", namespace, "address", "add", address, "dev", "eth0")
            _run("ip", "-n", namespace, "link", "set", "eth0", "up")
        bucket = ["root", "tbf", "rate", RATE, "burst", BURST, "latency", QUEUE]
        _run("ip", "netns", "exec", camera, "tc", "qdisc", "add", "dev", "eth0", *bucket)
        yield made
    finally:
        for namespace in (viewer, camera):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)
