"""One camera's place in the relay: its upload, its streams, its viewers. On the event loop, nothing awaits."""

import asyncio
import secrets
from collections.abc import Callable
from functools import partial

from media.answer import Answer
from media.peer import fresh_stream
from media.relay.audience import Audience
from media.relay.fanout import MAX_PLAIN
from media.relay.feedback import common_bitrate
from media.relay.handover import Handover, flows
from media.relay.output import OutputStream
from media.relay.publisher import PublisherLeg
from media.relay.publisher_sdp import PublisherOffer
from media.relay.rtp import Packet
from media.relay.streams import Pending, Streams
from media.relay.viewer import Lane, ViewerLeg

TICK = 0.005
"""Seconds that a packet may wait for others to be sent with."""
MAX_PENDING = 64
"""Packets waiting for the end of their frame; more are sent at once."""
KEY_FRAME_INTERVAL = 0.5
"""Least seconds between two key frame requests to the camera, whoever asks: a key frame costs five times a picture."""
WORTH_A_KEY_FRAME = 0.25
"""Seconds of catching up above which a fresh key frame, from a camera that can make one, is sooner."""
REPORT_SECONDS = 1.0
"""Between RTCP reports, both ways."""
ASK_AGAIN_SECONDS = 10.0
"""Until a camera that did not begin to upload is asked again."""
LEAST_UPLOAD_SECONDS = 1.0
"""An upload that fails sooner is not asked for again before: camera and relay would spend all their time on it."""


class Channel:
    """Outlives its uploads: viewers stay while the camera connects anew. `replaced`: told of each upload whose place
    another takes."""

    def __init__(self, camera_id: str, clock: Callable[[], float], replaced: Callable[[PublisherLeg], None]) -> None:
        self.camera_id = camera_id
        self.viewers: dict[str, ViewerLeg] = {}
        self.publisher: PublisherLeg | None = None
        """The one upload that feeds the streams."""
        self.successor: PublisherLeg | None = None
        """Another one, of a camera that moved; it connects, or waits for its moment."""
        self.streams: Streams | None = None
        self.offered = asyncio.Event()
        """The camera's codecs are known."""
        self.empty_since: float | None = None
        self._clock = clock
        self._replaced = replaced
        self._audience = Audience()
        self._pending: Pending = []
        self._timer: asyncio.TimerHandle | None = None
        self._asked_key_at = self._ask_upload_at = self._reported_at = float("-inf")

    def lacks_upload(self, now: float) -> bool:
        """Somebody watches, nothing comes, and the camera was not asked lately; now it counts as asked."""
        if not self.viewers or self.publisher is not None or now < self._ask_upload_at:
            return False
        self._ask_upload_at = now + ASK_AGAIN_SECONDS
        return True

    @property
    def uploads(self) -> list[PublisherLeg]:
        """The one that feeds, and the one that is to follow it."""
        return [leg for leg in (self.publisher, self.successor) if leg is not None]

    def publish(self, leg: PublisherLeg, offer: PublisherOffer) -> list[ViewerLeg]:
        """A new upload; one that is there goes on until this one can take its place without a break. Returns the
        viewers that cannot go on with it: the codecs are others than before."""
        self._ask_upload_at = self._clock() + LEAST_UPLOAD_SECONDS
        fits = self.streams is not None and self.streams.codecs == (offer.video, offer.audio)
        stranded: list[ViewerLeg] = []
        if self.streams is None or not fits:
            stranded = [viewer for viewer in self.viewers.values() if viewer.room is not None]
            self.streams = Streams(secrets.token_hex(8), offer, fresh_stream(), fresh_stream())
        leg.feed(offer, self.streams.video, self.streams.audio, self.take)
        if self.successor is not None:
            self._replaced(self.successor)
        self.successor = leg
        if self.publisher is not None and fits:
            handover = Handover(self._clock())
            leg.wait(handover, partial(self._knock, leg, handover))
        else:
            self._succeed(leg)
            leg.begin()
        self.offered.set()
        return stranded

    def drop(self, leg: PublisherLeg) -> bool:
        """An upload is over; the next one has its place. Whether it was one."""
        if leg not in self.uploads:
            return False
        if leg is self.publisher:
            self.publisher = self.successor
        self.successor = None
        return True

    def settle(self, now: float) -> PublisherLeg | None:
        """End a wait that took too long: the upload takes over as it is. Returns it if it must be given up instead."""
        for leg in self.uploads:
            if leg.handover is None or not leg.handover.is_overdue(now):
                continue
            if leg is self.successor and not leg.handover.has_begun:
                return leg
            self._succeed(leg)
            leg.begin(continues=True)
            self.want_key_frame()
        return None

    def take(self, output: OutputStream, packet: Packet, ends_frame: bool) -> None:
        """A packet of the camera, rewritten. `ends_frame`: it carries the marker bit."""
        if len(packet.data) > MAX_PLAIN:
            return
        self._pending.append((output, packet))
        if len(self._pending) >= MAX_PENDING or (ends_frame and output.is_video):
            self.flush()
        else:
            self._wake()

    def flush(self) -> None:
        """Send what is pending, and what is due to those who catch up; ask again for what is missing."""
        now = self._clock()
        if self._pending and self.streams is not None:
            pending, self._pending = self._pending, []
            self._audience.send(self.streams.keep(pending), now)
        else:
            self._audience.serve_alone(now=now)
        missing = self.publisher is not None and self.publisher.missing > 0
        if missing and self.publisher is not None and self.publisher.ask_again(now):
            self.want_key_frame()
        if missing or self._audience.is_catching_up:
            self._wake()

    def want_key_frame(self) -> None:
        """Pass on a wish for a key frame; wishes of several viewers become one. No viewer's wish may make the camera
        send again what the others have seen: from a source that makes key frames only in its own time, whoever lost the
        picture waits for the next one."""
        if self.publisher is not None:
            self._ask_for_key_frame(self.publisher, self._clock(), anew=self.publisher.is_blank)

    def join(self, viewer: ViewerLeg, answer: Answer, streams: Streams) -> None:
        """A viewer agreed; it is sent to once it is connected."""
        video = Lane(streams.video, streams.pictures, answer.video_type)
        audio = None
        if streams.audio is not None and answer.audio_type is not None:
            audio = Lane(streams.audio, streams.sound, answer.audio_type)
        viewer.enter(self, video, audio)

    def leave(self, viewer: ViewerLeg) -> None:
        """A viewer is gone."""
        self._audience.remove(viewer)
        self.viewers.pop(viewer.name, None)
        if not self.viewers:
            self.empty_since = self._clock()

    def viewer_ready(self, viewer: ViewerLeg) -> None:
        """Its keys are there: begin."""
        now = self._clock()
        viewer.start(now)
        self._report_to(viewer, now)
        self._audience.separate(viewer)
        self.flush()
        if viewer.is_waiting or viewer.remaining(now) > WORTH_A_KEY_FRAME:
            self.want_key_frame()

    def viewer_moved(self, viewer: ViewerLeg) -> None:
        """Its way is another one."""
        if viewer in self._audience and viewer.video is not None:
            viewer.resume(viewer.video.store.head)
            self._audience.separate(viewer)
            self._wake()

    def viewer_lost_picture(self, viewer: ViewerLeg) -> None:
        """It asked for a key frame."""
        self.want_key_frame()
        if viewer in self._audience and viewer.rewind(self._clock()):
            self._audience.separate(viewer)
            self._wake()

    def housekeep(self, now: float) -> None:
        """A few times a second: reports both ways, and key frames that somebody still waits for."""
        if self._audience.wants_key_frame:
            self.want_key_frame()
        if now - self._reported_at < REPORT_SECONDS:
            return
        self._reported_at = now
        for viewer in self.viewers.values():
            self._report_to(viewer, now)
        wishes = [viewer.bitrate for viewer in self.viewers.values() if viewer.bitrate is not None]
        for leg in self.uploads:
            leg.report(common_bitrate(wishes), now)

    def stop(self) -> None:
        """No timer may remain."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _knock(self, leg: PublisherLeg, handover: Handover, key: bytes | None, now: float) -> bool:
        """A packet of an upload that waits: whether it feeds the streams from this one on."""
        before = self.publisher if self.publisher is not leg else None
        flowed_at = before.flowed_at if before is not None else None
        if not handover.admits(key, before.shown if before is not None else None, flowed_at, now):
            self._ask_for_key_frame(leg, now, anew=not flows(flowed_at, now))
            return False
        self._succeed(leg)
        return True

    def _succeed(self, leg: PublisherLeg) -> None:
        """It has the place of the one before. What that one had begun cannot be continued."""
        before, self.publisher = self.publisher, leg
        if leg is self.successor:
            self.successor = None
        if before is not None and before is not leg:
            self._replaced(before)
        if self.streams is not None:
            self.streams.profiles = leg.profiles
            self.streams.pictures.forget_group()

    def _ask_for_key_frame(self, leg: PublisherLeg, now: float, *, anew: bool) -> None:
        if now - self._asked_key_at >= KEY_FRAME_INTERVAL and leg.ask_for_key_frame(anew=anew):
            self._asked_key_at = now

    def _report_to(self, viewer: ViewerLeg, now: float) -> None:
        if self.streams is not None:
            viewer.report(self.streams.name, now)

    def _wake(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.flush()
