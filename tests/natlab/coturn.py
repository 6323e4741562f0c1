"""The real coturn at the laboratory's `turn` address, as `coturn/entrypoint` starts it: UDP and TCP 3478, TLS 443."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from signaling import certificate
from tests import coturn
from tests.natlab.addresses import SERVER_4, SERVER_6
from tests.natlab.lab import Lab

NAME, PORT, TLS_PORT = "turn.lab", 3478, 443
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


@contextlib.contextmanager
def running(lab: Lab, folder: Path) -> Iterator[None]:
    """Until the block ends. `folder`: for secret, certificate and log."""
    folder.mkdir(exist_ok=True)
    certificate.ensure(folder, [NAME], datetime.now(UTC))
    settings = {
        "addresses": f"{SERVER_4.turn},{SERVER_6.turn}",
        "port": str(PORT),
        "tls_port": str(TLS_PORT),
        "cert": str(folder / certificate.CERTIFICATE_FILE),
        "key": str(folder / certificate.KEY_FILE),
    }
    with coturn.by_entrypoint(folder, SECRET, lab.server, **settings).running():
        yield
