"""What is in an opened input: its streams, facts about them, and their packets in time."""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from camera_peer.sources.handover import Outlet
from camera_peer.sources.input import AnyPacket, Input
from camera_peer.sources.plan import MAX_PIXELS, AudioFacts, VideoFacts
from camera_peer.sources.timeline import Origin
from media.frames import SourceError

USUAL_FPS = 25.0
"""Pictures a second where the input does not say, or says nonsense."""

MAX_LATE = 1.0
"""Seconds behind its times after which a file's remainder is delayed instead of hurried."""

MAX_GAP = 3.0
"""Seconds a file may pause between two packets; a longer pause, or a jump of its times, is left out."""

MAX_BELIEVED_FPS = 240

PROGRESSIVE = 1
"""FFmpeg's field order of pictures that are not interlaced; 0 is unknown."""

Timed = tuple[int, float, tuple[AnyPacket, float]]
"""Stream index, place in the stream, packet and time of presentation; times in seconds."""


class Streams(NamedTuple):
    video: VideoStream
    audio: AudioStream | None


def choose(container: InputContainer, source: Input, audio: bool) -> Streams:
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


def timed(container: InputContainer, video: VideoStream, indexes: list[int]) -> Iterator[Timed]:
    """The packets of these streams with the time of their place in the stream, and that of their presentation."""
    next_times = dict.fromkeys(indexes, 0.0)
    for packet in container.demux([container.streams[index] for index in indexes]):
        index, base = packet.stream.index, float(packet.time_base)
        expected = next_times[index]
        dts = packet.dts if packet.dts is not None else packet.pts
        when = expected if dts is None else dts * base
        at = when if packet.pts is None else packet.pts * base
        step = (packet.duration or 0) * base or (1 / fps_of(video) if index == video.index else 0.02)
        next_times[index] = when + step if packet.size else expected
        yield index, when, (packet, at)


def paced(packets: Iterable[Timed], origin: Origin, outlet: Outlet) -> Iterator[Timed]:
    """Each packet when it is due. A file that was held up, or whose times jump, goes on from where it is."""
    for item in packets:
        now = time.monotonic()
        due = item[1] + origin.shift(item[1], now)
        if not -MAX_LATE < due - now < MAX_GAP:
            origin.delay(now - due)
        elif outlet.pause(due - now):
            return
        yield item


def video_facts(stream: VideoStream) -> VideoFacts:
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


def audio_facts(stream: AudioStream | None) -> AudioFacts | None:
    if stream is None:
        return None
    context = stream.codec_context
    return AudioFacts(context.codec.canonical_name, context.sample_rate, context.channels)


def fps_of(stream: VideoStream) -> float:
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate and 1 <= rate <= MAX_BELIEVED_FPS else USUAL_FPS
