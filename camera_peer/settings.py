"""Everything a maker can set, read once from the command line and the environment, and checked.

Each option has an environment variable, `BELVEDERE_CAMERA_` and its name in capitals; the command line wins.
"""

import argparse
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import cast

from camera_peer.wifi.spec import FORMS as WIFI_FORMS
from media.frames import VideoCodec

PREFIX = "BELVEDERE_CAMERA_"
MAX_NAME = 100
LENSES = "auto, source, image:PATH or none"


class BadSetting(ValueError):
    """A setting has no meaning; the message says which and what is possible."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults are those of a camera on a desk: a test pattern, and a Wi-Fi that is joined only where it is needed."""

    source: str = "test"
    codec: VideoCodec = "h264"
    audio: bool = True
    name: str = ""
    data: Path = Path("camera-data")
    wifi: str = "auto"
    lens: str = "auto"
    hook: str = ""
    seed: int = 0
    log_format: str = "auto"


HELP: dict[str, str] = {
    "source": "where the pictures come from: test, a file, rtsp://HOST/PATH or /dev/video0",
    "codec": "h264 or vp8, used where the pictures do not come encoded",
    "audio": "yes or no: send the source's sound as well",
    "name": "what this camera calls itself; the account's own name for it goes first",
    "data": "directory for the camera's key and pairing; made with mode 0700",
    "wifi": f"who joins the Wi-Fi: {WIFI_FORMS}; auto is networkmanager where it has a Wi-Fi adapter and the camera is "
    "not online by cable, else already-online",
    "lens": f"where QR codes are seen: {LENSES}; auto is source for real sources and none for test and files",
    "hook": "command run at every change with STATE and PROBLEM added, for an LED or a tone",
    "seed": "of the simulated sensor behind --lens image:PATH",
    "log_format": "text, json or auto (text on a terminal)",
}


def data_directory(environment: Mapping[str, str]) -> Path:
    """Where the camera keeps its key by default: the user's state directory (XDG Base Directory Specification)."""
    home = environment.get("XDG_STATE_HOME") or str(Path(environment.get("HOME", "/root")) / ".local/state")
    return Path(home) / "belvedere-camera"


def add_options(parser: argparse.ArgumentParser, only: Sequence[str] = ()) -> None:
    """Every setting as an option, or those named."""
    for field in fields(Settings):
        if not only or field.name in only:
            option = "--" + field.name.replace("_", "-")
            parser.add_argument(option, default=None, help=f"{HELP[field.name]} ({PREFIX}{field.name.upper()})")


def read(options: Mapping[str, str | None], environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that hold. Raises `BadSetting`."""
    texts: dict[str, str] = {}
    for field in fields(Settings):
        given = options.get(field.name)
        value = given if given is not None else environment.get(PREFIX + field.name.upper())
        if value is not None:
            texts[field.name] = value
    default = Settings()
    return Settings(
        source=_filled("source", texts.get("source", default.source)),
        codec=cast(VideoCodec, _one_of("codec", texts.get("codec", default.codec), ("h264", "vp8"))),
        audio=_one_of("audio", texts.get("audio", "yes"), ("yes", "no")) == "yes",
        name=texts.get("name", default.name)[:MAX_NAME],
        data=Path(texts["data"]) if texts.get("data") else data_directory(environment),
        wifi=_filled("wifi", texts.get("wifi", default.wifi)),
        lens=_lens(texts.get("lens", default.lens)),
        hook=_command("hook", texts.get("hook", default.hook)),
        seed=_number("seed", texts.get("seed", str(default.seed))),
        log_format=_one_of("log_format", texts.get("log_format", default.log_format), ("auto", "text", "json")),
    )


def lens_of(settings: Settings) -> str:
    """`auto` decided: real sources see the room, a test pattern and a file do not."""
    if settings.lens != "auto":
        return settings.lens
    return "source" if settings.source.startswith(("/dev/video", "v4l2:", "rtsp:")) else "none"


def _lens(value: str) -> str:
    if value in ("auto", "source", "none") or (value.startswith("image:") and len(value) > len("image:")):
        return value
    raise BadSetting(f"--lens must be {LENSES}, not {value!r}")


def _one_of(name: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise BadSetting(f"--{name.replace('_', '-')} must be {' or '.join(choices)}, not {value!r}")
    return value


def _filled(name: str, value: str) -> str:
    if not value.strip():
        raise BadSetting(f"--{name} must not be empty")
    return value


def _command(name: str, value: str) -> str:
    try:
        shlex.split(value)
    except ValueError as error:
        raise BadSetting(f"--{name} must be a command line, not {value!r}: {str(error).lower()}") from None
    return value


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise BadSetting(f"--{name} must be a whole number, not {value!r}")
    return int(value)
