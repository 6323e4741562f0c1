"""Where the pictures come from: the test pattern, a file, an RTSP camera, a V4L2 device."""

from camera_peer.encoder import DEFAULT_BITRATE
from camera_peer.sources.device import device_input
from camera_peer.sources.encoding import Wish
from camera_peer.sources.file import file_input
from camera_peer.sources.pattern import PatternSource
from camera_peer.sources.reader import ReaderSource
from camera_peer.sources.rtsp import rtsp_input
from camera_peer.sources.spec import DeviceSpec, FileSpec, PatternSpec, RtspSpec, bitrate_within, parse_spec
from media.frames import Source, SourceError, VideoCodec


def open_source(spec: str, *, codec: VideoCodec = "h264", audio: bool = True, bitrate: int = DEFAULT_BITRATE) -> Source:
    """The source that `spec` names: `test`, `test:?size=640x360&fps=15&gop=2&bitrate=1000000&obey=no&detail=high`,
    `test:passthrough`, a path, `rtsp://…`, `/dev/video0`, `v4l2:/dev/video0?size=1280x720&fps=30&format=mjpeg`.

    `codec` is what pictures that must be encoded become; with "vp8" H.264 is encoded again, with "h264" VP8 still
    passes through. `bitrate` is for encoding, in bits per second. Raises `SourceError` for a spec that cannot be
    understood; everything else fails in `run`. A file is opened once, to learn its codecs, which takes milliseconds.
    """
    parsed = parse_spec(spec)
    wish = Wish(codec, bitrate_within(bitrate))
    match parsed:
        case PatternSpec():
            return PatternSource(parsed, codec, audio, bitrate)
        case RtspSpec():
            return ReaderSource(rtsp_input(parsed), wish, audio)
        case DeviceSpec():
            return ReaderSource(device_input(parsed), wish, audio=False)
        case FileSpec():
            return _file_source(parsed, wish, audio)


def _file_source(spec: FileSpec, wish: Wish, audio: bool) -> Source:
    source = ReaderSource(file_input(spec.path), wish, audio)
    try:
        source.probe()
    except SourceError:
        return source  # `run` says it again, where it is retried
    return source
