"""The source that reads: opens an input, decides what passes and what is encoded, and keeps time."""

import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Literal

import av
import structlog

from camera_peer.encoder import MAX_FPS, KeyframeGate
from camera_peer.sources.encoded_video import EncodeLane
from camera_peer.sources.encoding import EncodingThread, Wish
from camera_peer.sources.handover import Outlet, run_in_thread
from camera_peer.sources.input import Input, open_input, sentence
from camera_peer.sources.interleave import interleave
from camera_peer.sources.lane import CannotPass, Lane
from camera_peer.sources.passed_video import H264Lane, Vp8Lane
from camera_peer.sources.plan import VideoPlan, plan_audio, plan_video
from camera_peer.sources.sound import EncodeSoundLane, PassSoundLane
from camera_peer.sources.streams import MAX_LATE, Streams, Timed, audio_facts, choose, fps_of, paced, timed, video_facts
from camera_peer.sources.timeline import Origin, Timeline
from media.frames import AudioCodec, FrameSink, SourceError, VideoCodec

log = structlog.get_logger(__name__)

MIN_PASS = 1.0
"""Seconds that one pass through a file takes at least: a single picture would else be opened without end."""

NO_PICTURE_FOR = 10.0
"""Seconds that a live input may send sound alone."""

SoundAction = Literal["pass", "encode", "none"]


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
            self._decide(choose(container, self._input, self._audio))

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
            streams = choose(container, self._input, self._audio)
            origin = Origin(None if self._input.live else start)
            video, lanes = self._lanes(streams, origin, outlet, encoders)
            packets = timed(container, streams.video, list(lanes))
            if not self._input.live:
                packets = paced(interleave(packets, set(lanes)), origin, outlet)
            end = self._feed(packets, lanes, streams.video.index, origin, outlet)
            if not self._input.live and not outlet.stopped:
                _judge(video, self._input)
        return max(end + 1 / fps_of(streams.video), start + MIN_PASS)

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
            elif self._input.live and now - seen > NO_PICTURE_FOR:
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
            fps = min(fps_of(streams.video), MAX_FPS)
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
        facts = video_facts(streams.video)
        plan = plan_video(facts, self._wish.codec)
        if plan.action == "pass" and self._must_encode:
            plan = VideoPlan("encode", self._wish.codec, self._must_encode)
        sound, self.audio_codec = plan_audio(audio_facts(streams.audio))
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


def _judge(video: Lane, source: Input) -> None:
    """After a whole pass: did pictures come of it?"""
    if isinstance(video, H264Lane) and not video.started:
        raise CannotPass("the source has no IDR picture with its parameter sets")
    if (isinstance(video, Vp8Lane) and not video.started) or (isinstance(video, EncodeLane) and video.hopeless):
        raise SourceError(source.empty)
