"""`make demo`: a server and one camera that is not yet onboarded; the demo onboards it and prints where to look.

Every step is the real one: the account is made with the first-start link, the camera is added through the REST
API, the QR image is held before the lens of a simulated sensor, the camera decodes it, joins a simulated Wi-Fi,
activates itself and comes online. Nothing is kept from one run to the next.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TextIO

import aiohttp

from demo.app import App, Refused
from demo.processes import ChildDied, Children

HOST = "127.0.0.1"
DEFAULT_PORT = 8080
SSID, WIFI_PASSWORD = "Hillside", "demo-wifi-password"
START_SECONDS = 30.0
ONBOARD_SECONDS = 90.0
POLL_SECONDS = 0.2
STEPS = {
    "waiting": "The code is before the lens",
    "seen": "The camera read it, joined the Wi-Fi and found the server",
    "activated": "The camera activated itself with its own key",
    "online": "The camera is online",
}


class DemoFailed(Exception):
    """One sentence for the person at the terminal."""


def say(text: str, to: TextIO | None = None) -> None:
    """On standard output, or `to`. A terminal that was closed hears nothing, and the demo still has to be ended."""
    with contextlib.suppress(OSError):
        print(text, file=to, flush=True)


def port_is_free(port: int) -> bool:
    """Whether the demo may listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex((HOST, port)) != 0


def chosen_port() -> int:
    """BELVEDERE_PORT or 8080. Raises `DemoFailed` where it is taken or no port."""
    text = os.environ.get("BELVEDERE_PORT", str(DEFAULT_PORT))
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise DemoFailed(f"BELVEDERE_PORT is no port: {text}")
    if not port_is_free(int(text)):
        raise DemoFailed(f"port {text} is taken by another program; try: BELVEDERE_PORT={int(text) + 1} make demo")
    return int(text)


async def started(app: App, children: Children) -> None:
    """Waits until the server is ready. Raises `ChildDied`, or `DemoFailed` after 30 s."""
    async with asyncio.timeout(START_SECONDS):
        while not await app.reachable():
            children.check()
            await asyncio.sleep(POLL_SECONDS)


def first_start_secret(log: Path) -> str:
    """The secret of the one-time link that the server printed."""
    found = re.search(r"/#/register/([A-Za-z0-9_-]+)", log.read_text(errors="replace"))
    if not found:
        raise DemoFailed(f"the server printed no first-start link; see {log}")
    return found.group(1)


async def onboard(app: App, children: Children, lens: Path) -> None:
    """Add the camera, show its lens the code, and follow it until it is online."""
    camera, token = await app.add_camera("Front garden", "Belvedere demo camera", SSID)
    image = await app.qr_image(camera, token, SSID, WIFI_PASSWORD)
    fresh = lens.with_suffix(".part")
    fresh.write_bytes(image)
    fresh.rename(lens)
    said: set[str] = set()
    while "online" not in said:
        children.check()
        state = await app.camera(camera)
        reached = (state["pairing"] or {}).get("step", "online")
        for step, sentence in STEPS.items():
            if step not in said and list(STEPS).index(step) <= list(STEPS).index(reached):
                said.add(step)
                say(f"  ✓ {sentence}")
        if state["problem"]:
            raise DemoFailed(f"the camera reports: {state['problem']['detail']}")
        await asyncio.sleep(POLL_SECONDS)
    lens.unlink()
    await app.confirm(camera)


async def demo(children: Children, folder: Path) -> None:
    port = chosen_port()
    origin = f"http://{HOST}:{port}"
    lens = folder / "before-the-lens.png"
    say("Starting the server and a camera that nobody has paired yet ...")
    server = {
        "HOST": HOST,
        "PORT": str(port),
        "DATA_DIR": str(folder / "server"),
        "METRICS_PORT": "0",
        "RELAY_PORT": "0",
    }
    settings = {f"BELVEDERE_{name}": value for name, value in server.items()}
    children.start("server", "signaling", "serve", environment=settings)
    async with aiohttp.ClientSession() as http:
        app = App(origin, http)
        await started(app, children)
        wifi = f"simulated:{SSID}:{WIFI_PASSWORD}"
        sensor = (
            "--source",
            "test:?stamp=no",
            "--wifi",
            wifi,
            "--lens",
            f"image:{lens}",
            "--data",
            str(folder / "camera"),
        )
        children.start("camera", "camera_peer", *sensor, environment={})
        await app.register(first_start_secret(children.log("server")))
        await app.log_in()
        async with asyncio.timeout(ONBOARD_SECONDS):
            await onboard(app, children, lens)
        say(f"\n  Open      {origin}\n  E-mail    {app.email}\n  Password  {app.password}\n\nCtrl-C stops all of it.")
        while True:
            children.check()
            await asyncio.sleep(1)


async def until_stopped() -> int:
    """The demo, until a signal or a fault ends it; the exit code.

    All of it is ended and removed while the loop still takes the signals: one more Ctrl-C changes nothing.
    """
    folder = Path(tempfile.mkdtemp(prefix="belvedere-demo-"))
    children = Children(folder)
    playing = asyncio.ensure_future(demo(children, folder))
    signals = ending_signals()
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, playing.cancel)
    try:
        return await outcome(playing, folder)
    finally:
        children.stop()
        shutil.rmtree(folder, ignore_errors=True)
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)


def ending_signals() -> list[signal.Signals]:
    """Ctrl-C, a polite end, and a terminal that is closed, unless `nohup` said that it does not matter."""
    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    return [number for number in signals if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]


async def outcome(playing: "asyncio.Future[None]", folder: Path) -> int:
    """Say why the demo ended; the exit code."""
    try:
        await playing
    except asyncio.CancelledError:
        say("\nStopping ...")
        return 0
    except TimeoutError:
        say("The demo took too long. What it wrote:", sys.stderr)
        for log in folder.glob("*.log"):
            say(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}", sys.stderr)
    except (DemoFailed, ChildDied, Refused, aiohttp.ClientError) as error:
        say(f"The demo cannot go on: {error}", sys.stderr)
    return 1


def main() -> int:
    try:
        return asyncio.run(until_stopped())
    except KeyboardInterrupt:  # before there was anything to end
        return 0


if __name__ == "__main__":
    sys.exit(main())
