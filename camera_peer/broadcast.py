"""One source, any number of viewers: every frame is cut into payloads once, cached, and handed to all of them."""

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from media import h264
from media.frames import CLOCK_RATES, AudioCodec, EncodedFrame, Source, SourceError, VideoCodec
from media.gop import GroupCache
from media.packetiser import CutFrame, cut

log = structlog.get_logger(__name__)

KEYFRAME_INTERVAL = 0.5
"""Least seconds between two key frame requests to the source, whoever asks: a key frame costs five times a picture."""


class Viewer(Protocol):
    """Whoever wants the frames. `deliver` must neither block nor raise."""

    def deliver(self, frame: CutFrame) -> None: ...


class Broadcast:
    """Runs the source and fans its frames out. The source works for nobody when nobody watches."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._cache = GroupCache()
        self._viewers: list[Viewer] = []
        self._unproven: Callable[[], None] | None = None
        self._profile: str | None = None
        self._requested_at = float("-inf")
        self._timeline = Timeline()

    @property
    def video_codec(self) -> VideoCodec:
        return self._source.video_codec

    @property
    def audio_codec(self) -> AudioCodec | None:
        return self._source.audio_codec

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    def profiles(self) -> list[str]:
        """The H.264 `profile-level-id`s to offer for what the source last sent."""
        return h264.offered_profiles(self._profile)

    async def run(self, delivers: Callable[[], None] | None = None) -> None:
        """Run the source until cancelled. Raises `SourceError` when it fails or ends; may then be called again.

        `delivers` is called with the first picture. To have that one, the source works though nobody watches.
        """
        self._timeline.restart()
        self._unproven = delivers
        if delivers is not None:
            self._source.demand(wanted=True)
        try:
            await self._source.run(self._take)
        finally:
            self._cache.clear()
            self._settle()
        raise SourceError("the source has ended")

    def join(self, viewer: Viewer) -> tuple[CutFrame, ...]:
        """Deliver to this viewer from now on. Returns the cached group it may start from, or nothing."""
        self._viewers.append(viewer)
        if len(self._viewers) == 1:
            self._source.demand(wanted=True)
        return self.group()

    def leave(self, viewer: Viewer) -> None:
        """Stop delivering. A viewer that never joined is ignored."""
        if viewer not in self._viewers:
            return
        self._viewers.remove(viewer)
        if not self._viewers and self._unproven is None:
            self._source.demand(wanted=False)

    def group(self) -> tuple[CutFrame, ...]:
        """The cached group of pictures up to now, key frame first."""
        return self._cache.group(self._clock())

    def request_keyframe(self) -> None:
        """Pass on a wish for a key frame; wishes of several viewers become one."""
        now = self._clock()
        if now - self._requested_at >= KEYFRAME_INTERVAL:
            self._requested_at = now
            self._source.request_keyframe()

    def _take(self, frame: EncodedFrame) -> None:
        now = self._clock()
        piece = cut(self._timeline.place(frame, now), now)
        if not piece.payloads:
            return
        if piece.is_video:
            if frame.keyframe and frame.codec == "h264":
                self._profile = h264.profile_level_id(frame.data[:PROFILE_WITHIN]) or self._profile
            self._cache.add(piece)
            self._prove()
        for viewer in tuple(self._viewers):
            viewer.deliver(piece)

    def _prove(self) -> None:
        if self._unproven is not None:
            self._unproven()
            self._settle()

    def _settle(self) -> None:
        """No longer ask for a first picture."""
        if self._unproven is not None and not self._viewers:
            self._source.demand(wanted=False)
        self._unproven = None


PROFILE_WITHIN = 512
"""Bytes of a key frame in which its SPS is looked for: it stands in front, after at most a short delimiter."""


class Timeline:
    """Makes the time stamps of one run of the source continue those of the last: RTP time never goes back."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, float]] = {}
        self._offset: dict[str, int] = {}

    def restart(self) -> None:
        """The source starts anew; its time stamps may start anywhere."""
        self._offset.clear()

    def place(self, frame: EncodedFrame, now: float) -> EncodedFrame:
        """The frame with its place on the continued time line."""
        offset = self._offset.get(frame.codec)
        if offset is None:
            offset = self._offset[frame.codec] = self._resume(frame, now)
        timestamp = frame.timestamp + offset
        self._last[frame.codec] = (timestamp, now)
        if not offset:
            return frame
        return EncodedFrame(frame.codec, frame.data, timestamp, frame.keyframe, frame.captured_at)

    def _resume(self, frame: EncodedFrame, now: float) -> int:
        last = self._last.get(frame.codec)
        if last is None:
            return 0
        return last[0] + max(1, int((now - last[1]) * CLOCK_RATES[frame.codec])) - frame.timestamp
