"""What the rest of the server hears about cameras: in order, one at a time, and never more than fits.

Only the latest of each kind counts for a camera. So what waits is bounded by the cameras there are, one that talks
without end takes no other's turn, and the end of an old connection can never be told after the beginning of a new one.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from signaling.effects import Came, FirstFrame, News, Outlived, Reported, Went
from signaling.live.state import LiveUnavailable
from signaling.refusals import Refused
from signaling.rivals import Arrival

RETRY_SECONDS = 1.0
"""After the live state or the store failed us."""

log = structlog.get_logger(__name__)


class CameraEvents(Protocol):
    """Who wants to hear it."""

    async def online(
        self, camera_id: str, capabilities: dict[str, Any] | None = None, arrival: Arrival | None = None
    ) -> None: ...

    async def offline(self, camera_id: str) -> None: ...

    async def outlived(self, camera_id: str, arrival: Arrival) -> None: ...

    async def first_frame(self, camera_id: str) -> None: ...

    async def reported(self, camera_id: str, name: str, detail: str) -> None: ...


class Presences(Protocol):
    """The part of the live state that this needs."""

    async def release_presence(self, camera_id: str, epoch: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Released:
    """The camera's presence is released, which succeeds only once; that it is offline remains to be told."""

    camera: str


class NewsDesk:
    """Takes news at once (`add`) and tells it when it can (`run`)."""

    def __init__(self, events: CameraEvents, live: Presences) -> None:
        self._events = events
        self._live = live
        self._presence: dict[str, News | _Released] = {}
        self._outlived: dict[str, News] = {}
        self._first_frames: dict[str, News] = {}
        self._reports: dict[str, News] = {}
        self._something = asyncio.Event()
        self._telling = asyncio.Lock()

    def add(self, news: News) -> None:
        """Remember it for `run`."""
        match news:
            case Came() | Went():
                self._presence[news.camera] = news
            case Outlived():
                self._outlived[news.camera] = news
            case FirstFrame():
                self._first_frames[news.camera] = news
            case Reported():
                self._reports[news.camera] = news
        self._something.set()

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
            queues = (self._presence, self._outlived, self._first_frames, self._reports)
            while any(queues):
                whole = [await self._tell_each(queue) for queue in queues]
                if not all(whole):
                    return False
            return True

    async def _tell_each(self, queue: dict[str, Any]) -> bool:
        """One piece of news of each camera in the queue; what nobody takes now waits on, unless there is newer."""
        problems: list[str] = []
        for camera in list(queue):
            news = queue.pop(camera)
            try:
                await self._tell(news)
            except (LiveUnavailable, Refused) as error:
                queue.setdefault(camera, news)
                problems.append(str(error))
            except Exception:
                log.exception("news_failed", camera=camera, kind=type(news).__name__)
        if problems:
            log.warning("news_not_told", cameras=len(problems), problem=problems[-1])
        return not problems

    async def _tell(self, news: News | _Released) -> None:
        match news:
            case Came():
                listed = news.capabilities
                await self._events.online(
                    news.camera,
                    listed if isinstance(listed, dict) else dict.fromkeys(listed, True),
                    Arrival(news.epoch, news.instance, news.address),
                )
            case Went():
                if await self._live.release_presence(news.camera, news.epoch):
                    self._presence.setdefault(news.camera, _Released(news.camera))
            case _Released():
                await self._events.offline(news.camera)
            case Outlived():
                await self._events.outlived(news.camera, Arrival(news.epoch, news.instance, news.address))
            case FirstFrame():
                await self._events.first_frame(news.camera)
            case Reported():
                await self._events.reported(news.camera, news.name, news.detail)
