"""Round trips in a laboratory, by an echo over TCP to port 443, which every network lets out."""

import socket
import statistics
import time

from tests.natlab.addresses import SERVERS
from tests.natlab.lab import Lab
from tests.natlab.plan import CAMERA, VIEWER
from tests.natlab.probe import type_of

PORT = 443
ECHOES = 15
LIMIT_SECONDS = 5.0


def to_server(lab: Lab, name: str) -> float:
    """Milliseconds from a host to the server and back, median."""
    host = lab.hosts[name]
    family = min(host.addresses)
    with lab.server.enter():
        listener = socket.create_server((SERVERS[family].stun_other, PORT), family=type_of[family])
    with listener:
        with host.enter():
            client = socket.create_connection((SERVERS[family].stun_other, PORT), LIMIT_SECONDS)
        server, _ = listener.accept()
    with client, server:
        for each in (server, client):
            each.settimeout(LIMIT_SECONDS)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return statistics.median(_echo(client, server) for _ in range(ECHOES))


def between_homes(lab: Lab) -> float:
    """Milliseconds from viewer to camera and back: the server's core is half way."""
    return to_server(lab, CAMERA) + to_server(lab, VIEWER)


def _echo(client: socket.socket, server: socket.socket) -> float:
    started = time.monotonic()
    client.send(b"ping")
    server.send(server.recv(100))
    client.recv(100)
    return (time.monotonic() - started) * 1000
