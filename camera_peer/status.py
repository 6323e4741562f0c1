"""What the camera shows about itself: a log line for each change, and a hook for an LED or a tone (DESIGN §6.3).

The hook is a command of the maker; it is run with two arguments more, the state and the problem's code (empty if all
is well), for instance `led.sh scanning ""`. One runs at a time, the newest state wins, and one that hangs is ended.
"""

import asyncio
import contextlib
import shlex

import structlog

from camera_peer.lifecycle import State
from camera_peer.problem import CameraProblem

log = structlog.get_logger(__name__)

HOOK_SECONDS = 10.0
"""A tone lasts a second or two; what runs longer hangs."""


class Status:
    """Consumed by whatever changes the camera's state. `hook`: a shell-like command line, or None."""

    def __init__(self, hook: str | None = None) -> None:
        self._command = shlex.split(hook) if hook else []
        self._latest: tuple[str, str] | None = None
        self._changed = asyncio.Event()

    def show(self, state: State, problem: CameraProblem | None = None) -> None:
        """Say where the camera stands, now."""
        if problem is None:
            log.info("camera_state", state=str(state))
        else:
            log.warning("camera_problem", state=str(state), problem=str(problem.problem), detail=str(problem))
        self._latest = (str(state), str(problem.problem) if problem else "")
        self._changed.set()

    async def run(self) -> None:
        """Run the hook for each change until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._command and self._latest is not None:
                await self._call(*self._latest)

    async def _call(self, state: str, problem: str) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, state, problem, stdin=asyncio.subprocess.DEVNULL
            )
        except OSError as error:
            log.warning("hook_failed", hook=self._command[0], reason=error.strerror)
            return
        try:
            async with asyncio.timeout(HOOK_SECONDS):
                await process.wait()
        except TimeoutError:
            log.warning("hook_hangs", hook=self._command[0], seconds=HOOK_SECONDS)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
