import pytest

from camera_peer.sources.plan import AudioFacts, VideoFacts, plan_audio, plan_video
from media.frames import VideoCodec


@pytest.mark.parametrize(
    ("facts", "wanted", "action", "codec", "reason"),
    [
        (VideoFacts("h264", 1, 1, profile="Main", pixels="yuv420p"), "h264", "pass", "h264", ""),
        (VideoFacts("h264", 1, 1, profile="High", pixels="yuvj420p"), "h264", "pass", "h264", ""),
        (VideoFacts("h264", 1, 1), "h264", "pass", "h264", ""),
        (VideoFacts("h264", 1, 1, profile="Main", b_frames=True), "h264", "encode", "h264", "B-frames"),
        (VideoFacts("h264", 1, 1, profile="Main", interlaced=True), "h264", "encode", "h264", "interlaced"),
        (VideoFacts("h264", 1, 1, profile="High 10", pixels="yuv420p10le"), "h264", "encode", "h264", "High 10"),
        (VideoFacts("h264", 1, 1, profile=None, pixels="yuv422p"), "h264", "encode", "h264", "yuv422p"),
        (VideoFacts("h264", 1, 1, profile="Main"), "vp8", "encode", "vp8", "VP8 is wanted"),
        (VideoFacts("vp8", 1, 1), "h264", "pass", "vp8", ""),
        (VideoFacts("vp8", 1, 1), "vp8", "pass", "vp8", ""),
        (VideoFacts("hevc", 1, 1), "h264", "encode", "h264", "hevc"),
        (VideoFacts("mjpeg", 1, 1), "vp8", "encode", "vp8", "mjpeg"),
    ],
)
def test_what_passes_and_what_is_encoded(
    facts: VideoFacts, wanted: VideoCodec, action: str, codec: str, reason: str
) -> None:
    plan = plan_video(facts, wanted)
    assert (plan.action, plan.codec) == (action, codec)
    assert reason in plan.reason
    assert bool(plan.reason) == (action == "encode")


@pytest.mark.parametrize(
    ("facts", "plan"),
    [
        (None, ("none", None)),
        (AudioFacts("opus", 48_000, 2), ("pass", "opus")),
        (AudioFacts("opus", 48_000, 6), ("encode", "opus")),
        (AudioFacts("pcm_mulaw", 8_000, 1), ("pass", "pcmu")),
        (AudioFacts("pcm_alaw", 8_000, 1), ("pass", "pcma")),
        (AudioFacts("pcm_alaw", 16_000, 1), ("encode", "opus")),
        (AudioFacts("aac", 44_100, 2), ("encode", "opus")),
        (AudioFacts("aac", 0, 0), ("none", None)),
    ],
)
def test_sound_passes_as_opus_or_g711(facts: AudioFacts | None, plan: tuple[str, str | None]) -> None:
    assert plan_audio(facts) == plan
