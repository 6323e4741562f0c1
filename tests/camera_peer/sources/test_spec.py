import pytest

from camera_peer.sources import open_source
from camera_peer.sources.spec import DeviceSpec, FileSpec, PatternSpec, RtspSpec, parse_spec
from media.frames import SourceError


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("test", PatternSpec()),
        ("test:", PatternSpec()),
        ("test:passthrough", PatternSpec(always_on=True)),
        ("test:?gop=2&obey=no", PatternSpec(gop=2, always_on=True)),
        (
            "test:?size=640x360&fps=15&bitrate=1000000&audio=no&detail=high",
            PatternSpec(640, 360, 15, bitrate=1_000_000, audio=False, busy=True),
        ),
        ("clip.mp4", FileSpec("clip.mp4")),
        ("file:///a/clip.mp4", FileSpec("/a/clip.mp4")),
        ("testing.mp4", FileSpec("testing.mp4")),
        ("/dev/video2", DeviceSpec("/dev/video2")),
        ("v4l2:/dev/video0?size=640x480&fps=15&format=yuyv422", DeviceSpec("/dev/video0", 640, 480, 15, "yuyv422")),
        ("rtsp://cam/x", RtspSpec("rtsp://cam/x", "cam", 554)),
        ("rtsp://[fe80::1]:8554/x", RtspSpec("rtsp://[fe80::1]:8554/x", "fe80::1", 8554)),
    ],
)
def test_a_spec_names_its_source(text: str, spec: object) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://camera/video",
        "test:nonsense",
        "test:?size=big",
        "test:?size=641x360",
        "test:?size=3840x2160",
        "test:?fps=0",
        "test:?fps=nan",
        "test:?obey=maybe",
        "test:?colour=red",
        "rtsp://",
        "rtsp://host:notaport/",
        "rtsp://us er:geheim@host/",
        "v4l2:video0",
        "v4l2:/dev/video0?format=../x",
    ],
)
def test_a_wrong_spec_gives_one_sentence(text: str) -> None:
    with pytest.raises(SourceError) as error:
        open_source(text)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)
    assert "geheim" not in str(error.value)


def test_an_address_is_never_shown_whole() -> None:
    spec = parse_spec("rtsp://owner:geheim@camera.lan:8554/user=admin_password=geheim?token=geheim")
    assert isinstance(spec, RtspSpec)
    assert spec.place == "camera.lan:8554"
    assert "geheim" not in repr(spec)
