"""What becomes of a stream: passed through as it is, encoded once, or left out; and why, for the log."""

from dataclasses import dataclass
from typing import Literal

from media.frames import AudioCodec, VideoCodec

MAX_PIXELS = 8192 * 4320
"""Largest picture that is decoded: 8K. A file that claims more is broken or means harm."""

_PASSABLE_PROFILES = {"Baseline", "Constrained Baseline", "Main", "High", "Constrained High"}
_PASSABLE_AUDIO: dict[str, AudioCodec] = {"opus": "opus", "pcm_mulaw": "pcmu", "pcm_alaw": "pcma"}


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What is known of a video stream before its first picture; None is unknown."""

    codec: str
    width: int
    height: int
    profile: str | None = None
    pixels: str | None = None
    b_frames: bool = False
    interlaced: bool = False


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """`rate` in hertz."""

    codec: str
    rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class VideoPlan:
    """`reason` says why pictures are encoded again; empty when they pass."""

    action: Literal["pass", "encode"]
    codec: VideoCodec
    reason: str = ""


def plan_video(facts: VideoFacts, wanted: VideoCodec) -> VideoPlan:
    """H.264 and VP8 pass where every WebRTC browser can show them. Who wants VP8 gets nothing else."""
    if facts.codec == "vp8":
        return VideoPlan("pass", "vp8")
    if facts.codec != "h264":
        return VideoPlan("encode", wanted, f"the source sends {facts.codec}")
    reason = _why_not_pass(facts) or ("VP8 is wanted" if wanted == "vp8" else "")
    return VideoPlan("encode", wanted, reason) if reason else VideoPlan("pass", "h264")


def _why_not_pass(facts: VideoFacts) -> str:
    if facts.b_frames:
        return "the source has B-frames, which WebRTC cannot carry"
    if facts.interlaced:
        return "the source is interlaced"
    if facts.profile is not None and facts.profile not in _PASSABLE_PROFILES:
        return f"browsers cannot show H.264 {facts.profile}"
    if facts.pixels not in (None, "yuv420p", "yuvj420p"):
        return f"browsers cannot show {facts.pixels}"
    return ""


def plan_audio(facts: AudioFacts | None) -> tuple[Literal["pass", "encode", "none"], AudioCodec | None]:
    """Opus and G.711 pass; everything else becomes Opus. G.711 is 8 kHz mono by definition (RFC 3551 §4.5.14)."""
    if facts is None or facts.rate <= 0 or facts.channels <= 0:
        return "none", None
    codec = _PASSABLE_AUDIO.get(facts.codec)
    if codec == "opus" and facts.channels <= 2:
        return "pass", codec
    if codec in ("pcmu", "pcma") and (facts.rate, facts.channels) == (8_000, 1):
        return "pass", codec
    return "encode", "opus"
