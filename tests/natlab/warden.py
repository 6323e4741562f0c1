"""Takes laboratories away, whatever became of the process that made them.

Each laboratory has a warden: a shell that waits for its input to end and then removes the namespaces and what runs in
them. Its input ends when the owner closes it, or when the owner is gone, even by kill -9. Names carry the owner's
process id and start time, so should the warden be killed too, the next laboratory sweeps up.
"""

import os
import re
import subprocess
from pathlib import Path

from tests.natlab.namespace import CONFIGURATION, FOLDER, LaboratoryError

REMOVAL_SECONDS = 20.0
"""Removing takes about 0.1 s; a busy machine gets more."""
_NAME = re.compile(r"natlab-(?P<pid>[0-9]+)-(?P<start>[0-9]+)-[0-9]+-[a-z-]+")
_REMOVE = f"""
owner=$1; shift
read -r _
for name; do
  for _ in 1 2 3; do  # again, for those that were just being born
    pids=$(ip netns pids "$name" 2>/dev/null | grep -vx "$owner") || break
    kill -9 $pids 2>/dev/null
  done
  ip netns del "$name" 2>/dev/null
  rm -rf "{CONFIGURATION}/$name"
done
rmdir "{CONFIGURATION}" 2>/dev/null
true
"""


def started(pid: int) -> int | None:
    """When a process began, in ticks since boot; None if there is none. Tells a reused id from its first owner."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def owner() -> int:
    """The process that laboratories made here belong to."""
    return os.getpid()


def prefix(serial: int) -> str:
    """What the names of this process's laboratory number `serial` begin with."""
    return f"natlab-{owner()}-{started(owner())}-{serial}-"


def abandoned() -> list[str]:
    """Namespaces of laboratories whose owner is gone."""
    names = [path.name for folder in (FOLDER, CONFIGURATION) if folder.is_dir() for path in folder.iterdir()]
    matches = [match for name in sorted(set(names)) if (match := _NAME.fullmatch(name))]
    return [match[0] for match in matches if started(int(match["pid"])) != int(match["start"])]


class Warden:
    """Watches over namespaces from before they exist until `dismiss`. `spared`: a process never killed, the owner."""

    def __init__(self, namespaces: list[str], spared: int) -> None:
        words = ["sh", "-c", _REMOVE, "natlab-warden", str(spared), *namespaces]
        # A session of its own: Ctrl-C in a terminal ends the owner, and the warden must live on to clean up.
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)

    @property
    def pid(self) -> int:
        return self._process.pid

    def dismiss(self) -> None:
        """Removes everything. Raises LaboratoryError if that does not end."""
        try:
            self._process.communicate(timeout=REMOVAL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise LaboratoryError("the laboratory's namespaces cannot be removed") from error


def sweep() -> None:
    """Removes what owners have left behind who can no longer do it."""
    if names := abandoned():
        Warden(names, spared=0).dismiss()
