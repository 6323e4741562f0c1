"""An input as PyAV opens it: a file, an RTSP camera, a device. What differs between them is data and sentences."""

import time
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
    text holds the address with its password. `silent` is said when a time limit struck, whatever PyAV calls it.
    """

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
    silent: str = "The source does not answer."
    empty: str = "The source has no picture that can be shown."


def open_input(source: Input) -> InputContainer:
    """Open it, within `2 * open_within` seconds. Raises `SourceError`."""
    source.check()
    last = len(source.attempts) - 1
    began = time.monotonic()
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
            late = time.monotonic() - began >= source.open_within
            raise SourceError(source.silent if late else sentence(source, error)) from None
    raise SourceError(source.ended)


def sentence(source: Input, error: av.FFmpegError) -> str:
    """What to say of an error: PyAV calls a time limit of ours an exit."""
    return source.silent if isinstance(error, (av.ExitError, av.TimeoutError)) else source.explain(error)
