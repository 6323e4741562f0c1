"""A program beside a test, as a process of its own: started, waited for, ended. All that it writes goes to a log."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05


class Program:
    """Who inherits says which: its log and its words, perhaps its environment and whether it is ready."""

    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        raise NotImplementedError

    @property
    def output(self) -> str:
        """All that it has written."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def start(self, *, wait: bool = True) -> None:
        """Start it; by default wait until it is ready."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = self._popen(
                self._words(),
                env=self._environment(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Raises AssertionError with the end of its log."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            ready = self._is_ready()
            died = self.process is None or self.process.poll() is not None
            if died or (not ready and time.monotonic() > deadline):
                raise AssertionError(f"{type(self).__name__} did not start:\n{self.output[-3000:]}")
            if ready:
                return
            time.sleep(POLL_SECONDS)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Ready, until the block ends."""
        try:
            self.start()
            yield self
        finally:
            self.stop()

    def stop(self) -> int:
        """SIGTERM; returns the exit code. Raises subprocess.TimeoutExpired, and kills it then."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, at whatever moment this is: a power cut."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
        self.process = None

    def _words(self) -> list[str]:
        raise NotImplementedError

    def _environment(self) -> dict[str, str]:
        return dict(os.environ)

    def _is_ready(self) -> bool:
        return True

    def _popen(self, words: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        """Where it runs. `options`: of `subprocess.Popen`."""
        return subprocess.Popen(words, start_new_session=True, **options)
