"""One source, any number of viewers: every frame is cached and handed to all of them, on one of two lanes.

The clear lane is that of viewers whose connection ends at this camera. The sealed lane is that of relays, where the
owner has proven himself: who forwards its frames cannot watch them.
"""

import time
from collections.abc import Callable

from media import h264
from media.arrival import Arrival
from media.frames import CLOCK_RATES, AudioCodec, EncodedFrame, Source, SourceError, VideoCodec
from media.gop import GroupCache
from media.lane import Lane, Viewer
from media.packetiser import CutFrame, is_empty, is_video
from media.sealed_lane import SealedLane
from signaling.protocol.trust.envelope import SenderKey

KEYFRAME_INTERVAL = 0.5
"""Least seconds between two key frame requests to the source, whoever asks: a key frame costs five times a picture."""


class Broadcast:
    """Runs the source and fans its frames out. The source works for nobody when nobody watches."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._cache: GroupCache[Arrival] = GroupCache()
        self._clear, self._sealed = Lane(), SealedLane()
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
        return len(self._clear.viewers) + len(self._sealed.viewers)

    @property
    def sealed_counter(self) -> int:
        """Of the next frame that is sealed under the present key."""
        return self._sealed.counter

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

    def seal(self, key: SenderKey | None) -> None:
        """The key of the sealed lane from now on; without one it carries nothing. Its viewers begin anew."""
        self._sealed.use(key)

    def moved(self) -> None:
        """Our addresses have changed: uploads that flowed may flow no more."""
        self._sealed.moved()

    def join(self, viewer: Viewer, *, sealed: bool = False) -> tuple[CutFrame, ...]:
        """Deliver to this viewer from now on. Returns the cached group it may start from, or nothing."""
        self._lane(sealed).join(viewer)
        if self.viewers == 1:
            self._source.demand(wanted=True)
        return self.group(sealed=sealed)

    def leave(self, viewer: Viewer) -> None:
        """Stop delivering. A viewer that never joined is ignored."""
        watched = self.viewers > 0
        for lane in (self._clear, self._sealed):
            lane.leave(viewer)
        if watched and not self.viewers and self._unproven is None:
            self._source.demand(wanted=False)

    def group(self, *, sealed: bool = False, again: bool = False) -> tuple[CutFrame, ...]:
        """The cached group of pictures up to now, key frame first. `again`: for one who got it and cannot show it."""
        lane, cached = self._lane(sealed), self._cache.group(self._clock())
        pieces = lane.again(cached) if again else lane.cut_all(cached)
        return pieces if pieces and pieces[0].keyframe else ()

    def request_keyframe(self) -> None:
        """Pass on a wish for a key frame; wishes of several viewers become one."""
        now = self._clock()
        if now - self._requested_at >= KEYFRAME_INTERVAL:
            self._requested_at = now
            self._source.request_keyframe()

    def _lane(self, sealed: bool) -> Lane:
        return self._sealed if sealed else self._clear

    def _take(self, frame: EncodedFrame) -> None:
        if is_empty(frame):
            return
        now = self._clock()
        arrival = Arrival(self._timeline.place(frame, now), now)
        if is_video(frame.codec):
            if frame.keyframe and frame.codec == "h264":
                self._profile = h264.profile_level_id(frame.data[:PROFILE_WITHIN]) or self._profile
            self._cache.add(arrival)
            self._prove()
        self._clear.take(arrival)
        self._sealed.take(arrival)

    def _prove(self) -> None:
        if self._unproven is not None:
            self._unproven()
            self._settle()

    def _settle(self) -> None:
        """No longer ask for a first picture."""
        if self._unproven is not None and not self.viewers:
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
