"""Where the pictures come from: the test pattern, a file, an RTSP camera, a V4L2 device."""

from camera_peer.encoder import DEFAULT_BITRATE
from camera_peer.sources.pattern import PatternSource
from camera_peer.sources.spec import PatternSpec, parse_spec
from media.frames import Source, VideoCodec


def open_source(spec: str, *, codec: VideoCodec = "h264", audio: bool = True, bitrate: int = DEFAULT_BITRATE) -> Source:
    parsed = parse_spec(spec)
    if isinstance(parsed, PatternSpec):
        return PatternSource(parsed, codec, audio, bitrate)
    raise NotImplementedError
