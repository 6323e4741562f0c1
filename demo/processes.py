"""Child processes of the demo: started, watched, and ended together."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

STOP_SECONDS = 6.0
"""The server promises to be down within 5 s of SIGTERM."""


FOREIGN_SETTINGS = ("BELVEDERE_", "DATABASE_URL", "REDIS_URL")
"""What a person may have set for a server of their own: the demo must neither use nor touch it."""


def own_environment() -> dict[str, str]:
    """Ours without any setting of Belvedere's."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_SETTINGS)}


class ChildDied(Exception):
    """A program of the demo ended by itself; the text says which and shows its last lines."""


class Children:
    """Programs started for the demo, each writing to its own log file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str, environment: dict[str, str]) -> None:
        """Run `python -m …` with our environment and the given additions. Output goes to `name`.log."""
        with self.log(name).open("wb") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                [sys.executable, "-m", *arguments],
                env=own_environment() | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the demo alone, which then stops them in order
            )

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def check(self) -> None:
        """Raises `ChildDied` where a program is no longer running."""
        for name, process in self._running.items():
            if process.poll() is not None:
                lines = self.log(name).read_text(errors="replace").splitlines()[-12:]
                text = "\n  ".join(lines)
                raise ChildDied(f"the {name} ended with code {process.returncode}:\n  {text}")

    def stop(self) -> None:
        """End all of them, newest first."""
        for process in reversed(self._running.values()):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self._running.values()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            if process.poll() is None:
                process.kill()
                process.wait()
        self._running.clear()
