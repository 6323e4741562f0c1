"""What the rest of the server hears about cameras: in order, one at a time, and never more than fits.

Only the latest of each kind counts for a camera, with the arrivals before it, which tell whether two devices use its
key. So what waits is bounded by the cameras there are, one that talks without end takes no other's turn, and the end of
an old connection can never be told after the beginning of a new one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from signaling.effects import Came, FirstFrame, News, Outlived, Receipted, Reported, Went
from signaling.live.state import LiveUnavailable
from signaling.refusals import Refused
from signaling.rivals import Arrival

RETRY_SECONDS = 1.0
"""After the live state or the store failed us."""
MAX_ARRIVALS = 16
"""Of one camera, that wait to be told: enough for a warning twice over."""

log = structlog.get_logger(__name__)


class CameraEvents(Protocol):
    """Who wants to hear it."""

    async def online(
        self, camera_id: str, capabilities: dict[str, Any] | None = None, arrivals: Sequence[Arrival] = ()
    ) -> None: ...

    async def arrived(self, camera_id: str, arrivals: Sequence[Arrival]) -> None: ...

    async def offline(self, camera_id: str) -> None: ...

    async def outlived(self, camera_id: str, arrivals: Sequence[Arrival]) -> None: ...

    async def first_frame(self, camera_id: str) -> None: ...

    async def reported(self, camera_id: str, name: str, detail: str) -> None: ...

    async def receipted(self, camera_id: str, receipt: str) -> None: ...


class Presences(Protocol):
    """The part of the live state that this needs."""

    async def release_presence(self, camera_id: str, epoch: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Released:
    """The camera's presence is released, which succeeds only once; that it is offline remains to be told."""

    camera: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The latest news, and the arrivals that were not told yet, oldest first."""

    news: News | _Released
    arrivals: tuple[Arrival, ...] = ()

    def after(self, older: "_Waiting | None") -> "_Waiting":
        return replace(self, arrivals=(older.arrivals + self.arrivals)[-MAX_ARRIVALS:]) if older else self


_Queue = dict[str, _Waiting]
"""By camera."""


class NewsDesk:
    """Takes news at once (`add`) and tells it when it can (`run`)."""

    def __init__(self, events: CameraEvents, live: Presences) -> None:
        self._events = events
        self._live = live
        self._presence: _Queue = {}
        self._outlived: _Queue = {}
        self._first_frames: _Queue = {}
        self._reports: _Queue = {}
        self._receipts: _Queue = {}
        self._something = asyncio.Event()
        self._telling = asyncio.Lock()

    def add(self, news: News) -> None:
        """Remember it for `run`."""
        queue = self._queue_of(news)
        queue[news.camera] = _Waiting(news, _arrivals(news)).after(queue.get(news.camera))
        self._something.set()

    def _queue_of(self, news: News) -> _Queue:
        match news:
            case Came() | Went():
                return self._presence
            case Outlived():
                return self._outlived
            case FirstFrame():
                return self._first_frames
            case Reported():
                return self._reports
            case Receipted():
                return self._receipts

    async def run(self) -> None:
        """Tell what there is, until cancelled."""
        while True:
            await self._something.wait()
            self._something.clear()
            if not await asyncio.shield(self.flush()):  # see `Store.write`
                await asyncio.sleep(RETRY_SECONDS)
                self._something.set()

    async def flush(self) -> bool:
        """Tell all that waits now. False where some of it could not be told and still waits."""
        async with self._telling:  # at the end of `run` its last telling may still go on
            queues = (self._presence, self._outlived, self._first_frames, self._reports, self._receipts)
            while any(queues):
                whole = [await self._tell_each(queue) for queue in queues]
                if not all(whole):
                    return False
            return True

    async def _tell_each(self, queue: _Queue) -> bool:
        """One piece of news of each camera in the queue; what nobody takes now waits on, unless there is newer."""
        problems: list[str] = []
        for camera in list(queue):
            if queue is self._outlived and camera in self._presence:
                continue  # first who came after it: by nobody is none outlived
            waiting = queue.pop(camera)
            try:
                await self._tell(waiting.news, waiting.arrivals)
            except (LiveUnavailable, Refused) as error:
                _put_back(queue, waiting)
                problems.append(str(error))
            except Exception:
                log.exception("news_failed", camera=camera, kind=type(waiting.news).__name__)
        if problems:
            log.warning("news_not_told", cameras=len(problems), problem=problems[-1])
        return not problems

    async def _tell(self, news: News | _Released, arrivals: tuple[Arrival, ...]) -> None:
        match news:
            case Came():
                listed = news.capabilities
                await self._events.online(
                    news.camera,
                    listed if isinstance(listed, dict) else dict.fromkeys(listed, True),
                    arrivals,
                )
            case Went():
                if arrivals:
                    await self._events.arrived(news.camera, arrivals)
                if await self._live.release_presence(news.camera, news.epoch):
                    _put_back(self._presence, _Waiting(_Released(news.camera)))
            case _Released():
                await self._events.offline(news.camera)
            case Outlived():
                await self._events.outlived(news.camera, arrivals)
            case FirstFrame():
                await self._events.first_frame(news.camera)
            case Reported():
                await self._events.reported(news.camera, news.name, news.detail)
            case Receipted():
                await self._events.receipted(news.camera, news.receipt)


def _arrivals(news: News) -> tuple[Arrival, ...]:
    if isinstance(news, Came | Outlived):
        return (Arrival(news.epoch, news.instance, news.address),)
    return ()


def _put_back(queue: _Queue, waiting: _Waiting) -> None:
    """It waits on, unless there is newer."""
    newer = queue.get(waiting.news.camera)
    queue[waiting.news.camera] = newer.after(waiting) if newer is not None else waiting
