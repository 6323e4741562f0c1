"""What a camera tells the server about its problems: the present one, or one that was over before it came online."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from camera_peer.problem import Problem
from camera_peer.state import LastProblem

PAST_PROBLEM_SECONDS = 60.0
"""How long the app shows a problem that was over before the camera came online."""
ALL_IS_WELL = "ok"


class Line(Protocol):
    """The connection to the server, as far as it is needed here."""

    async def event(self, name: str, detail: str = "") -> bool: ...


class Reports:
    """`source_problem`: a sentence while the camera has no picture."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.source_problem: str | None = None
        self._sleep = sleep

    async def tell(self, line: Line, earlier: LastProblem | None = None) -> None:
        """Tell what is wrong now, or what was wrong before we were online, or that all is well."""
        if self.source_problem is not None:
            await line.event(str(Problem.SOURCE_FAILED), self.source_problem)
            return
        if earlier is not None:
            await line.event(str(earlier.code), earlier.detail)
            await self._sleep(PAST_PROBLEM_SECONDS)
        if self.source_problem is None:
            await line.event(ALL_IS_WELL)
