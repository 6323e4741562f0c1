"""An RTSP camera (RFC 2326), over TCP: no packet is lost on the way and one connection passes every firewall."""

import socket

import av

from camera_peer.sources.input import Input
from camera_peer.sources.spec import RtspSpec
from media.frames import SourceError

OPEN_WITHIN = 5.0
"""Seconds for each half of opening: a camera in sleep answers within three."""

SILENT_FOR = 5.0
"""Seconds without a packet after which the camera counts as gone."""


def rtsp_input(spec: RtspSpec) -> Input:
    return Input(
        name=f"rtsp://{spec.place}",
        url=spec.url,
        live=True,
        explain=lambda error: _explain(spec.place, error),
        check=lambda: _resolve(spec),
        attempts=(
            {
                "rtsp_transport": "tcp",
                "allowed_media_types": "video+audio",
                "analyzeduration": "3000000",
                "protocol_whitelist": "rtsp,rtp,tcp",
            },
        ),
        open_within=OPEN_WITHIN,
        read_within=SILENT_FOR,
        ended=f"The camera at {spec.place} stopped sending.",
        silent=f"The camera at {spec.place} does not answer, or stopped sending.",
    )


def _resolve(spec: RtspSpec) -> None:
    """FFmpeg reports an unknown name as an input/output error, so ask first."""
    try:
        socket.getaddrinfo(spec.host, spec.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SourceError(f"The name {spec.host} cannot be found; is the RTSP address right?") from None


def _explain(place: str, error: av.FFmpegError) -> str:
    if isinstance(error, (av.HTTPUnauthorizedError, av.HTTPForbiddenError)):
        return f"The camera at {place} refused the user name or the password."
    if isinstance(error, av.HTTPNotFoundError):
        return f"The camera at {place} has no stream under this path."
    if isinstance(error, av.ConnectionRefusedError):
        return f"Nothing speaks RTSP at {place}: the connection was refused."
    if isinstance(error, (av.ConnectionResetError, av.BrokenPipeError, av.EOFError)):
        return f"The camera at {place} closed the connection."
    if isinstance(error, av.OSError) and error.errno is not None and not isinstance(error, av.InvalidDataError):
        return f"The camera at {place} cannot be reached: {error.strerror}."
    return f"What answers at {place} is no RTSP camera, or sends what cannot be understood."
