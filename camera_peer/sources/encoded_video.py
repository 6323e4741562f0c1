"""Video that is decoded and encoded once, while somebody watches."""

import time
from collections.abc import Callable
from typing import cast

import av
import structlog
from av.video.frame import VideoFrame

from camera_peer.encoder import KeyframeGate
from camera_peer.sources.encoding import EncodingThread, Picture
from camera_peer.sources.input import AnyPacket
from camera_peer.sources.lane import Clock, Stamps, time_of
from camera_peer.sources.timeline import Timeline
from media.frames import CLOCK_RATES, SourceError

log = structlog.get_logger(__name__)

MAX_BAD_PACKETS = 600
"""Packets in a row of which no picture came before the source counts as broken: twenty seconds, because one that is
joined in the middle of a long group shows nothing until the group ends."""

MAX_GROUP_BYTES, MAX_GROUP_PACKETS = 8 * 1024 * 1024, 600
"""What is kept undecoded while nobody watches: 10 s at 6 Mbit/s and 60 pictures a second. Beyond it the next viewer
waits for the next key frame."""


class EncodeLane:
    """Decodes pictures and gives them to the encoder; while nobody watches, keeps the packets since the last key
    frame instead, so that the first viewer's picture needs no waiting."""

    def __init__(
        self,
        timeline: Timeline,
        encoder: EncodingThread,
        gate: KeyframeGate,
        wanted: Callable[[], bool],
        max_fps: float,
        clock: Clock = time.monotonic,
    ) -> None:
        self._stamps = Stamps(timeline, CLOCK_RATES["h264"])
        self._encoder, self._gate, self._wanted, self._clock = encoder, gate, wanted, clock
        self._limit = RateLimit(max_fps)
        self._group = Group()
        self._awake = False
        self._bad = 0
        self._pictures = 0
        self._slept = False

    @property
    def hopeless(self) -> bool:
        """Whether every packet so far was tried and no picture came of any."""
        return self._bad > 0 and self._pictures == 0 and not self._slept

    def feed(self, packet: AnyPacket, at: float) -> None:
        if not self._wanted():
            self._encoder.clear()
            self._awake, self._slept = False, True
            self._group.keep(packet)
            return
        if not self._awake:
            self._wake(packet, at)
            return
        for frame in self._decode(packet):
            self._submit(frame, time_of(frame, at))

    def _wake(self, packet: AnyPacket, at: float) -> None:
        """Decode what was kept, show only the newest."""
        self._group.keep(packet)
        if self._group.broken:
            return
        self._awake = True
        self._gate.force()
        if self._group.fresh:
            packet.stream.codec_context.flush_buffers()
        newest = None
        for kept in self._group.take():
            for frame in self._decode(kept):
                newest = frame
        if newest is not None:
            self._submit(newest, time_of(newest, at))

    def _decode(self, packet: AnyPacket) -> list[VideoFrame]:
        frames: list[VideoFrame] = []
        try:
            frames = cast("list[VideoFrame]", packet.decode())
        except (av.FFmpegError, ValueError) as error:
            log.debug("packet_not_decoded", error=type(error).__name__)
        self._bad = 0 if frames else self._bad + 1
        self._pictures += len(frames)
        if self._bad >= MAX_BAD_PACKETS:
            raise SourceError("The source's pictures cannot be decoded: they are damaged or cut short.")
        return frames

    def _submit(self, frame: VideoFrame, at: float) -> None:
        if self._limit.take(at):
            now = self._clock()
            self._encoder.submit(Picture(frame, self._stamps.next(at, now), now))


class Group:
    """The packets since the last key frame, within bounds. Packets that continue what the decoder already has are
    kept as well: going idle in the middle of a group loses nothing. `broken`: it grew too long, and only the next key
    frame helps. `fresh`: it begins with a key frame."""

    def __init__(self) -> None:
        self._packets: list[AnyPacket] = []
        self._bytes = 0
        self.broken = False
        self.fresh = False

    def keep(self, packet: AnyPacket) -> None:
        if packet.is_keyframe:
            self._packets, self._bytes, self.broken, self.fresh = [], 0, False, True
        self._packets.append(packet)
        self._bytes += packet.size
        if self._bytes > MAX_GROUP_BYTES or len(self._packets) > MAX_GROUP_PACKETS:
            self.broken = True
        if self.broken:
            self._packets.clear()

    def take(self) -> list[AnyPacket]:
        packets, self._packets, self._bytes, self.fresh = self._packets, [], 0, False
        return packets


class RateLimit:
    """Lets at most so many pictures a second through, evenly; a jitter of a quarter of the distance is forgiven."""

    def __init__(self, fps: float) -> None:
        self._distance = 1 / fps
        self._due = float("-inf")

    def take(self, at: float) -> bool:
        """`at` in seconds. A time that goes back starts anew."""
        if self._due - 2 * self._distance <= at < self._due - self._distance / 4:
            return False
        self._due = max(self._due if at < self._due + self._distance else at, at - self._distance) + self._distance
        return True
