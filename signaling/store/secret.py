"""The server's own secret: a private file, never a row. Who reads a copy of the database can sign nothing with it."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

FILE = "secret-key"
MIN_LENGTH = 32
"""Characters: 128 bits even where they are hexadecimal."""


class BadSecret(ValueError):
    """The text is one sentence for the operator."""


async def kept_in_file(data_dir: Path, make: Callable[[], str]) -> str:
    """Read `secret-key` (mode 0600), made at first start. Raises `BadSecret`, OSError."""
    return await asyncio.to_thread(_read_or_make, data_dir / FILE, make)


def write_private(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write a file that only its owner may read, whole or not at all. Without `replace` the first writer wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    part = Path(name)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if replace:
        part.rename(path)
        return
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(part)
    part.unlink()


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        write_private(path, make().encode(), replace=False)
    secret = path.read_bytes().decode("utf-8", "replace").strip()
    if len(secret) < MIN_LENGTH:
        raise BadSecret(
            f"the secret in {path} is damaged: it has fewer than {MIN_LENGTH} characters; "
            "restore it, or remove the file to have a new one made (then everybody signs in again)"
        )
    return secret
