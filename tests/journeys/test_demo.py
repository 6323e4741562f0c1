"""`make demo`: one command, one address, one login, a moving picture.

Ctrl-C leaves nothing behind, nor does a second one, nor a terminal that is closed.
"""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Browser

from tests.browser import new_page, sign_in, watch
from tests.home import wait_until
from tests.program import ROOT
from tests.servers import free_port

PLAYS = """
async () => {
  // Two presented pictures that differ: it moves.
  const shot = async (video) => {
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    const canvas = new OffscreenCanvas(160, 90);
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, 160, 90);
    return context.getImageData(0, 0, 160, 90).data.join();
  };
  const first = await shot(theVideo());
  await new Promise((resolve) => setTimeout(resolve, 500));
  return first !== await shot(theVideo());
}
"""


class Demo:
    """The demo as a person starts it, with settings of a server of their own around it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.log = folder / "demo.log"
        theirs = {
            "REDIS_URL": "redis://127.0.0.1:1",
            "DATABASE_URL": "postgresql://x@127.0.0.1:1/x",
            "TMPDIR": str(folder),
        }
        theirs |= {"BELVEDERE_PORT": str(port), "BELVEDERE_CAMERA_SOURCE": "/nowhere", "BELVEDERE_HOST": "192.0.2.1"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "demo"], cwd=ROOT, env=os.environ | theirs, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def shown(self, label: str) -> str:
        """What it printed behind a label, once it did."""
        return str(wait_until(lambda: re.search(rf"{label}\s+(\S+)", self.output), f"{label} printed", 90)[1])

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="belvedere-test-demo-") as made:
        yield Path(made)


async def test_one_command_to_a_moving_picture_and_nothing_left(folder: Path, browser: Browser) -> None:
    for _ in range(2):
        demo = Demo(folder, free_port())
        try:
            page = await new_page(browser)
            await sign_in(page, demo.shown("Open"), demo.shown("E-mail"), demo.shown("Password"))
            await watch(page, "Front garden")
            await page.get_by_role("button", name="Direct").wait_for()
            assert await page.evaluate(PLAYS)
            await page.context.close()
            children = psutil.Process(demo.process.pid).children(recursive=True)
            assert len(children) == 2
            assert demo.interrupt() == 0
            assert not [child for child in children if child.is_running()]
            assert [path.name for path in folder.iterdir()] == ["demo.log"]
        finally:
            demo.process.kill()
            demo.process.wait()


def test_more_of_ctrl_c_while_it_is_stopping_leaves_nothing_either(folder: Path) -> None:
    demo = Demo(folder, free_port())
    try:
        demo.shown("Password")
        children = psutil.Process(demo.process.pid).children(recursive=True)
        demo.process.send_signal(signal.SIGINT)
        wait_until(lambda: "Stopping" in demo.output, "it stops")
        while demo.process.poll() is None:
            demo.process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        assert demo.process.returncode == 0
        assert "Traceback" not in demo.output and "KeyboardInterrupt" not in demo.output
        assert not [child for child in children if child.is_running()]
        assert [path.name for path in folder.iterdir()] == ["demo.log"]
    finally:
        demo.process.kill()
        demo.process.wait()


def test_a_closed_terminal_ends_all_of_it(folder: Path) -> None:
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "env", "--default-signal=HUP", sys.executable, "-m", "demo"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder), "BELVEDERE_PORT": str(free_port())},
        stdin=inside,
        stdout=inside,
        stderr=inside,
    )
    os.close(inside)
    children: list[psutil.Process] = []
    try:
        said = b""
        while b"Ctrl-C stops all of it" not in said:
            said += os.read(terminal, 4096)
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 2
        os.close(terminal)
        process.wait(20)
        assert not [child for child in children if child.is_running()]
        assert list(folder.iterdir()) == []
    finally:
        process.kill()
        process.wait()
        for child in children:
            if child.is_running():
                child.kill()


def test_it_says_that_its_port_is_taken(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = Demo(folder, port)
        assert demo.process.wait(20) == 1
        assert f"port {port} is taken" in demo.output
        assert "Traceback" not in demo.output


def with_node(folder: Path, version: str | None) -> "subprocess.CompletedProcess[str]":
    """`.ci/require-node` where this Node is installed, or none."""
    for name in ("bash", "env"):
        (folder / name).symlink_to(f"/usr/bin/{name}")
    if version is not None:
        for name, text in {"node": f"echo v{version}", "npm": "exit 0"}.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
    return subprocess.run(
        [ROOT / ".ci/require-node"], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("version", [None, "18.19.0", "20.18.3", "21.7.3", "22.11.0"])
def test_it_says_what_to_do_without_a_usable_node(folder: Path, version: str | None) -> None:
    done = with_node(folder, version)
    assert done.returncode == 1
    assert (f"this machine has v{version}" if version else "there is none") in done.stderr
    assert "20.19 or newer" in done.stderr and "nodejs.org" in done.stderr


@pytest.mark.parametrize("version", ["20.19.0", "22.12.0", "23.0.0", "24.1.0"])
def test_it_takes_every_node_that_the_build_tool_takes(folder: Path, version: str) -> None:
    assert with_node(folder, version).returncode == 0
    packages = json.loads((ROOT / "web/package-lock.json").read_text())["packages"]
    assert packages["node_modules/vite"]["engines"]["node"] == "^20.19.0 || >=22.12.0"
