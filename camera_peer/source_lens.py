"""The lens of a real camera: the pictures of its own source, decoded again.

Whatever the source is, it delivers encoded pictures; decoding them here costs something only while the camera scans,
and spares every kind of source a second way out.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from camera_peer.lens import Frame
from media.frames import EncodedFrame, Source, VideoCodec

MAX_WAITING = 90
"""Encoded pictures waiting for the decoder, 3 s at 30 a second; beyond that it starts anew at a key frame."""
DECODERS: dict[VideoCodec, str] = {"h264": "h264", "vp8": "vp8"}
SHOWN_PER_SECOND = 10.0
"""A little more than the lens looks at."""


class Decoder:
    """Turns encoded video into grey frames. Blocking; call it from one thread."""

    def __init__(self, codec: VideoCodec) -> None:
        # decoding on several threads at once would hold back as many pictures as there are threads
        self._context = cast(VideoCodecContext, av.CodecContext.create(DECODERS[codec], "r"))
        self._context.thread_count = 1

    def decode(self, frame: EncodedFrame, *, wanted: bool) -> Frame | None:
        """The grey picture if there is one and it is wanted. A damaged one is left out."""
        try:
            pictures = self._context.decode(av.Packet(frame.data))
        except av.FFmpegError:
            return None
        if not pictures or not wanted:
            return None
        return np.asarray(pictures[-1].to_ndarray(format="gray"), dtype=np.uint8)


class SourceLens:
    """`open`: makes the source; it runs only while frames are asked for."""

    def __init__(self, open_source: Callable[[], Source], monotonic: Callable[[], float]) -> None:
        self._open = open_source
        self._monotonic = monotonic

    async def frames(self) -> AsyncGenerator[Frame, None]:
        """Grey frames until the caller stops. Raises `SourceError`."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="lens-decoder") as thread:
            source = await loop.run_in_executor(thread, self._open)
            waiting: asyncio.Queue[EncodedFrame] = asyncio.Queue(MAX_WAITING)
            running = asyncio.create_task(source.run(lambda frame: _offer(waiting, frame, source)))
            source.demand(wanted=True)
            try:
                decoder = Decoder(source.video_codec)
                shown = float("-inf")
                while True:
                    frame = await _next(waiting, running)
                    due = self._monotonic() >= shown + 1 / SHOWN_PER_SECOND
                    picture = await loop.run_in_executor(thread, lambda f, d: decoder.decode(f, wanted=d), frame, due)
                    if picture is not None:
                        shown = self._monotonic()
                        yield picture
            finally:
                source.demand(wanted=False)
                running.cancel()
                await asyncio.wait({running})


def _offer(waiting: "asyncio.Queue[EncodedFrame]", frame: EncodedFrame, source: Source) -> None:
    if frame.codec != source.video_codec:
        return
    if waiting.full():
        while not waiting.empty():
            waiting.get_nowait()
        source.request_keyframe()
    waiting.put_nowait(frame)


async def _next(waiting: "asyncio.Queue[EncodedFrame]", running: "asyncio.Task[None]") -> EncodedFrame:
    """The next frame, or the error that ended the source."""
    getting = asyncio.create_task(waiting.get())
    try:
        await asyncio.wait({getting, running}, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
        running.result()
        raise EOFError("the source has ended")
    finally:
        getting.cancel()
