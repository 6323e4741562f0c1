"""A lane: what a packet goes through on its way out. This much all lanes share."""

from collections.abc import Callable
from typing import Protocol

from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from camera_peer.sources.input import AnyPacket
from camera_peer.sources.timeline import Timeline

Clock = Callable[[], float]


class CannotPass(Exception):
    """These pictures must be encoded again after all; the text says why."""


class Lane(Protocol):
    """`feed` takes a packet and its time (seconds, on the source's own clock). Raises `SourceError`, `CannotPass` or
    `av.FFmpegError`."""

    def feed(self, packet: AnyPacket, at: float) -> None: ...


class Stamps:
    """RTP time stamps of one stream, each later than the last: two frames of one time would become one at the
    receiver."""

    def __init__(self, timeline: Timeline, rate: int) -> None:
        self._timeline, self._rate = timeline, rate
        self._last = -1

    def next(self, at: float, now: float) -> int:
        self._last = max(self._last + 1, round(self._timeline.place(at, now) * self._rate))
        return self._last


def time_of(frame: VideoFrame | AudioFrame, otherwise: float) -> float:
    """The frame's own time in seconds; decoders give pictures later than their packets, and in another order."""
    if frame.pts is None or frame.time_base is None:
        return otherwise
    return float(frame.pts * frame.time_base)
