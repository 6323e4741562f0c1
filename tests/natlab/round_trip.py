"""Round trips in a laboratory, by an echo over UDP: what `ping` would say, also behind routers that drop it."""

import socket
import statistics
import time

from tests.natlab.addresses import SERVER_4
from tests.natlab.lab import Lab
from tests.natlab.plan import CAMERA, VIEWER

ECHOES = 15
LIMIT_SECONDS = 5.0


def to_server(lab: Lab, name: str) -> float:
    """Milliseconds from a host to the server and back, median."""
    host = lab.hosts[name]
    with lab.server.enter():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with host.enter():
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with server, client:
        server.bind((SERVER_4.stun_other, 0))
        for each in (server, client):
            each.settimeout(LIMIT_SECONDS)
        return statistics.median(_echo(client, server) for _ in range(ECHOES))


def between_homes(lab: Lab) -> float:
    """Milliseconds from viewer to camera and back: the server's core is half way."""
    return to_server(lab, CAMERA) + to_server(lab, VIEWER)


def _echo(client: socket.socket, server: socket.socket) -> float:
    started = time.monotonic()
    client.sendto(b"ping", server.getsockname())
    server.sendto(*server.recvfrom(100))
    client.recv(100)
    return (time.monotonic() - started) * 1000
