"""A process of a benchmark that answers one JSON line with one JSON line."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

MAX_LINE = 1 << 22
"""Bytes of one reply: the delays of a measurement."""


class Child:
    """`start`, then `ask`, then `stop`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, module: str, *arguments: str, prefix: Sequence[str] = (), package: str = "tests.benchmarks"
    ) -> "Child":
        """A module of `package`. `prefix`: words before the command, that put it into a namespace for instance."""
        pipe = asyncio.subprocess.PIPE
        command = (*prefix, sys.executable, "-m", f"{package}.{module}", *arguments)
        return cls(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=MAX_LINE))

    async def ask(self, **order: Any) -> Any:
        """The answer, which is an object unless the module says otherwise."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()
        return await self.heard()

    async def heard(self) -> Any:
        """What it says next, perhaps by itself."""
        assert self._process.stdout is not None
        return json.loads(await self._process.stdout.readline())

    async def stop(self) -> None:
        self._process.kill()
        await self._process.wait()
