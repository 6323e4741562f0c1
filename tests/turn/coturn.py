"""The real coturn in a laboratory: by our `entrypoint` with our configuration, or as its distribution ships it."""

import contextlib
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signaling.doctor import stun
from signaling.turn import credential
from tests.natlab.addresses import SERVER_4, SERVER_6
from tests.natlab.lab import Lab
from tests.turn.client import Client

ROOT = Path(__file__).parent.parent.parent
ENTRYPOINT = ROOT / "coturn/entrypoint"
PORT, TLS_PORT = 3478, 5349
START_SECONDS = 15.0
SECRET, OLD_SECRET = "a" * 40, "b" * 40
HOST_4, HOST_6 = SERVER_4.turn, SERVER_6.turn


class Coturn:
    """A coturn that listens. `log`: what it has written so far."""

    def __init__(self, lab: Lab, log: Path, port: int) -> None:
        self.lab, self._log, self._port = lab, log, port

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait(self) -> None:
        """Until it listens."""
        deadline = time.monotonic() + START_SECONDS
        while not _listens(self.lab, self._port):
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

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
    file = folder / "secret"
    if not file.exists():
        file.write_text(f"{SECRET}\n{OLD_SECRET}\n")
    given = {"addresses": f"{HOST_4},{HOST_6}", "secret_file": str(file), "port": str(port), **settings}
    environment = {f"TURN_{name.upper()}": text for name, text in given.items()}
    words = ["env", *(f"{name}={text}" for name, text in environment.items()), f"TMPDIR={folder}", str(ENTRYPOINT)]
    with _running(lab, folder / "ours.log", words, port) as coturn:
        yield coturn


@contextmanager
def stock(lab: Lab, folder: Path, port: int) -> Iterator[Coturn]:
    """With what its manual says is needed for these credentials, and nothing else."""
    words = [
        "turnserver",
        "-n",
        "--use-auth-secret",
        f"--static-auth-secret={SECRET}",
        "--realm=lab",
        f"--listening-port={port}",
    ]
    words += [f"--listening-ip={host}" for host in (HOST_4, HOST_6)] + [
        f"--relay-ip={host}" for host in (HOST_4, HOST_6)
    ]
    words += [f"--pidfile={folder / 'pid'}", f"--userdb={folder / 'turndb'}", "--log-file=stdout"]
    with _running(lab, folder / "stock.log", words, port) as coturn:
        yield coturn


@contextmanager
def _running(lab: Lab, log: Path, words: list[str], port: int) -> Iterator[Coturn]:
    with log.open("wb") as out:
        process = lab.server.popen(words, stdout=out, stderr=subprocess.STDOUT)
    coturn = Coturn(lab, log, port)
    try:
        coturn.wait()
        assert process.poll() is None, coturn.log
        yield coturn
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _listens(lab: Lab, port: int) -> bool:
    """By UDP, which coturn opens last."""
    with lab.server.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        probe.connect((HOST_4, port))
        with contextlib.suppress(OSError):
            probe.send(stun.write(stun.BINDING, bytes(12)))
            return bool(probe.recv(stun.MAX_MESSAGE))
    return False
