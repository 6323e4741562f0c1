"""The real product in a laboratory: `belvedere serve` and coturn on the server host, `belvedere-camera` on the camera.

The server stands at its `web` address, HTTPS on port 443 with a self-made certificate; its relay at the same address,
port 3480; coturn at the `turn` address. A household (an account with one paired camera) is made once per process and
copied into each laboratory, so a cell pays for no pairing.
"""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from signaling.protocol import qr
from tests.home import CameraProcess, Household
from tests.natlab import coturn
from tests.natlab.addresses import SERVER_4, SERVER_6
from tests.natlab.host import Host
from tests.natlab.lab import Lab
from tests.servers import Belvedere

ORIGIN = "https://web.lab"
HTTPS_PORT, RELAY_PORT = 443, 3480
SOURCE = "test:?size=640x360&fps=15&bitrate=600000"
"""75 KB/s: far more than signaling, and light enough for two cores."""
CAMERA_NAME = "Garden"
SERVER_DATA, CAMERA_DATA = "server", "camera"


class LabServer(Belvedere):
    """`belvedere serve` on a laboratory's server host."""

    def __init__(self, data_dir: Path, settings: dict[str, str], host: Host) -> None:
        super().__init__(data_dir, settings, HTTPS_PORT)
        self._host = host

    @property
    def url(self) -> str:
        """For this process, which does not know the laboratory's names."""
        return f"https://{SERVER_4.web}"

    def call(self, method: str, path: str, body: object = None, token: str = "") -> tuple[int, object]:
        with self._host.enter():
            return super().call(method, path, body, token)

    def _popen(self, words: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        return self._host.popen(words, **options)


def server_settings(data_dir: Path, *, relay: bool, turn: bool) -> dict[str, str]:
    """Of the server, without prefix. The name `web.lab` stands for its addresses of both families."""
    settings = {
        "host": "web.lab",
        "port": str(HTTPS_PORT),
        "public_url": ORIGIN,
        "data_dir": str(data_dir),
        "metrics_port": "0",
        "bcrypt_cost": "4",
        "rate_limits": "0",
        # The relay answers STUN as well; without it the laboratory's own server does.
        "ice_servers": "" if relay else '[{"urls": ["stun:stun.lab:3478"]}]',
        "relay": str(int(relay)),
        "relay_port": str(RELAY_PORT),
        "relay_addresses": f"{SERVER_4.web},{SERVER_6.web}",
    }
    return settings | (coturn.server_settings() if turn else {})


@dataclass
class Product:
    """What runs in one laboratory. `camera`: paired with `server`, killed and started at will."""

    lab: Lab
    server: LabServer
    camera: CameraProcess
    home: Household

    def online(self, online: bool = True) -> None:
        """Waits until the server says so of the camera."""
        self.home.wait_online(self.camera, online)


def camera_process(lab: Lab, folder: Path, source: str) -> CameraProcess:
    arguments = ["--source", source, "--wifi", "already-online", "--log-format", "json"]
    return CameraProcess(folder, arguments, prefix=lab.camera.prefix)


@dataclass(frozen=True)
class Template:
    """The household before anybody looked: data of server and camera, the camera's id, the owner's token."""

    folder: Path
    camera: str
    token: str


def make_template(folder: Path) -> Template:
    """Registers the owner and pairs the camera, in a laboratory of their own."""
    with Lab("none", "none") as lab:
        server = LabServer(
            folder / SERVER_DATA, server_settings(folder / SERVER_DATA, relay=False, turn=False), lab.server
        )
        try:
            server.start()
            home = Household(server, server.sign_up(), folder)
            camera = camera_process(lab, folder / CAMERA_DATA, SOURCE)
            camera.id, code = home.pending(CAMERA_NAME)
            paired = camera.pair(qr.to_compact(code))
            assert paired.returncode == 0, paired.stdout + paired.stderr
            camera.start()
            try:
                home.wait_online(camera)
                home.call("POST", f"/api/cameras/{camera.id}/confirm", {"mine": True})
            finally:
                camera.stop()
        finally:
            server.stop()
    return Template(folder, camera.id, home.token)


@cache
def template() -> Template:
    """Made once; its folder goes with this process."""
    holder = tempfile.TemporaryDirectory(prefix="belvedere-natlab-")
    _kept.append(holder)
    return make_template(Path(holder.name))


_kept: list["tempfile.TemporaryDirectory[str]"] = []


@contextlib.contextmanager
def product(
    lab: Lab, folder: Path, *, relay: bool = True, turn: bool = False, source: str = SOURCE
) -> Iterator[Product]:
    """Everything up and the camera online, in an open laboratory. `folder`: for data and logs, empty."""
    made = template()
    for part in (SERVER_DATA, CAMERA_DATA):
        shutil.copytree(made.folder / part, folder / part, ignore=shutil.ignore_patterns("*.log"))
    with contextlib.ExitStack() as stack:
        if turn:
            stack.enter_context(coturn.running(lab, folder / "coturn"))
        server = LabServer(
            folder / SERVER_DATA, server_settings(folder / SERVER_DATA, relay=relay, turn=turn), lab.server
        )
        server.start()
        stack.callback(server.stop)
        camera = camera_process(lab, folder / CAMERA_DATA, source)
        camera.id = made.camera
        camera.environment = coturn.trusting(folder / "coturn") if turn else {}
        camera.start()
        stack.callback(camera.stop)
        running = Product(lab, server, camera, Household(server, made.token, folder))
        running.online()
        yield running
