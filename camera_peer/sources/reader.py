"""The source that reads: opens an input, decides what passes and what is encoded, and keeps time."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Literal, NamedTuple

import av
import structlog
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from camera_peer.encoder import MAX_FPS, KeyframeGate
from camera_peer.sources.encoding import EncodingThread, Wish
from camera_peer.sources.handover import Outlet, run_in_thread
from camera_peer.sources.input import AnyPacket, Input, open_input, sentence
from camera_peer.sources.interleave import interleave
from camera_peer.sources.lanes import (
    CannotPass,
    EncodeLane,
    EncodeSoundLane,
    H264Lane,
    Lane,
    PassSoundLane,
    Vp8Lane,
)
from camera_peer.sources.plan import MAX_PIXELS, AudioFacts, VideoFacts, VideoPlan, plan_audio, plan_video
from camera_peer.sources.timeline import Origin, Timeline
from media.frames import AudioCodec, FrameSink, SourceError, VideoCodec

log = structlog.get_logger(__name__)

USUAL_FPS = 25.0
"""Pictures a second where the input does not say, or says nonsense."""

MIN_PASS = 1.0
"""Seconds that one pass through a file takes at least: a single picture would else be opened without end."""

MAX_LATE = 1.0
"""Seconds behind its times after which a file's remainder is delayed instead of hurried."""

MAX_GAP = 3.0
"""Seconds a file may pause between two packets; a longer pause, or a jump of its times, is left out."""

MAX_BELIEVED_FPS = 240

PROGRESSIVE = 1
"""FFmpeg's field order of pictures that are not interlaced; 0 is unknown."""

NO_PICTURE_FOR = 10.0
"""Seconds that a live input may send sound alone."""


SoundAction = Literal["pass", "encode", "none"]
Timed = tuple[int, float, tuple[AnyPacket, float]]
"""Stream index, place in the stream, packet and time of presentation; times in seconds."""


class Streams(NamedTuple):
    video: VideoStream
    audio: AudioStream | None


class ReaderSource:
    """Implements `media.frames.Source` for everything PyAV opens.

    `video_codec` and `audio_codec` are an expectation until the input has been opened once, and true from then on.
    """

    def __init__(self, source: Input, wish: Wish, audio: bool) -> None:
        self.video_codec: VideoCodec = wish.codec
        self.audio_codec: AudioCodec | None = "opus" if audio else None
        self._input, self._wish, self._audio = source, wish, audio
        self._gate = KeyframeGate()
        self._wanted = threading.Event()
        self._must_encode = ""
        self._said: dict[str, str] = {}

    async def run(self, sink: FrameSink) -> None:
        await run_in_thread(self._work, sink, "reader")

    def demand(self, wanted: bool) -> None:
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()

    def request_keyframe(self) -> None:
        self._gate.request()

    def probe(self) -> None:
        """Open the input once to learn its codecs; blocks. Raises `SourceError`."""
        with open_input(self._input) as container:
            self._decide(_choose(container, self._input, self._audio))

    def _work(self, outlet: Outlet) -> None:
        end = time.monotonic()
        with ExitStack() as stack:
            encoders = _Encoders(outlet, self._wish, self._gate, stack)
            while not outlet.stopped:
                try:
                    end = self._pass(outlet, encoders, end)
                except CannotPass as reason:
                    self._must_encode = str(reason)
                    continue
                except av.FFmpegError as error:
                    raise SourceError(sentence(self._input, error)) from None
                if self._input.live and not outlet.stopped:
                    raise SourceError(self._input.ended)

    def _pass(self, outlet: Outlet, encoders: "_Encoders", start: float) -> float:
        """Once through the input. Returns when its last frame ends, in monotonic seconds."""
        now = time.monotonic()
        start = start if now - start < MAX_LATE else now
        with open_input(self._input) as container:
            streams = _choose(container, self._input, self._audio)
            origin = Origin(None if self._input.live else start)
            video, lanes = self._lanes(streams, origin, outlet, encoders)
            packets = _timed(container, streams.video, [streams.video.index, *lanes])
            if not self._input.live:
                packets = _paced(interleave(packets, set(lanes)), origin, outlet)
            end = self._feed(packets, lanes, streams.video.index, origin, outlet)
            if not self._input.live and not outlet.stopped:
                _judge(video, self._input)
        return max(end + 1 / _fps(streams.video), start + MIN_PASS)

    def _feed(
        self, packets: Iterable[Timed], lanes: dict[int, Lane], video: int, origin: Origin, outlet: Outlet
    ) -> float:
        """Until the input ends or the source is to stop. Returns the time of the last packet."""
        seen = time.monotonic()
        end = float("-inf")
        for stream, when, (packet, at) in packets:
            if outlet.stopped:
                break
            now = time.monotonic()
            if stream == video:
                seen = now
            elif now - seen > NO_PICTURE_FOR:
                raise SourceError(f"{self._input.name} sends sound but no picture.")
            if packet.size:  # an empty packet only tells the decoder to give out what it holds
                end = max(end, when + origin.shift(when, now))
            lanes[stream].feed(packet, at)
        return end

    def _lanes(
        self, streams: Streams, origin: Origin, outlet: Outlet, encoders: "_Encoders"
    ) -> tuple[Lane, dict[int, Lane]]:
        plan, sound = self._decide(streams)
        line = Timeline(origin)
        video: Lane
        if plan.action == "encode":
            fps = min(_fps(streams.video), MAX_FPS)
            video = EncodeLane(line, encoders.get(fps), self._gate, self._wanted.is_set, MAX_FPS)
        elif plan.codec == "h264":
            video = H264Lane(streams.video, line, outlet)
        else:
            video = Vp8Lane(line, outlet)
        lanes: dict[int, Lane] = {streams.video.index: video}
        if streams.audio is not None and self.audio_codec is not None:
            line = Timeline(origin)
            lanes[streams.audio.index] = (
                PassSoundLane(self.audio_codec, line, outlet)
                if sound == "pass"
                else EncodeSoundLane(streams.audio.codec_context.channels, line, outlet, self._wanted.is_set)
            )
        return video, lanes

    def _decide(self, streams: Streams) -> tuple[VideoPlan, SoundAction]:
        facts = _video_facts(streams.video)
        plan = plan_video(facts, self._wish.codec)
        if plan.action == "pass" and self._must_encode:
            plan = VideoPlan("encode", self._wish.codec, self._must_encode)
        sound, self.audio_codec = plan_audio(_audio_facts(streams.audio))
        self.video_codec = plan.codec
        said = {
            "source": self._input.name,
            "video": f"{facts.codec} {facts.width}x{facts.height} {plan.action}",
            "audio": f"{self.audio_codec} {sound}",
        }
        if said != self._said:
            self._said = said
            log.info("source_open", **said, **({"encoded_because": plan.reason} if plan.reason else {}))
        return plan, sound


class _Encoders:
    """The encoder, made when first needed and kept from pass to pass."""

    def __init__(self, outlet: Outlet, wish: Wish, gate: KeyframeGate, stack: ExitStack) -> None:
        self._outlet, self._wish, self._gate, self._stack = outlet, wish, gate, stack
        self._thread: EncodingThread | None = None

    def get(self, fps: float) -> EncodingThread:
        if self._thread is None:
            thread = EncodingThread(self._outlet, self._wish, fps, self._gate)
            self._thread = self._stack.enter_context(thread)
        return self._thread


def _choose(container: InputContainer, source: Input, audio: bool) -> Streams:
    """The first real video stream, and the first sound if it is wanted."""
    pictures = [
        stream
        for stream in container.streams.video
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic
    ]
    if not pictures:
        raise SourceError(f"{source.name} has no video that can be read.")
    video = pictures[0]
    if video.width * video.height <= 0:
        raise SourceError(source.empty)
    if video.width * video.height > MAX_PIXELS:
        raise SourceError(f"{source.name} has pictures of {video.width}x{video.height}, which cannot be used.")
    sounds = [stream for stream in container.streams.audio if stream.codec_context is not None] if audio else []
    return Streams(video, sounds[0] if sounds else None)


def _timed(container: InputContainer, video: VideoStream, indexes: list[int]) -> Iterator[Timed]:
    """The packets of these streams with the time of their place in the stream, and that of their presentation."""
    next_times = dict.fromkeys(indexes, 0.0)
    for packet in container.demux([container.streams[index] for index in indexes]):
        index, base = packet.stream.index, float(packet.time_base)
        expected = next_times[index]
        dts = packet.dts if packet.dts is not None else packet.pts
        when = expected if dts is None else dts * base
        at = when if packet.pts is None else packet.pts * base
        step = (packet.duration or 0) * base or (1 / _fps(video) if index == video.index else 0.02)
        next_times[index] = when + step if packet.size else expected
        yield index, when, (packet, at)


def _paced(packets: Iterable[Timed], origin: Origin, outlet: Outlet) -> Iterator[Timed]:
    """Each packet when it is due. A file that was held up, or whose times jump, goes on from where it is."""
    for item in packets:
        now = time.monotonic()
        due = item[1] + origin.shift(item[1], now)
        if not -MAX_LATE < due - now < MAX_GAP:
            origin.delay(now - due)
        elif outlet.pause(due - now):
            return
        yield item


def _judge(video: Lane, source: Input) -> None:
    """After a whole pass: did pictures come of it?"""
    if isinstance(video, H264Lane) and not video.started:
        raise CannotPass("the source has no IDR picture with its parameter sets")
    if (isinstance(video, Vp8Lane) and not video.started) or (isinstance(video, EncodeLane) and video.hopeless):
        raise SourceError(source.empty)


def _video_facts(stream: VideoStream) -> VideoFacts:
    context = stream.codec_context
    return VideoFacts(
        codec=context.codec.canonical_name,
        width=stream.width,
        height=stream.height,
        profile=context.profile,
        pixels=context.pix_fmt,
        b_frames=context.has_b_frames,
        interlaced=context.field_order > PROGRESSIVE,
    )


def _audio_facts(stream: AudioStream | None) -> AudioFacts | None:
    if stream is None:
        return None
    context = stream.codec_context
    return AudioFacts(context.codec.canonical_name, context.sample_rate, context.channels)


def _fps(stream: VideoStream) -> float:
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate and 1 <= rate <= MAX_BELIEVED_FPS else USUAL_FPS
