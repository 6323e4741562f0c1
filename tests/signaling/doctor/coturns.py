"""coturn on loopback: by our entrypoint, or by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import coturn
from tests.servers import free_port

SECRET = "a" * 40
LOOPBACK = "127.0.0.1"


@contextmanager
def entrypoint(folder: Path, **settings: str) -> Iterator[int]:
    """Our coturn; gives its port. `settings`: variables of the entrypoint without TURN_."""
    port = free_port()
    given = {"addresses": LOOPBACK, "port": str(port), **settings}
    with coturn.by_entrypoint(folder, SECRET, None, **given).running():
        yield port


@contextmanager
def careless(folder: Path) -> Iterator[int]:
    """A coturn as many run it: nothing denied."""
    port = free_port()
    options = ("--use-auth-secret", f"--static-auth-secret={SECRET}", "--no-cli", "--no-tls", "--no-dtls")
    with coturn.by_hand(folder, LOOPBACK, port, *options).running():
        yield port
