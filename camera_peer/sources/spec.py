"""What `--source` may say, taken apart: `test`, a file, `rtsp://…`, `/dev/video0`. Errors never repeat an address."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

from camera_peer.encoder import DEFAULT_BITRATE, LONG_SIDE, MAX_BITRATE, MAX_FPS, MIN_BITRATE, SHORT_SIDE
from media.frames import SourceError

RTSP_PORT = 554
MIN_WIDTH, MIN_HEIGHT = 320, 180
"""Least size of the test pattern: below it the stamp's cells cannot be told apart."""

MIN_GOP, MAX_GOP = 0.1, 10.0
"""Seconds between key frames: a shorter group is all key frames, a longer one exceeds the broadcast's cache."""

HELP = "Give test, a file, rtsp://HOST/PATH or /dev/videoN."


@dataclass(frozen=True, slots=True)
class PatternSpec:
    """`always_on`: encode without demand and ignore requests for key frames, as a camera that passes through does.
    `busy`: shimmering water, so that the stream fills its bitrate. `stamped`: with the machine-readable clock."""

    width: int = 1280
    height: int = 720
    fps: float = 30.0
    gop: float = 2.0
    bitrate: int | None = None
    audio: bool = True
    always_on: bool = False
    busy: bool = False
    stamped: bool = True


@dataclass(frozen=True, slots=True)
class FileSpec:
    path: str


@dataclass(frozen=True, slots=True, repr=False)
class RtspSpec:
    """`url` may carry a password: show `place` instead."""

    url: str
    host: str
    port: int

    @property
    def place(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __repr__(self) -> str:
        return f"RtspSpec({self.place})"


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A V4L2 device. `pixels`: the input format to ask for first, such as mjpeg, h264 or yuyv422."""

    path: str
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    pixels: str = "mjpeg"


Spec = PatternSpec | FileSpec | RtspSpec | DeviceSpec


def parse_spec(text: str) -> Spec:
    """Raises `SourceError` with a sentence for whoever typed it."""
    if re.match(r"test(:|\?|$)", text):
        return _pattern(text.removeprefix("test").lstrip(":"))
    if text.startswith(("/dev/video", "v4l2:")):
        return _device(text.removeprefix("v4l2:"))
    if text.lower().startswith("rtsp:"):
        return _rtsp(text)
    path = text.removeprefix("file://").removeprefix("file:")
    if not path or "\0" in path or "://" in path:
        raise SourceError(f"This source is of no known kind. {HELP}")
    return FileSpec(path)


def _rtsp(text: str) -> RtspSpec:
    try:
        parts: SplitResult = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or re.search(r"\s|[\x00-\x1f]", text):
        raise SourceError("The RTSP address is not valid; it looks like rtsp://USER:PASSWORD@HOST:554/PATH.")
    return RtspSpec(text, host, port or RTSP_PORT)


def _pattern(text: str) -> PatternSpec:
    name, _, query = text.partition("?")
    if name not in ("", "passthrough"):
        raise SourceError("The test source is test, test:passthrough or test:?OPTION=VALUE&….")
    given = _options(query, {"size", "fps", "gop", "bitrate", "audio", "obey", "detail", "stamp"})
    width, height = _size(given.get("size", "1280x720"))
    too_small = width < MIN_WIDTH or height < MIN_HEIGHT
    if too_small or width > LONG_SIDE or height > SHORT_SIDE or width % 2 or height % 2:
        raise SourceError(
            f"The test pattern's size is even and from {MIN_WIDTH}x{MIN_HEIGHT} to {LONG_SIDE}x{SHORT_SIDE}."
        )
    bitrate = given.get("bitrate")
    return PatternSpec(
        width=width,
        height=height,
        fps=_number("fps", given.get("fps", "30"), 1, MAX_FPS),
        gop=_number("gop", given.get("gop", "2"), MIN_GOP, MAX_GOP),
        bitrate=None if bitrate is None else int(_number("bitrate", bitrate, MIN_BITRATE, MAX_BITRATE)),
        audio=_yes("audio", given.get("audio", "yes")),
        always_on=name == "passthrough" or not _yes("obey", given.get("obey", "yes")),
        busy=_choice("detail", given.get("detail", "low"), ("low", "high")) == "high",
        stamped=_yes("stamp", given.get("stamp", "yes")),
    )


def _device(text: str) -> DeviceSpec:
    path, _, query = text.partition("?")
    given = _options(query, {"size", "fps", "format"})
    width, height = _size(given.get("size", "1280x720"))
    if not path.startswith("/") or not 0 < width <= 8192 or not 0 < height <= 8192:
        raise SourceError("A camera device looks like /dev/video0 or v4l2:/dev/video0?size=1280x720&fps=30.")
    pixels = given.get("format", "mjpeg")
    if not re.fullmatch(r"[a-z0-9_]{1,20}", pixels):
        raise SourceError("The device's format is a name such as mjpeg, h264 or yuyv422.")
    return DeviceSpec(path, width, height, _number("fps", given.get("fps", "30"), 1, 240), pixels)


def _options(query: str, known: set[str]) -> dict[str, str]:
    given = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(given.keys() - known)
    if unknown:
        raise SourceError(f"The source has no option {unknown[0]!r}; it has {', '.join(sorted(known))}.")
    return given


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None:
        raise SourceError("The option size looks like 1280x720.")
    return int(match[1]), int(match[2])


def _number(name: str, text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise SourceError(f"The option {name} is a number from {least:g} to {most:g}.")
    return value


def _yes(name: str, text: str) -> bool:
    return _choice(name, text, ("yes", "no")) == "yes"


def _choice(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise SourceError(f"The option {name} is {' or '.join(choices)}.")
    return text


def bitrate_within(bitrate: int | None) -> int:
    """The bitrate to encode at, in bits per second, within what the encoders and uplinks bear."""
    return min(max(bitrate or DEFAULT_BITRATE, MIN_BITRATE), MAX_BITRATE)
