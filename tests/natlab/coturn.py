"""The real coturn at the laboratory's `turn` address."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from tests.natlab.addresses import SERVER_4
from tests.natlab.lab import Lab

PORT = 3478
START_SECONDS = 10.0
SECRET = "a secret of the laboratory alone, never used elsewhere"


def server_settings() -> dict[str, str]:
    """What the server must know of it, without prefix."""
    transports = ("turn:{}:3478?transport=udp", "turn:{}:3478?transport=tcp")
    return {"turn_urls": ",".join(each.format(SERVER_4.turn) for each in transports), "turn_secret": SECRET}


def listens(lab: Lab) -> bool:
    with lab.server.enter(), socket.socket() as client:
        return client.connect_ex((SERVER_4.turn, PORT)) == 0


@contextlib.contextmanager
def running(lab: Lab, folder: Path) -> Iterator[None]:
    """Until the block ends."""
    words = ["turnserver", "-n", "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=lab", "--no-cli"]
    words += ["--no-tls", "--no-dtls", "--fingerprint", "--log-file=stdout", f"--userdb={folder / 'users'}"]
    words += [f"--listening-ip={SERVER_4.turn}", f"--relay-ip={SERVER_4.turn}", f"--pidfile={folder / 'pid'}"]
    with (folder / "coturn.log").open("wb") as log:
        process = lab.server.popen(words, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listens(lab):
            assert time.monotonic() < deadline and process.poll() is None, (folder / "coturn.log").read_text()
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait()
