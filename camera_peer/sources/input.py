"""An input as PyAV opens it: a file, an RTSP camera, a device. What differs between them is data and sentences."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import av
from av.container.input import InputContainer
from av.packet import Packet
from av.stream import Stream

from media.frames import SourceError

AnyPacket: TypeAlias = "Packet[Stream]"
"""Written as text because PyAV's packet is generic for the type checker alone."""


@dataclass(frozen=True, slots=True)
class Input:
    """`name` may be logged and shown, `url` may not. `attempts`: options to try, one after the other, while the input
    refuses them. `live`: comes at its own pace and must not end; else it is paced by its times and repeated.
    `check` raises `SourceError` before anything is opened. `explain` turns PyAV's error into a sentence; PyAV's own
    text holds the address with its password."""

    name: str
    url: str = field(repr=False)
    live: bool
    explain: Callable[[av.FFmpegError], str]
    check: Callable[[], None] = lambda: None
    format: str | None = None
    attempts: tuple[Mapping[str, str], ...] = ({},)
    open_within: float = 5.0
    read_within: float = 5.0
    ended: str = "The source has ended."
    empty: str = "The source has no picture that can be shown."


def open_input(source: Input) -> InputContainer:
    """Open it, within `2 * open_within` seconds. Raises `SourceError`."""
    source.check()
    last = len(source.attempts) - 1
    for number, options in enumerate(source.attempts):
        try:
            return av.open(
                source.url,
                format=source.format,
                options=dict(options),
                metadata_errors="replace",
                timeout=(source.open_within, source.read_within),
            )
        except av.ArgumentError as error:
            if number == last:
                raise SourceError(source.explain(error)) from None
        except av.FFmpegError as error:
            raise SourceError(source.explain(error)) from None
    raise SourceError(source.ended)


def timed_out(error: av.FFmpegError) -> bool:
    """Whether a time limit of ours or of the system's struck."""
    return isinstance(error, (av.ExitError, av.TimeoutError))
