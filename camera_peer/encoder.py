"""The one video encoder: pictures in, encoded frames out, once, whatever the number of viewers.

H.264 is constrained baseline, level 3.1 (`42e01f` in SDP, which every WebRTC browser with H.264 decodes): no
B-frames, SPS and PPS in front of each IDR. VP8 is for viewers without H.264. Both have no look-ahead: one picture
in is one frame out. Nothing here knows threads or clocks; the thread is in `sources/encoding.py`.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from media.frames import EncodedFrame, VideoCodec

LONG_SIDE, SHORT_SIDE = 1280, 720
"""Largest encoded picture: 3600 macroblocks, the bound of level 3.1 (H.264 table A-1)."""

MAX_FPS = 30
"""Most pictures a second: level 3.1 ends at 108,000 macroblocks a second, which is 1280x720 thirty times."""

MIN_SIDE = 16
"""One macroblock: the encoders refuse less."""

MIN_BITRATE, DEFAULT_BITRATE, MAX_BITRATE = 100_000, 2_000_000, 10_000_000
"""Bits per second. Below the least a picture is mush; level 3.1 ends at 14 Mbit/s and few uplinks carry 10."""

MIN_KEYFRAME_INTERVAL = 0.5
"""Seconds between two key frames on request: each weighs as much as ten others, and a lossy viewer asks often."""

_BUFFER_SECONDS = 0.5
"""How much of a second's bits one burst may hold; bounds the size of a key frame, so of its delay on an uplink."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """`width`, `height` in even pixels; `fps` nominal, for the rate control; `bitrate` in bits per second; `gop` in
    seconds between key frames that nobody asked for."""

    codec: VideoCodec
    width: int
    height: int
    fps: float
    bitrate: int = DEFAULT_BITRATE
    gop: float = 2.0


def fit(width: int, height: int) -> tuple[int, int]:
    """The largest even size of the same shape within 1280x720 (or 720x1280 if upright); never enlarges."""
    bound_w, bound_h = (LONG_SIDE, SHORT_SIDE) if width >= height else (SHORT_SIDE, LONG_SIDE)
    scale = min(Fraction(1), Fraction(bound_w, width), Fraction(bound_h, height))
    return _even(width * scale), _even(height * scale)


def _even(length: Fraction) -> int:
    return max(MIN_SIDE, int(length) // 2 * 2)


class KeyframeGate:
    """Merges requests for key frames and grants at most one in `MIN_KEYFRAME_INTERVAL`; a request is never lost."""

    def __init__(self) -> None:
        self._wanted = False
        self._at = float("-inf")

    def request(self) -> None:
        self._wanted = True

    def force(self) -> None:
        """A key frame next, whatever was before: the viewer who just came has nothing else to show."""
        self._at = float("-inf")
        self._wanted = True

    def take(self, now: float) -> bool:
        """Whether the picture of `now` (seconds, monotonic) must become a key frame."""
        return self._wanted and now - self._at >= MIN_KEYFRAME_INTERVAL

    def passed(self, now: float) -> None:
        """A key frame went out, asked for or not."""
        self._wanted = False
        self._at = now


class VideoEncoder:
    """Encodes pictures of any size and pixel format; scales to the settings' size."""

    def __init__(self, settings: EncoderSettings) -> None:
        """Raises `av.FFmpegError` if the codec is missing or refuses the settings."""
        self._codec = settings.codec
        self._context = _open(settings)
        self._count = 0

    def encode(self, picture: VideoFrame, *, timestamp: int, captured_at: float, key: bool) -> EncodedFrame | None:
        """One encoded frame, or None where the rate control drops the picture. Raises `av.FFmpegError`."""
        # Scaled before it is marked: a scaled copy would not inherit the mark of a key frame.
        picture = picture.reformat(self._context.width, self._context.height, "yuv420p")
        picture.pts = self._count
        picture.time_base = self._context.time_base
        picture.pict_type = PictureType.I if key else PictureType.NONE
        self._count += 1
        packets = self._context.encode(picture)
        if not packets:
            return None
        return EncodedFrame(
            codec=self._codec,
            data=b"".join(bytes(packet) for packet in packets),
            timestamp=timestamp,
            keyframe=any(packet.is_keyframe for packet in packets),
            captured_at=captured_at,
        )


def _open(settings: EncoderSettings) -> VideoCodecContext:
    name = "libx264" if settings.codec == "h264" else "libvpx"
    context = cast("VideoCodecContext", av.CodecContext.create(name, "w"))
    rate = Fraction(settings.fps).limit_denominator(1001)
    context.width, context.height, context.pix_fmt = settings.width, settings.height, "yuv420p"
    context.framerate, context.time_base = rate, 1 / rate
    context.gop_size = max(1, round(settings.gop * settings.fps))
    context.max_b_frames = 0
    context.bit_rate = settings.bitrate
    context.thread_count = 1  # a second thread costs more than it gains: 720p30 takes an eighth of a core
    context.options = _options(settings)
    if settings.codec == "h264":
        context.profile = "Baseline"
    context.open()
    return context


def _options(settings: EncoderSettings) -> dict[str, str]:
    shared = {
        "maxrate": str(settings.bitrate),
        "bufsize": str(round(settings.bitrate * _BUFFER_SECONDS)),
    }
    if settings.codec == "vp8":
        # A negative cpu-used is a fixed speed: half the cost of the adaptive one, and the same on every frame.
        return shared | {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0", "auto-alt-ref": "0"}
    # superfast: ultrafast saves a third of the time and needs twice the bits for the same picture.
    return shared | {
        "preset": "superfast",
        "tune": "zerolatency",
        "level": "31",
        "forced-idr": "1",
        "sc_threshold": "0",
    }
