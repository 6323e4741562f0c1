"""From the source's thread to the event loop: a bounded crossing that drops late frames and never blocks either."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from media.frames import EncodedFrame, FrameSink, SourceError

log = structlog.get_logger(__name__)

MAX_WAITING = 128
"""Frames that may wait for the loop: 1.5 s of video and audio. A loop later than that is broken, not slow."""

STOP_WITHIN = 20.0
"""Seconds a cancelled source may take to end its thread: the time limits for opening an input, twice over."""


class Outlet:
    """What a source's thread sees of the world: where frames go, and whether to stop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ready = asyncio.Event()
        self._lock = threading.Lock()
        self._waiting: deque[EncodedFrame] = deque()
        self._gap = False
        self._stop = threading.Event()
        self.dropped = 0

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def pause(self, seconds: float) -> bool:
        """Sleep in the source's thread; true if it is time to stop."""
        return self._stop.wait(seconds) if seconds > 0 else self._stop.is_set()

    def send(self, frame: EncodedFrame) -> bool:
        """Hand over from any thread, without waiting. False if the frame was dropped: then video stays dropped up to
        the next key frame, because nothing before it could be decoded."""
        video = frame.codec in ("h264", "vp8")
        with self._lock:
            late = len(self._waiting) >= MAX_WAITING
            if late or (video and self._gap and not frame.keyframe):
                self._gap = self._gap or video
                self.dropped += 1
                return False
            self._gap = self._gap and not video
            self._waiting.append(frame)
            first = len(self._waiting) == 1
        if first:
            self.wake()
        return True

    def wake(self) -> None:
        self._loop.call_soon_threadsafe(self._ready.set)

    def stop(self) -> None:
        self._stop.set()

    async def take(self) -> list[EncodedFrame]:
        """What has arrived, after waiting for it. Empty when woken for another reason."""
        await self._ready.wait()
        self._ready.clear()
        with self._lock:
            frames = list(self._waiting)
            self._waiting.clear()
        return frames


async def run_in_thread(work: Callable[[Outlet], None], sink: FrameSink, name: str) -> None:
    """Run `work` in a thread of its own and hand what it sends to `sink` on this loop, until cancelled.

    Raises what `work` raises, and `SourceError` when it returns. However this ends, the thread has ended before.
    """
    outlet = Outlet(asyncio.get_running_loop())
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
    done = asyncio.wrap_future(pool.submit(work, outlet))
    done.add_done_callback(lambda _: outlet.wake())
    try:
        while not done.done():
            for frame in await outlet.take():
                sink(frame)
        done.result()
        raise SourceError("The source has ended.")
    finally:
        outlet.stop()
        await _end(done, name)
        pool.shutdown(wait=done.done())


async def _end(done: "asyncio.Future[None]", name: str) -> None:
    # wait, not wait_for: the thread's own outcome is either known already or of no interest any more.
    await asyncio.wait([done], timeout=STOP_WITHIN)
    if not done.done():
        log.warning("source_thread_stuck", thread=name)
    elif not done.cancelled():
        done.exception()
