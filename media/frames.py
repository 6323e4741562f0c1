"""The encoded frame: what a source hands on and what is cut into RTP packets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

VideoCodec = Literal["h264", "vp8"]
AudioCodec = Literal["opus", "pcmu", "pcma"]
Codec = VideoCodec | AudioCodec

CLOCK_RATES: dict[Codec, int] = {"h264": 90_000, "vp8": 90_000, "opus": 48_000, "pcmu": 8_000, "pcma": 8_000}
"""RTP clock rates in hertz (RFC 6184 §8.2.1, RFC 7741 §6.1, RFC 7587 §4.1, RFC 3551 §4.5)."""


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One encoded video picture or audio packet.

    `data`: H.264 as an Annex B access unit whose IDR pictures carry SPS and PPS in front; VP8 one frame; audio
    one packet.
    `timestamp`: in units of the codec's RTP clock rate, never going back within one source.
    `keyframe`: true for IDR/VP8 key frames and for every audio packet.
    `captured_at`: `time.monotonic()` of the moment the picture was taken or arrived, in seconds.
    """

    codec: Codec
    data: bytes
    timestamp: int
    keyframe: bool
    captured_at: float


FrameSink = Callable[[EncodedFrame], None]


class SourceError(Exception):
    """The source cannot deliver; the text is one clear sentence for the person who started the camera."""


class Source(Protocol):
    """Where pictures come from. Consumed by `camera_peer.broadcast`."""

    video_codec: VideoCodec
    audio_codec: AudioCodec | None

    async def run(self, sink: FrameSink) -> None:
        """Deliver frames on the event loop until cancelled. Raises `SourceError` when the source fails or ends."""

    def demand(self, wanted: bool) -> None:
        """Somebody watches, or nobody does. Without demand a source that encodes stops encoding; one that passes
        encoded pictures through keeps delivering, so that the group-of-pictures cache stays warm."""

    def request_keyframe(self) -> None:
        """Ask for a key frame soon. Sources that cannot obey ignore it."""
