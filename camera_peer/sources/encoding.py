"""The encoder's thread: takes the newest pictures, drops late ones, sends encoded frames to the outlet."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import av
import structlog
from av.video.frame import VideoFrame

from camera_peer.encoder import EncoderSettings, KeyframeGate, VideoEncoder, fit
from camera_peer.sources.handover import Outlet
from media.frames import SourceError, VideoCodec

log = structlog.get_logger(__name__)

MAX_PICTURES = 2
"""Pictures that may wait for the encoder: one being made ready while one is encoded. A third would only add delay."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`timestamp` in 1/90000 s; `captured_at` in seconds, monotonic."""

    frame: VideoFrame
    timestamp: int
    captured_at: float


@dataclass(frozen=True, slots=True)
class Wish:
    """What to encode to, whatever size the pictures turn out to have."""

    codec: VideoCodec
    bitrate: int
    gop: float = 2.0


class EncodingThread:
    """Use as a context manager: the thread ends with the block.

    `submit` raises what the thread died of, so that the caller's thread dies of it too.
    """

    def __init__(
        self,
        outlet: Outlet,
        wish: Wish,
        fps: float,
        gate: KeyframeGate,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outlet, self._wish, self._fps, self._gate, self._clock = outlet, wish, fps, gate, clock
        self._pictures: deque[Picture] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoder")
        self._done: Future[None] | None = None
        self._size: tuple[int, int] | None = None
        self._encoder: VideoEncoder | None = None
        self._busy = False
        self.late = 0

    def finish(self, within: float) -> bool:
        """Wait, at most so many seconds, until everything submitted has been encoded."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pictures and not self._busy, within)

    def __enter__(self) -> Self:
        self._done = self._pool.submit(self._run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._pool.shutdown(wait=True)

    def submit(self, picture: Picture) -> None:
        """Never waits: where the encoder is behind, the oldest waiting picture is dropped."""
        if self._done is not None and self._done.done():
            self._done.result()
        with self._changed:
            if len(self._pictures) >= MAX_PICTURES:
                self._pictures.popleft()
                self.late += 1
            self._pictures.append(picture)
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget what waits: nobody wants it any more."""
        with self._changed:
            self._pictures.clear()

    def _run(self) -> None:
        try:
            while (picture := self._next()) is not None:
                self._encode(picture)
        except av.FFmpegError as error:
            raise SourceError(f"The {self._wish.codec} encoder failed: {error.strerror}.") from None
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> Picture | None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._pictures or self._closing)
            self._busy = not self._closing
            return None if self._closing else self._pictures.popleft()

    def _encode(self, picture: Picture) -> None:
        now = self._clock()
        encoder = self._ready_for(picture.frame)
        encoded = encoder.encode(
            picture.frame,
            timestamp=picture.timestamp,
            captured_at=picture.captured_at,
            key=self._gate.take(now),
        )
        if encoded is None:
            return
        if encoded.keyframe:
            self._gate.passed(now)
        if not self._outlet.send(encoded):
            self._gate.request()

    def _ready_for(self, frame: VideoFrame) -> VideoEncoder:
        """The encoder of the picture's size; a camera may change its size while it runs."""
        size = fit(frame.width, frame.height)
        if self._encoder is None or size != self._size:
            settings = EncoderSettings(
                self._wish.codec, *size, fps=self._fps, bitrate=self._wish.bitrate, gop=self._wish.gop
            )
            self._encoder, self._size = VideoEncoder(settings), size
            log.info("encoder_open", codec=settings.codec, size=f"{size[0]}x{size[1]}", bitrate=settings.bitrate)
        return self._encoder
