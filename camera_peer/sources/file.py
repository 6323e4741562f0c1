"""A video file as a camera: anything FFmpeg reads, repeated for ever."""

import stat
from pathlib import Path

import av

from camera_peer.sources.input import Input
from media.frames import SourceError


def file_input(text: str) -> Input:
    path = Path(text).expanduser().absolute()
    return Input(
        name=path.name,
        url=f"file:{path}",
        live=False,
        explain=lambda error: _explain(path, error),
        check=lambda: _check(path),
        # A playlist inside a file may name other files and addresses; none of them is this camera's.
        attempts=({"protocol_whitelist": "file"},),
        empty=_damaged(path),
        silent=f"The file {path} took too long to read.",
    )


def _check(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise SourceError(f"There is no file {path}.") from None
    except OSError as error:
        raise SourceError(f"The file {path} cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(mode):
        raise SourceError(f"{path} is not a file.")


def _explain(path: Path, error: av.FFmpegError) -> str:
    if isinstance(error, av.PermissionError):
        return f"The file {path} may not be read by this user."
    return _damaged(path)


def _damaged(path: Path) -> str:
    return f"The file {path} is not a video that can be read: it is damaged, cut short or of another kind."
