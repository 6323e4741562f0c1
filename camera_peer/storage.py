"""Files that survive a power cut: either the old content or the new one is there, never half of it."""

import fcntl
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700
LOCK_FILE = "running.lock"
"""Held by the one process that is the camera, as long as it runs."""
MOMENT_FILE = "memory.lock"
"""Held by whoever reads and writes here, for a moment."""

Stamp = tuple[int, int, int]


def reset_advice(directory: Path) -> str:
    """What to do about a damaged file there. Another directory may hold a camera that is well."""
    return f"run `belvedere-camera reset --data {shlex.quote(str(directory))}` and pair the camera again"


class InUse(Exception):
    """Another process runs a camera with this directory; two with one key would push each other off the server."""


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory while the block runs; the lock goes with the process, however it ends. Raises `InUse`."""
    descriptor = _open_lock(directory, LOCK_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(
                f"another camera is running with the directory {directory}; give this one its own --data"
            ) from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """While the block runs no other process of ours reads or writes here. Not to be nested.

    Waits for the other, which takes the time of two small writes and cannot outlive its process.
    """
    descriptor = _open_lock(directory, MOMENT_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open_lock(directory: Path, name: str) -> int:
    make_private_directory(directory)
    return os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)


def stamp(path: Path) -> Stamp | None:
    """Changes whenever the file is replaced, also by another process; None where there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def make_private_directory(directory: Path) -> None:
    """Make `directory` (and its parents) with mode 0700, also where it already stands with a wider mode."""
    directory.mkdir(parents=True, exist_ok=True, mode=PRIVATE_DIRECTORY)
    directory.chmod(PRIVATE_DIRECTORY)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` by `data` with mode 0600. Raises OSError, and then the old content stands."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, PRIVATE_FILE)
    try:
        try:
            os.fchmod(descriptor, PRIVATE_FILE)
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def remove(path: Path) -> None:
    """Remove `path` if it is there, durably."""
    path.unlink(missing_ok=True)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """The rename itself is durable only once the directory is written (fsync(2), notes)."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
