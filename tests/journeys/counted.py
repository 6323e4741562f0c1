"""Runs a Python program so that it says on SIGUSR1 how many asyncio tasks it has: one line, `tasks N`.

`python -m tests.journeys.counted python -m MODULE …`; `COUNTED` are the words to put before a program's own.
"""

import asyncio
import re
import runpy
import signal
import sys
from types import FrameType

from tests.home import wait_until
from tests.program import Program

COUNTED = [sys.executable, "-m", "tests.journeys.counted"]


def tasks_of(program: Program) -> int:
    """How many a program has that was started with `COUNTED`."""
    assert program.process is not None
    said = len(_counts(program))
    program.process.send_signal(signal.SIGUSR1)
    return int(wait_until(lambda: _counts(program)[said:], "a count of tasks")[0])


def _counts(program: Program) -> list[str]:
    return re.findall(r"^tasks (\d+)$", program.output, re.MULTILINE)


def _say(_number: int, _frame: FrameType | None) -> None:
    """Between two steps of the loop that runs in the main thread."""
    sys.stdout.write(f"tasks {len(asyncio.all_tasks())}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _say)
    _python, _m, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
