"""A long round trip and lost packets end no session; a viewer that is killed ends its own within three seconds."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.benchmarks.clip import encode_clip
from tests.natlab.build import ROOT
from tests.natlab.host import Host
from tests.natlab.lab import Lab

pytestmark = pytest.mark.namespace

SECONDS = float(os.environ.get("BAD_LINE_SECONDS", "60"))
"""600 for the ten minutes that are promised."""
PATIENCE = 20.0
NOTICED = 3.0
PATIENT_VIEWER = """
import aioice.stun, tests.benchmarks.light_client as light, uvloop
aioice.stun.RETRY_RTO = 2.0  # stock aioice gives up a path of more than 500 ms after 30 s
uvloop.run(light.serve())
"""


class Program:
    """One JSON line in, one out; what it says beside goes to `said`."""

    def __init__(self, host: Host, words: list[str]) -> None:
        self.process: subprocess.Popen[Any] = host.popen(
            [sys.executable, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        self.said: queue.Queue[tuple[float, str]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, **order: Any) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def ends(self) -> list[tuple[float, str]]:
        """When and why sessions ended so far."""
        return [(at, line) for at, line in list(self.said.queue) if line.startswith("s ")]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as pipe:
            for line in pipe:
                self.said.put((time.monotonic(), line))


@contextmanager
def watching(lab: Lab, folder: Path) -> Iterator[tuple[Program, Program]]:
    """A camera and a viewer that gets its packets."""
    clip = folder / "clip"
    clip.write_bytes(msgspec.msgpack.encode(encode_clip(width=320, height=180)))
    with ExitStack() as stack:
        camera = Program(lab.camera, ["-m", "tests.benchmarks.camera_process", "ours", str(clip), "10"])
        stack.callback(camera.stop)
        viewer = Program(lab.viewer, ["-c", PATIENT_VIEWER])
        stack.callback(viewer.stop)
        answer = viewer.ask(offer=camera.ask(open="s")["offer"])["answer"]
        camera.ask(answer=answer, id="s")
        deadline = time.monotonic() + PATIENCE
        while not viewer.ask(count=True)["connected"]:
            assert time.monotonic() < deadline and not camera.ends(), camera.ends()
            time.sleep(0.1)
        yield camera, viewer


@pytest.mark.timeout(SECONDS + 60)
def test_ten_percent_of_loss_and_600_ms_end_no_session(tmp_path: Path) -> None:
    with Lab("none", "none", delay_ms=150) as lab:
        lab.lose("camera", up=0.1, down=0.1)
        with watching(lab, tmp_path) as (camera, viewer):
            until = time.monotonic() + SECONDS
            counted = viewer.ask(count=True)["packets"]
            while time.monotonic() < until:
                time.sleep(5)
                assert camera.ends() == []
                before, counted = counted, viewer.ask(count=True)["packets"]
                assert counted > before


@pytest.mark.parametrize("delay_ms", [10, 40])
def test_a_killed_viewer_is_noticed(delay_ms: int, tmp_path: Path) -> None:
    with Lab("none", "none", delay_ms=delay_ms) as lab, watching(lab, tmp_path) as (camera, viewer):
        time.sleep(1.3)
        killed = time.monotonic()
        viewer.process.kill()
        time.sleep(NOTICED)
        ((at, reason),) = camera.ends()
        assert reason == "s the viewer fell silent\n"
        assert at - killed <= NOTICED
