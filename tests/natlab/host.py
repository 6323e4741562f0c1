"""One host of a laboratory, and what can be done on it."""

import shlex
import subprocess
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from tests.natlab import counting, namespace
from tests.natlab.counting import Flow

T = TypeVar("T")
REAP_SECONDS = 5.0
"""A killed process ends at once; one that hangs in the kernel is an error to be seen."""


class Host:
    """`camera`, `viewer` or `server`. `addresses`: its own, by IP family, bare; `namespace`: for
    `ip netns`."""

    def __init__(self, name: str, namespace_name: str, addresses: dict[int, list[str]]) -> None:
        self.name = name
        self.namespace = namespace_name
        self.addresses = addresses
        self._started: list[subprocess.Popen[Any]] = []

    @property
    def prefix(self) -> list[str]:
        """Words that put a command here. It sees the laboratory's names (`turn.lab` …) and no other."""
        return ["ip", "netns", "exec", self.namespace]

    def run(self, words: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        """Runs a command to its end; output captured as text. `options`: of `subprocess.run`."""
        settings = {"capture_output": True, "text": True, "check": True, **options}
        return subprocess.run([*self.prefix, *words], **settings)

    def popen(self, words: list[str], **options: Any) -> "subprocess.Popen[Any]":
        """Starts a command; it is killed at the latest when the laboratory closes. `options`: of `subprocess.Popen`."""
        process = subprocess.Popen([*self.prefix, *words], **options)
        self._started.append(process)
        return process

    def reap(self) -> None:
        """Takes note of the ends of all commands started here, once they have been killed."""
        for process in self._started:
            process.wait(REAP_SECONDS)

    def script(self, path: Path, command: str) -> Path:
        """Writes an executable that runs `command` here with whatever arguments it gets: for Playwright, say."""
        path.write_text(f'#!/bin/sh\nexec {shlex.join([*self.prefix, command])} "$@"\n')
        path.chmod(0o755)
        return path

    def enter(self) -> AbstractContextManager[None]:
        """Puts this thread here for a while: `with host.enter(): socket.socket(…)`. Do not await within."""
        return namespace.inside(self.namespace)

    def call(self, function: Callable[[], T]) -> "Future[T]":
        """Runs a function here, in a thread of its own, such as `lambda: asyncio.run(main())`."""

        def work() -> T:
            with self.enter():
                return function()

        executor = ThreadPoolExecutor(1, thread_name_prefix=f"natlab-{self.name}")
        future = executor.submit(work)
        executor.shutdown(wait=False)
        return future

    def flows(self) -> list[Flow]:
        """Bytes per remote address and port since the last `clear_counts`, counted by the kernel of this host."""
        return counting.read(self.namespace)

    def clear_counts(self) -> None:
        counting.clear(self.namespace)
