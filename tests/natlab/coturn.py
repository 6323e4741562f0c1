"""The real coturn at the laboratory's `turn` address, as `coturn/entrypoint` starts it: UDP and TCP 3478, TLS 443."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from signaling import certificate
from tests.natlab.addresses import SERVER_4, SERVER_6
from tests.natlab.build import ROOT
from tests.natlab.lab import Lab

NAME, PORT, TLS_PORT = "turn.lab", 3478, 443
START_SECONDS, STOP_SECONDS = 10.0, 5.0
SECRET = "a-secret-of-the-laboratory-alone-0123456789"


def server_settings() -> dict[str, str]:
    """What the server must know of it, without prefix."""
    urls = (
        f"turn:{NAME}:{PORT}?transport=udp",
        f"turn:{NAME}:{PORT}?transport=tcp",
        f"turns:{NAME}:{TLS_PORT}?transport=tcp",
    )
    return {"turn_urls": ",".join(urls), "turn_secret": SECRET}


def trusting(folder: Path) -> dict[str, str]:
    """Environment of a program that believes this coturn's certificate."""
    return {"SSL_CERT_FILE": str(folder / certificate.CERTIFICATE_FILE)}


def listens(lab: Lab) -> bool:
    with lab.server.enter(), socket.socket() as client:
        return client.connect_ex((SERVER_4.turn, TLS_PORT)) == 0


@contextlib.contextmanager
def running(lab: Lab, folder: Path) -> Iterator[None]:
    """Until the block ends. `folder`: for secret, certificate and log."""
    folder.mkdir(exist_ok=True)
    certificate.ensure(folder, [NAME], datetime.now(UTC))
    (folder / "secret").write_text(SECRET)
    settings = {
        "TURN_SECRET_FILE": str(folder / "secret"),
        "TURN_ADDRESSES": f"{SERVER_4.turn},{SERVER_6.turn}",
        "TURN_TLS_PORT": str(TLS_PORT),
        "TURN_CERT": str(folder / certificate.CERTIFICATE_FILE),
        "TURN_KEY": str(folder / certificate.KEY_FILE),
        "TMPDIR": str(folder),
    }
    log = folder / "log"
    with log.open("wb") as output:
        words = ["sh", str(ROOT / "coturn/entrypoint")]
        process = lab.server.popen(words, env=os.environ | settings, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listens(lab):
            assert time.monotonic() < deadline and process.poll() is None, log.read_text()
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
