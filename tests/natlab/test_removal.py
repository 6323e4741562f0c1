"""Nothing remains of a laboratory, whatever happens to its owner, and nothing else on the machine is touched."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.natlab import warden
from tests.natlab.build import ROOT
from tests.natlab.lab import Lab
from tests.natlab.namespace import CONFIGURATION, FOLDER

pytestmark = pytest.mark.namespace

OWNER = """
import sys
from tests.natlab.lab import Lab
with Lab(camera="carrier-grade", viewer="symmetric", delay_ms=5) as lab:
    sleeper = lab.camera.popen(["sleep", "600"])
    print(sleeper.pid, lab.warden_pid, flush=True)
    sys.stdin.read()
"""
PATIENCE_SECONDS = 10.0


def traces(pid: int) -> list[str]:
    """What there is of the laboratories of one process."""
    folders = [folder for folder in (FOLDER, CONFIGURATION) if folder.is_dir()]
    return [path.name for folder in folders for path in folder.iterdir() if path.name.startswith(f"natlab-{pid}-")]


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def alive(pid: int) -> bool:
    return warden.started(pid) is not None


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


class Owner:
    """A process with a laboratory, and a command that runs in it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self.process.stdout is not None
        self.sleeper, self.warden = map(int, self.process.stdout.readline().split())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


def test_closing_leaves_nothing() -> None:
    threads, processes = threading.active_count(), children()
    with Lab(camera="carrier-grade", viewer="dual-stack", delay_ms=5) as lab:
        sleeper = lab.viewer.popen(["sleep", "600"])
        assert traces(os.getpid())
    assert sleeper.wait() == -signal.SIGKILL
    assert (traces(os.getpid()), threading.active_count(), children()) == ([], threads, processes)


def test_failing_leaves_nothing() -> None:
    with pytest.raises(ZeroDivisionError), Lab(camera="none", viewer="none"):
        raise ZeroDivisionError
    assert traces(os.getpid()) == []


def test_failing_while_it_is_built_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    processes = children()
    (tmp_path / "nft").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "nft").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(Exception, match="nft -f -"), Lab(camera="none", viewer="none", delay_ms=5):
        pass
    assert (traces(os.getpid()), children()) == ([], processes)


def test_a_killed_owner_leaves_nothing() -> None:
    owner = Owner()
    assert traces(owner.process.pid) and alive(owner.sleeper)
    owner.kill()
    assert eventually(lambda: not traces(owner.process.pid) and not alive(owner.sleeper) and not alive(owner.warden))


def test_the_next_laboratory_sweeps_up() -> None:
    owner = Owner()
    os.kill(owner.warden, signal.SIGKILL)
    owner.kill()
    assert traces(owner.process.pid)
    with Lab(camera="none", viewer="none"):
        assert traces(owner.process.pid) == []
        assert eventually(lambda: not alive(owner.sleeper))


def test_living_owners_are_not_swept() -> None:
    with Lab(camera="none", viewer="none") as lab:
        warden.sweep()
        assert lab.camera.run(["true"]).returncode == 0


def test_the_machine_is_not_touched() -> None:
    def state() -> tuple[str, ...]:
        commands = (
            "nft list ruleset",
            "ip -o address",
            "ip route",
            "ip -6 route",
            "sysctl -a --pattern forward|filter",
        )
        return tuple(subprocess.run(words.split(), capture_output=True, text=True).stdout for words in commands)

    before = state()
    with Lab(camera="dual-stack", viewer="carrier-grade", delay_ms=5):
        assert state() == before
    assert state() == before
