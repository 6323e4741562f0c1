"""The real coturn in a laboratory: by our `entrypoint` with our configuration, or as its distribution ships it."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signaling.turn import credential
from tests import coturn
from tests.natlab.addresses import SERVER_4, SERVER_6
from tests.natlab.lab import Lab
from tests.turn.client import Client

PORT, TLS_PORT = 3478, coturn.DEFAULT_TLS_PORT
SECRET, OLD_SECRET = "a" * 40, "b" * 40
HOST_4, HOST_6 = SERVER_4.turn, SERVER_6.turn
ADDRESSES = f"{HOST_4},{HOST_6}"


class Coturn:
    """A coturn that listens. `log`: what it has written so far."""

    def __init__(self, lab: Lab, program: coturn.Coturn, port: int) -> None:
        self.lab, self._program, self._port = lab, program, port

    @property
    def log(self) -> str:
        return self._program.output

    def wait(self) -> None:
        """Until it listens."""
        self._program.wait_ready()

    def client(self, session: str = "", *, six: bool = False, transport: str = "udp", **given: Any) -> Client:
        """A client in the viewer's network, by default in a session of its own. `secret`, `now`: of its credential."""
        name = session or secrets.token_hex(4)
        username, password = credential(given.get("secret", SECRET), "client", name, given.get("now", time.time()))
        port = TLS_PORT if transport == "tls" else self._port
        with self.lab.viewer.enter():
            return Client(HOST_6 if six else HOST_4, port, username, password, transport)


@contextmanager
def ours(lab: Lab, folder: Path, port: int = PORT, **settings: str) -> Iterator[Coturn]:
    """By our entrypoint, at the laboratory's TURN addresses. `settings`: its variables without TURN_, lower case."""
    given = {"addresses": ADDRESSES, "port": str(port), **settings}
    with coturn.by_entrypoint(folder, f"{SECRET}\n{OLD_SECRET}\n", lab.server, **given).running() as program:
        yield Coturn(lab, program, port)


@contextmanager
def stock(lab: Lab, folder: Path, port: int) -> Iterator[Coturn]:
    """With what its manual says is needed for these credentials, and nothing else."""
    options = ("--use-auth-secret", f"--static-auth-secret={SECRET}")
    with coturn.by_hand(folder, ADDRESSES, port, *options, where=lab.server).running() as program:
        yield Coturn(lab, program, port)
