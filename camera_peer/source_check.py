"""One look at the source of a camera that nobody has paired yet, so that a mistyped `--source` is said at once."""

import asyncio
from collections.abc import Callable

import structlog

from camera_peer.broadcast import Broadcast
from media.frames import Source, SourceError

log = structlog.get_logger(__name__)

CHECK_SECONDS = 30.0
"""Every source says sooner what it lacks; one that does not is of no use either."""


async def say_what_is_wrong(open_source: Callable[[], Source], within: float = CHECK_SECONDS) -> None:
    """Log one sentence if the source does not deliver; the camera tries it again once it is paired."""
    try:
        await first_picture(open_source(), within)
    except SourceError as error:
        log.warning("source_failed", problem=str(error), advice="it is tried again once the camera is paired")


async def first_picture(source: Source, within: float) -> None:
    """Run the source up to its first picture. Raises `SourceError`, also where none comes `within` so many seconds."""
    delivered = asyncio.Event()
    playing = asyncio.create_task(Broadcast(source).run(delivered.set))
    waiting = asyncio.create_task(delivered.wait())
    try:
        await asyncio.wait({playing, waiting}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if playing.done() and not delivered.is_set():
            playing.result()
        if not delivered.is_set():
            raise SourceError("The source sends no picture.")
    finally:
        playing.cancel()
        waiting.cancel()
        await asyncio.wait({playing, waiting})
