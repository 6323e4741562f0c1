"""`belvedere-camera`: run a camera, pair it by hand, reset it, print its label. The composition root here."""

import argparse
import asyncio
import contextlib
import os
import random
import secrets
import shlex
import signal
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
import uvloop

from camera_peer import farewell, logs, settings, storage
from camera_peer.agent import CameraAgent
from camera_peer.broadcast import Broadcast
from camera_peer.camera import Camera, Outside
from camera_peer.door import Door
from camera_peer.identity import DamagedKey, Identity
from camera_peer.label import DamagedLabel
from camera_peer.lens import Frame
from camera_peer.memory import Memory
from camera_peer.owner import owner_of
from camera_peer.pairing import code_from
from camera_peer.picture import Picture
from camera_peer.problem import CameraProblem
from camera_peer.sensor import frames_of_file
from camera_peer.settings import BadSetting, Settings
from camera_peer.source_check import say_what_is_wrong
from camera_peer.source_lens import SourceLens
from camera_peer.sources import open_source
from camera_peer.state import DamagedState, Pairing
from camera_peer.status import Status
from camera_peer.trust import trust_of
from camera_peer.viewer_session import Sessions
from camera_peer.wifi.spec import BadWifi, forget_networks, open_joiner
from media.frames import SourceError
from media.heap import keep_returning
from signaling.client import Handler, SignalingClient
from signaling.protocol.messages import RegisterExtra
from signaling.protocol.qr import BadPayload
from signaling.protocol.trust.statement import name_of

log = structlog.get_logger(__name__)

VERSION = version("belvedere")
COMMANDS = ("run", "pair", "reset", "label")
JTI_BYTES = 16
INSTANCE_BYTES = 12
FAILED = 1
MISUSED = 2


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """What was typed. Without a command it is `run`."""
    parser = argparse.ArgumentParser(
        prog="belvedere-camera",
        description="Turns a test pattern, a file, an RTSP camera or a USB camera into a Belvedere camera.",
    )
    commands = parser.add_subparsers(dest="command", metavar="{run,pair,reset,label}")
    run = commands.add_parser("run", help="run the camera (the default)")
    settings.add_options(run)
    pair = commands.add_parser("pair", help="pair with the content or the picture of an onboarding code")
    pair.add_argument("code", metavar="TEXT|IMAGE|-", help="the code's text, a picture of it, or - for standard input")
    settings.add_options(pair, only=("data", "wifi", "hook", "log_format"))
    reset = commands.add_parser("reset", help="forget pairing, key and Wi-Fi, as from the factory, and tell the server")
    settings.add_options(reset, only=("data", "wifi", "log_format"))
    label = commands.add_parser("label", help="print the setup code and the label key of this camera")
    settings.add_options(label, only=("data", "log_format"))
    words = list(argv)
    if not words or (words[0] not in COMMANDS and words[0] not in ("-h", "--help")):
        words.insert(0, "run")
    return parser.parse_args(words)


TOLD = {
    "told": "The server knows.\n",
    "untold": "The server could not be told; remove the camera in the app, or pair it again.\n",
    "nobody": "",
}


def lens_for(chosen: Settings) -> Callable[[], AsyncGenerator[Frame, None]] | None:
    """The lens that the settings name, or None."""
    kind, _, path = settings.lens_of(chosen).partition(":")
    if kind == "none":
        return None
    if kind == "image":
        return lambda: frames_of_file(Path(path), chosen.seed)
    eye = SourceLens(lambda: open_source(chosen.source, codec=chosen.codec, audio=False), time.monotonic)
    return eye.frames


async def run(chosen: Settings) -> int:
    """The camera, until it is told to stop."""
    source = open_source(chosen.source, codec=chosen.codec, audio=chosen.audio)
    kept, outside, status = memory_of(chosen), outside_of(chosen), Status(chosen.hook or None)
    broadcast = Broadcast(source)
    agent = CameraAgent(
        Sessions(broadcast),
        lambda told: Picture(broadcast.run, told, random=outside.random),
        lambda pairing, handler, tickets, backoff: line(pairing, kept.identity, chosen, handler, tickets, backoff),
        lambda pairing: door_of(pairing, kept.identity),
        random=outside.random,
        monotonic=outside.monotonic,
    )
    camera = Camera(kept, outside, status, lens=lens_for(chosen), by_hand=pair_command(chosen))
    with storage.locked(chosen.data):
        async with beside(status.run()), beside(look_at_source(chosen, kept)), beside(keep_returning()):
            await camera.run(agent)
    return 0


def door_of(pairing: Pairing, device: Identity) -> Door | None:
    """The door of a camera that knows its owner."""
    if pairing.owner is None:
        return None
    owner = owner_of(name_of(device.key), pairing.owner)
    return Door(device.key, owner, random_bytes=os.urandom, wall=time.time, monotonic=time.monotonic)


async def look_at_source(chosen: Settings, kept: Memory) -> None:
    """A camera that is paired or that looks through its source hears of its faults there."""
    if kept.pairing is None and settings.lens_of(chosen) != "source":
        await say_what_is_wrong(lambda: open_source(chosen.source, codec=chosen.codec, audio=chosen.audio))


def line(
    pairing: Pairing,
    device: Identity,
    chosen: Settings,
    handler: Handler,
    tickets: Callable[[], list[str]],
    backoff: Callable[[int], float],
) -> SignalingClient:
    """The connection to the server that this pairing names; a fresh signature for each try."""

    def authorization() -> str:
        now, jti = client.server_time(), secrets.token_urlsafe(JTI_BYTES)
        return f"Bearer {device.device_token(pairing.camera_id, pairing.origin, now=now, jti=jti)}"

    client = SignalingClient(
        pairing.signaling_url,
        authorization=authorization,
        handler=handler,
        backoff=backoff,
        random=random.SystemRandom().random,
        tickets=tickets,
        capabilities={"video": chosen.codec, "name": chosen.name, "extend": True},
        tls=trust_of(pairing),
        introduction=RegisterExtra(version=VERSION, instance=secrets.token_urlsafe(INSTANCE_BYTES)),
    )
    return client


def pair_command(chosen: Settings) -> str:
    """What a maker types to give this very camera a code by hand. The code itself is a secret: it goes to standard
    input, because everybody on the machine can read a command line."""
    words = ["belvedere-camera", "pair", "-", "--data", str(chosen.data)]
    wifi = [] if chosen.wifi == Settings().wifi else ["--wifi", chosen.wifi]
    return shlex.join([*words, *wifi])


async def pair(chosen: Settings, argument: str) -> int:
    """One onboarding by hand. A running camera with the same data directory notices within a second."""
    code = code_from(argument)
    status = Status(chosen.hook or None)
    camera = Camera(memory_of(chosen), outside_of(chosen), status, afresh=True)
    async with beside(status.run()):
        await camera.onboard(code)
    name = camera.pairing.name if camera.pairing else ""
    elsewhere = chosen.data != settings.data_directory(os.environ)
    start = "belvedere-camera --source …" + (f" {shlex.join(['--data', str(chosen.data)])}" if elsewhere else "")
    sys.stdout.write(f"Paired{f' as “{name}”' if name else ''}. Start the camera with: {start}\n")
    return 0


async def reset(chosen: Settings) -> int:
    """Factory reset."""
    told, found = await farewell.leave(chosen.data)
    networks = await forget_networks(chosen.wifi)
    sys.stdout.write("The pairing and the key are gone.\n" if found else "There was nothing to forget.\n")
    sys.stdout.write(f"Wi-Fi networks forgotten: {networks}.\n" if networks else "")
    sys.stdout.write(TOLD[told])
    return 0


async def label(chosen: Settings) -> int:
    """What to print on the camera. It is for whoever holds it, so it goes to standard output and into no log."""
    sys.stdout.write(memory_of(chosen).label().text)
    return 0


@contextlib.asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """`work` is done while the block runs, and not longer."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def memory_of(chosen: Settings) -> Memory:
    return Memory(chosen.data, os.urandom)


def outside_of(chosen: Settings) -> Outside:
    return Outside(wifi=open_joiner(chosen.wifi), random=random.SystemRandom().random)


async def until_stopped(work: Coroutine[Any, Any, int]) -> int:
    """Run `work`; an interrupt or a termination ends it in good order."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(sys.argv[1:] if argv is None else argv)
    try:
        chosen = settings.read({key: value for key, value in vars(options).items() if key not in ("command", "code")})
        logs.configure(chosen.log_format)
        work = {
            "run": lambda: run(chosen),
            "pair": lambda: pair(chosen, options.code),
            "reset": lambda: reset(chosen),
            "label": lambda: label(chosen),
        }
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(until_stopped(work[options.command]()))
    except (BadSetting, BadWifi, SourceError) as error:
        return say(str(error), MISUSED)
    except (BadPayload, CameraProblem, DamagedKey, DamagedLabel, DamagedState, storage.InUse) as error:
        return say(str(error), FAILED)
    except OSError as error:
        return say(f"the data directory cannot be used: {error.strerror} ({error.filename})", FAILED)


def say(sentence: str, code: int) -> int:
    """One sentence on standard error; the exit code."""
    sys.stderr.write(f"belvedere-camera: {sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
