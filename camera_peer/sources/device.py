"""A USB or built-in camera (Video4Linux2)."""

import os
from pathlib import Path

import av

from camera_peer.sources.input import Input
from camera_peer.sources.spec import DeviceSpec
from media.frames import SourceError


def device_input(spec: DeviceSpec) -> Input:
    """Asks for the size and rate in the wanted pixel format, then in any, then for whatever the device gives."""
    shape = {"video_size": f"{spec.width}x{spec.height}", "framerate": f"{spec.fps:g}"}
    return Input(
        name=spec.path,
        url=spec.path,
        live=True,
        explain=lambda error: _explain(spec.path, error),
        check=lambda: _check(spec.path),
        format="v4l2",
        attempts=({**shape, "input_format": spec.pixels}, shape, {}),
        ended=f"The camera {spec.path} stopped sending.",
        silent=f"The camera {spec.path} sends no pictures.",
    )


def _check(path: str) -> None:
    if not Path(path).exists():
        here = sorted(str(device) for device in Path("/dev").glob("video*"))
        known = f"there are {', '.join(here)}" if here else "no camera is plugged in"
        raise SourceError(f"There is no camera {path}; {known}.")
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(f"The camera {path} may not be used by this user; add the user to the group video.")


def _explain(path: str, error: av.FFmpegError) -> str:
    if isinstance(error, av.FFmpegError) and error.errno == 16:  # EBUSY
        return f"The camera {path} is in use by another program."
    if isinstance(error, av.ArgumentError):
        return f"The camera {path} does not give video; is it the right one of the /dev/video devices?"
    return f"The camera {path} failed: {error.strerror}."
