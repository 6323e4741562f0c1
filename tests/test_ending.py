"""A benchmark that is told to end takes with it what it started."""

import contextlib
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

BLOCKING = """
import sys, time
from pathlib import Path
from tests.ending import end_what_we_started
from tests.servers import belvedere

end_what_we_started()
with belvedere(Path(sys.argv[1])) as server:
    print(server.process.pid, flush=True)
    time.sleep(60)
"""
WAITING = """
import asyncio, sys
from tests.ending import end_what_we_started

async def main():
    child = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        print(child.pid, flush=True)
        await asyncio.sleep(60)
    finally:
        child.kill()
        await child.wait()

end_what_we_started()
asyncio.run(main())
"""


@pytest.mark.parametrize("shell", [(), ("sh", "-c", 'trap "" INT; exec "$@"', "sh")], ids=["plain", "background"])
@pytest.mark.parametrize("program", [BLOCKING, WAITING], ids=["blocking", "waiting"])
def test_what_it_started_ends_with_it(program: str, shell: tuple[str, ...], tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    command = [*shell, sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.terminate()
        assert parent.wait(15) != 0
    try:
        assert not child.is_running()
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
