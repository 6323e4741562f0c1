"""Linux network namespaces: entering one, and the commands that fill it.

`setns` concerns the calling thread alone; sockets and children made inside stay inside for good.
"""

import ctypes
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path("/run/netns")
CONFIGURATION = Path("/etc/netns")
"""Where `ip netns exec` looks for a namespace's own hosts and resolv.conf."""
COMMAND_SECONDS = 20.0
"""A command that fills a namespace takes milliseconds; this is for a machine in trouble."""

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class LaboratoryError(Exception):
    """The machine cannot hold the laboratory; the text says which command failed and why."""


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Puts the calling thread into a namespace. Do not await within. Raises OSError."""
    with open("/proc/thread-self/ns/net", "rb") as here, (FOLDER / namespace).open("rb") as there:
        _setns(there.fileno())
        try:
            yield
        finally:
            _setns(here.fileno())


def command(words: list[str], text: str = "") -> str:
    """Runs a command with `text` as input; its output. Raises LaboratoryError."""
    try:
        done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LaboratoryError(f"{' '.join(words)}: {error}") from error
    if done.returncode != 0:
        raise LaboratoryError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def ip(lines: Iterable[str], namespace: str = "") -> None:
    """Runs lines of `ip` in one go. Raises LaboratoryError."""
    text = "\n".join(lines)
    if text:
        command(["ip", *(["-n", namespace] if namespace else []), "-batch", "-"], text + "\n")


def nft(namespace: str, ruleset: str) -> None:
    """Loads rules in one transaction. Raises LaboratoryError."""
    if ruleset:
        with inside(namespace):
            command(["nft", "-f", "-"], ruleset)


def nft_list(namespace: str, what: str) -> str:
    """The JSON of `nft list …`. Raises LaboratoryError."""
    with inside(namespace):
        return command(["nft", "-j", "list", *what.split()])


def set_kernel(namespace: str, values: dict[str, int]) -> None:
    """Sets sysctls below `net/` of one namespace; those that this kernel does not have are left out."""
    with inside(namespace):
        for name, value in values.items():
            path = Path("/proc/sys/net", name)
            if path.exists():
                path.write_text(str(value))
