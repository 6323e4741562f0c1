"""What a packet of a source goes through on its way out: passed as it is, or decoded and encoded."""

import time
from collections.abc import Callable
from typing import Protocol, cast

import av
import structlog
from av.audio.frame import AudioFrame
from av.bitstream import BitStreamFilterContext
from av.stream import Stream
from av.video.frame import VideoFrame

from camera_peer.encoder import KeyframeGate
from camera_peer.sources.encoding import EncodingThread, Picture
from camera_peer.sources.handover import Outlet
from camera_peer.sources.input import AnyPacket
from camera_peer.sources.opus import OpusTranscoder
from camera_peer.sources.parameter_sets import ParameterSets, has_b_slice, kind, units_of
from camera_peer.sources.timeline import Timeline
from media.frames import CLOCK_RATES, AudioCodec, EncodedFrame, SourceError
from media.h264 import NAL_IDR

log = structlog.get_logger(__name__)

KEYFRAME_WITHIN = 12.0
"""Seconds to wait for a picture that a viewer can start from; cameras send one every 1 to 10 s."""

MAX_BAD_PACKETS = 600
"""Packets in a row of which no picture came before the source counts as broken: twenty seconds, because one that is
joined in the middle of a long group shows nothing until the group ends."""

MAX_GROUP_BYTES, MAX_GROUP_PACKETS = 8 * 1024 * 1024, 600
"""What is kept undecoded while nobody watches: 10 s at 6 Mbit/s and 60 pictures a second. Beyond it the next viewer
waits for the next key frame."""

SOUND_SLACK = 0.010
"""Seconds that a packet's time may be off before the count of samples is corrected: containers round their times."""

PCM_PIECE = 160
"""Bytes of G.711 sent at a time: 20 ms (RFC 3551 §4.2)."""

Clock = Callable[[], float]


class CannotPass(Exception):
    """These pictures must be encoded again after all; the text says why."""


class Lane(Protocol):
    """`feed` takes a packet and its time (seconds, on the source's own clock). Raises `SourceError`, `CannotPass` or
    `av.FFmpegError`."""

    def feed(self, packet: AnyPacket, at: float) -> None: ...


class H264Lane:
    """Passes H.264: Annex B, one access unit a frame, SPS and PPS in front of every IDR picture."""

    def __init__(self, stream: Stream, timeline: Timeline, outlet: Outlet, clock: Clock = time.monotonic) -> None:
        extradata = stream.codec_context.extradata or b""
        # avcC (ISO 14496-15 §5.3.3) begins with version 1, Annex B with a zero.
        avcc = extradata[:1] == b"\x01"
        self._filter = BitStreamFilterContext("h264_mp4toannexb", stream) if avcc else None
        self._sets = ParameterSets(b"" if avcc else extradata)
        self._stamps = _Stamps(timeline, CLOCK_RATES["h264"])
        self._outlet, self._clock = outlet, clock
        self._since: float | None = None
        self.started = False

    def feed(self, packet: AnyPacket, at: float) -> None:
        if packet.size == 0:
            return
        for part in self._filter.filter(packet) if self._filter else [packet]:
            self._pass(bytes(part), at)

    def _pass(self, data: bytes, at: float) -> None:
        now = self._clock()
        units = units_of(data)
        if has_b_slice(units):
            raise CannotPass("the source has B-frames, which WebRTC cannot carry")
        key = any(kind(nal) == NAL_IDR for nal in units)
        complete = self._sets.complete(data, units)
        self.started = self.started or (key and complete is not None)
        if self.started and complete is not None and units:
            self._outlet.send(EncodedFrame("h264", complete, self._stamps.next(at, now), key, now))
            return
        self._since = now if self._since is None else self._since
        if now - self._since > KEYFRAME_WITHIN:
            raise CannotPass("the source sends no IDR picture with its parameter sets")


class Vp8Lane:
    """Passes VP8."""

    def __init__(self, timeline: Timeline, outlet: Outlet, clock: Clock = time.monotonic) -> None:
        self._stamps = _Stamps(timeline, CLOCK_RATES["vp8"])
        self._outlet, self._clock = outlet, clock
        self.started = False

    def feed(self, packet: AnyPacket, at: float) -> None:
        data, now = bytes(packet), self._clock()
        if data:
            key = not data[0] & 1  # RFC 6386 §9.1
            self.started = self.started or key
        if data and self.started:
            self._outlet.send(EncodedFrame("vp8", data, self._stamps.next(at, now), key, now))


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
        self._stamps = _Stamps(timeline, CLOCK_RATES["h264"])
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
            self._submit(frame, _time(frame, at))

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
            self._submit(newest, _time(newest, at))

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
        self._stamps = _Stamps(timeline, CLOCK_RATES["opus"])
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
            for data, when in self._opus.feed(frame, _time(frame, at)):
                now = self._clock()
                self._outlet.send(EncodedFrame("opus", data, self._stamps.next(when, now), True, now))


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


class _Stamps:
    """RTP time stamps of one stream, each later than the last: two frames of one time would become one at the
    receiver."""

    def __init__(self, timeline: Timeline, rate: int) -> None:
        self._timeline, self._rate = timeline, rate
        self._last = -1

    def next(self, at: float, now: float) -> int:
        self._last = max(self._last + 1, round(self._timeline.place(at, now) * self._rate))
        return self._last


def _time(frame: VideoFrame | AudioFrame, otherwise: float) -> float:
    """The frame's own time in seconds; decoders give pictures later than their packets, and in another order."""
    if frame.pts is None or frame.time_base is None:
        return otherwise
    return float(frame.pts * frame.time_base)
