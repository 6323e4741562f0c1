"""What the rest of the server hears about cameras: in order, one at a time, and never more than fits.

Only the latest of each kind counts for a camera. So what waits is bounded by the cameras there are, one that talks
without end takes no other's turn, and the end of an old connection can never be told after the beginning of a new one.
"""

import asyncio
from collections import OrderedDict
from typing import Any, Protocol

import structlog

from signaling.effects import Came, FirstFrame, News, Reported, Went
from signaling.live.state import LiveUnavailable

log = structlog.get_logger(__name__)


class CameraEvents(Protocol):
    """Who wants to hear it."""

    async def online(self, camera_id: str, capabilities: dict[str, Any] | None = None) -> None: ...

    async def offline(self, camera_id: str) -> None: ...

    async def first_frame(self, camera_id: str) -> None: ...

    async def reported(self, camera_id: str, name: str, detail: str) -> None: ...


class Presences(Protocol):
    """The part of the live state that this needs."""

    async def release_presence(self, camera_id: str, epoch: int) -> bool: ...


class NewsDesk:
    """Takes news at once (`add`) and tells it when it can (`run`)."""

    def __init__(self, events: CameraEvents, live: Presences) -> None:
        self._events = events
        self._live = live
        self._presence: OrderedDict[str, News] = OrderedDict()
        self._first_frames: OrderedDict[str, News] = OrderedDict()
        self._reports: OrderedDict[str, News] = OrderedDict()
        self._something = asyncio.Event()

    def add(self, news: News) -> None:
        """Remember it for `run`."""
        match news:
            case Came() | Went():
                self._presence[news.camera] = news
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
            await self.flush()

    async def flush(self) -> None:
        """Tell all that waits now."""
        while waiting := self._presence or self._first_frames or self._reports:
            _, news = waiting.popitem(last=False)
            try:
                await self._tell(news)
            except LiveUnavailable:
                log.warning("news_not_told", camera=news.camera, kind=type(news).__name__)
            except Exception:
                log.exception("news_failed", camera=news.camera, kind=type(news).__name__)

    async def _tell(self, news: News) -> None:
        match news:
            case Came():
                listed = news.capabilities
                await self._events.online(
                    news.camera, listed if isinstance(listed, dict) else dict.fromkeys(listed, True)
                )
            case Went():
                if await self._live.release_presence(news.camera, news.epoch):
                    await self._events.offline(news.camera)
            case FirstFrame():
                await self._events.first_frame(news.camera)
            case Reported():
                await self._events.reported(news.camera, news.name, news.detail)
