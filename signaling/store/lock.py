"""One server for a data folder, while its live state is in memory: of two, each would know half of the cameras."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "server.lock"
"""Empty. It stays when the server has gone: it is the lock on it that counts."""


class InUse(Exception):
    """The text is one sentence for the operator."""


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the folder while the block runs; the lock goes with the process, however it ends.

    Raises `InUse`, OSError.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(
                f"another server is running with the folder {data_dir.resolve()}; "
                "stop that one, or give this one a BELVEDERE_DATA_DIR of its own"
            ) from None
        yield
    finally:
        os.close(descriptor)
