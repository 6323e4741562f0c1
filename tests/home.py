"""A household for journeys and benchmarks: a real server, its owner, and real camera processes.

with household(tmp_path) as home:
    camera = home.add_camera("Garden")         # paired by text, online and confirmed
    camera.kill(); camera.start()              # power cut, power back
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signaling.protocol import qr
from tests.program import ROOT, Program
from tests.servers import Belvedere, belvedere

WAIT_SECONDS = 30.0
POLL_SECONDS = 0.1
SMALL_SOURCE = "test:?size=640x360&fps=15&bitrate=600000"
"""Light enough for several cameras and browsers on two cores; its stamp is still readable."""


def wait_until(condition: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> Any:
    """The first true value of `condition`. Fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(POLL_SECONDS)
    return value


@dataclass
class CameraProcess(Program):
    """`belvedere-camera` with its own data directory. It is the server that says when it is online."""

    folder: Path
    arguments: list[str]
    id: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)
    """Words before the command, such as `ip netns exec NAME`."""

    @property
    def log(self) -> Path:
        return self.folder / "camera.log"

    def _command(self, *words: str) -> list[str]:
        data = ["--data", str(self.folder / "data")]
        return [*self.prefix, sys.executable, "-m", "camera_peer", *words, *data]

    def pair(self, text: str) -> "subprocess.CompletedProcess[str]":
        """`belvedere-camera pair -` with the code's text."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [*self._command("pair", "-"), "--wifi", "already-online"]
        return subprocess.run(command, input=text, text=True, capture_output=True, timeout=60, cwd=ROOT, check=False)

    def stop(self) -> int:
        """One that hangs is killed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return super().stop()
        return -signal.SIGKILL

    def _words(self) -> list[str]:
        return [*self._command("run"), *self.arguments]

    def _environment(self) -> dict[str, str]:
        return os.environ | self.environment


@dataclass
class Household:
    """A server with its owner signed in. `cameras` end with it."""

    server: Belvedere
    token: str
    folder: Path
    cameras: list[CameraProcess] = field(default_factory=list)

    def call(self, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        """One REST call as the owner."""
        status, answer = self.server.call(method, path, body, self.token)
        assert status == expect, (status, answer)
        return answer

    def open_now(self) -> dict[str, float]:
        """What the server has open, by its own count; needs the setting `metrics_port`."""
        address = f"http://127.0.0.1:{self.server.settings['metrics_port']}/metrics"
        with urllib.request.urlopen(address, timeout=5) as answer:
            text = answer.read().decode()
        return {kind: float(value) for kind, value in re.findall(r'belvedere_open\{kind="(\w+)"\} (\S+)', text)}

    def camera(self, camera_id: str) -> Any:
        return self.call("GET", f"/api/cameras/{camera_id}")

    def pending(self, name: str, ssid: str = "") -> tuple[str, qr.OnboardingCode]:
        """Adds a camera; its id and what its QR code says."""
        body = {"name": name, "model": "belvedere", "ssid": ssid}
        answer = self.call("POST", "/api/cameras", body, 201)
        pairing = answer["pairing"]
        code = qr.OnboardingCode(
            server_url=pairing["server_url"], token=pairing["token"], ssid=ssid, pin=pairing["pin"]
        )
        return answer["camera"]["id"], code

    def new_camera(self, *arguments: str) -> CameraProcess:
        """A camera process that is not started and not paired."""
        camera = CameraProcess(self.folder / f"camera-{len(self.cameras)}", list(arguments))
        self.cameras.append(camera)
        return camera

    def add_camera(
        self, name: str, source: str = SMALL_SOURCE, *arguments: str, prefix: list[str] | None = None
    ) -> CameraProcess:
        """A camera that is paired, online and confirmed."""
        camera = self.new_camera("--source", source, "--wifi", "already-online", *arguments)
        camera.prefix = prefix or []
        camera.id, code = self.pending(name)
        paired = camera.pair(qr.to_compact(code))
        assert paired.returncode == 0, paired.stdout + paired.stderr
        camera.start()
        self.wait_online(camera)
        self.call("POST", f"/api/cameras/{camera.id}/confirm", {"mine": True})
        return camera

    def wait_online(self, camera: CameraProcess, online: bool = True) -> None:
        what = f"camera {'online' if online else 'offline'}"
        try:
            wait_until(lambda: self.camera(camera.id)["online"] is online, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{camera.output[-3000:]}") from None


@contextlib.contextmanager
def household(folder: Path, **settings: str) -> Iterator[Household]:
    """A server on a free port with its owner. Light passwords, no limits, no metrics unless `settings` say so."""
    light = {"bcrypt_cost": "4", "rate_limits": "0", "metrics_port": "0"}
    with belvedere(folder / "server", **(light | settings)) as server:
        home = Household(server, server.sign_up(), folder)
        try:
            yield home
        finally:
            for camera in home.cameras:
                camera.stop()


def last_json_line(text: str) -> Any:
    """What a benchmark ends with."""
    return json.loads(text.strip().splitlines()[-1])
