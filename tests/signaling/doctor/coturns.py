"""coturn on loopback: by our entrypoint, or by hand."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signaling.doctor import stun
from tests.servers import free_port

ENTRYPOINT = Path(__file__).parent.parent.parent.parent / "coturn/entrypoint"
SECRET = "a" * 40
START_SECONDS = 15.0


@contextmanager
def entrypoint(folder: Path, **settings: str) -> Iterator[int]:
    """Our coturn; gives its port. `settings`: variables of the entrypoint without TURN_."""
    (folder / "turn-secret").write_text(SECRET)
    port = free_port()
    given = {"port": str(port), "addresses": "127.0.0.1", "secret_file": str(folder / "turn-secret"), **settings}
    environment = {f"TURN_{name.upper()}": text for name, text in given.items()} | {"TMPDIR": str(folder)}
    with _running([str(ENTRYPOINT)], port, folder, environment):
        yield port


@contextmanager
def careless(folder: Path) -> Iterator[int]:
    """A coturn as many run it: nothing denied."""
    port = free_port()
    words = ["turnserver", "-n", "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=x", "--no-cli"]
    words += [f"--listening-port={port}", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--log-file=stdout"]
    words += ["--no-tls", "--no-dtls", f"--pidfile={folder / 'pid'}", f"--userdb={folder / 'turndb'}"]
    with _running(words, port, folder, {}):
        yield port


@contextmanager
def _running(words: list[str], port: int, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    log = folder / "coturn.log"
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, env=os.environ | environment)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(port):
            assert time.monotonic() < deadline and process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.settimeout(0.1)
        probe.connect(("127.0.0.1", port))
        probe.send(stun.write(stun.BINDING, bytes(12)))
        return bool(probe.recv(stun.MAX_MESSAGE))
    return False
