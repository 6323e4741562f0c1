"""Sound: passed as it is, or decoded and encoded as Opus."""

import time
from collections.abc import Callable
from typing import cast

import av
import structlog
from av.audio.frame import AudioFrame

from camera_peer.sources.handover import Outlet
from camera_peer.sources.input import AnyPacket
from camera_peer.sources.lane import Clock, Stamps, time_of
from camera_peer.sources.opus import OpusTranscoder
from camera_peer.sources.timeline import Timeline
from media.frames import CLOCK_RATES, AudioCodec, EncodedFrame

log = structlog.get_logger(__name__)

SOUND_SLACK = 0.010
"""Seconds that a packet's time may be off before the count of samples is corrected: containers round their times."""

PCM_PIECE = 160
"""Bytes of G.711 sent at a time: 20 ms (RFC 3551 §4.2)."""


class PassSoundLane:
    """Passes Opus or G.711."""

    def __init__(self, codec: AudioCodec, timeline: Timeline, outlet: Outlet, clock: Clock = time.monotonic) -> None:
        self._codec, self._timeline, self._outlet, self._clock = codec, timeline, outlet, clock
        self._rate = CLOCK_RATES[codec]
        self._next: int | None = None

    def feed(self, packet: AnyPacket, at: float) -> None:
        data, now = bytes(packet), self._clock()
        stamp = round(self._timeline.place(at, now) * self._rate)
        if self._next is not None and (stamp < self._next or stamp - self._next < SOUND_SLACK * self._rate):
            stamp = self._next
        for piece, samples in self._pieces(packet, data):
            self._outlet.send(EncodedFrame(self._codec, piece, stamp, keyframe=True, captured_at=now))
            stamp += samples
        self._next = stamp

    def _pieces(self, packet: AnyPacket, data: bytes) -> list[tuple[bytes, int]]:
        if self._codec == "opus":
            length = float((packet.duration or 0) * packet.time_base)
            return [(data, round(length * self._rate) or self._rate // 50)] if data else []
        pieces = [data[start : start + PCM_PIECE] for start in range(0, len(data), PCM_PIECE)]
        return [(piece, len(piece)) for piece in pieces]


class EncodeSoundLane:
    """Decodes sound and encodes it as Opus, while somebody listens."""

    def __init__(
        self,
        channels: int,
        timeline: Timeline,
        outlet: Outlet,
        wanted: Callable[[], bool],
        clock: Clock = time.monotonic,
    ) -> None:
        self._opus = OpusTranscoder(channels)
        self._stamps = Stamps(timeline, CLOCK_RATES["opus"])
        self._outlet, self._wanted, self._clock = outlet, wanted, clock

    def feed(self, packet: AnyPacket, at: float) -> None:
        if not self._wanted():
            self._opus.reset()
            return
        try:
            frames = cast("list[AudioFrame]", packet.decode())
        except (av.FFmpegError, ValueError) as error:
            log.debug("packet_not_decoded", error=type(error).__name__)
            return
        for frame in frames:
            for data, when in self._opus.feed(frame, time_of(frame, at)):
                now = self._clock()
                self._outlet.send(EncodedFrame("opus", data, self._stamps.next(when, now), True, now))
