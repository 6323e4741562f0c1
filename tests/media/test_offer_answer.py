"""Our offers as aiortc reads them, its answers as we read them, and answers that are wrong."""

import dataclasses

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from media.answer import BadAnswer, read_answer
from media.offer import Media, Transport, write_offer
from signaling.protocol.messages import MAX_MESSAGE_BYTES

FINGERPRINT = ":".join(["AB"] * 32)
TRANSPORT = Transport("user", "password" * 3, FINGERPRINT, ("1 1 udp 2130706431 192.0.2.7 5000 typ host",))
VIDEO = Media("h264", ("42e01f",), 1234, None, 5678, "stream")
WITH_SOUND = dataclasses.replace(VIDEO, audio="opus")


def offer(media: Media) -> str:
    return write_offer(TRANSPORT, media, origin=42)


async def answer_of(sdp: str) -> str:
    """What a stock aiortc viewer answers."""
    viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        await viewer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await viewer.setLocalDescription(await viewer.createAnswer())
        answer: str = viewer.localDescription.sdp
        return answer
    finally:
        await viewer.close()


def test_an_offer_has_video_sound_and_data() -> None:
    parsed = SessionDescription.parse(offer(WITH_SOUND))
    assert [(m.kind, m.direction) for m in parsed.media[:2]] == [("video", "sendonly"), ("audio", "sendonly")]
    assert parsed.media[2].kind == "application" and parsed.media[2].sctp_port == 5000
    assert parsed.media[0].ice_candidates_complete
    assert {m.dtls.role for m in parsed.media if m.dtls} == {"auto"}
    assert "a=ice-options:trickle\r\n" in offer(VIDEO).split("m=")[0]


def test_a_source_without_sound_still_offers_the_section() -> None:
    assert SessionDescription.parse(offer(VIDEO)).media[1].direction == "inactive"


@pytest.mark.parametrize(
    ("media", "video_type", "audio_type"),
    [
        (VIDEO, 102, None),
        (WITH_SOUND, 102, 111),
        (dataclasses.replace(VIDEO, audio="pcma"), 102, 8),
        (dataclasses.replace(VIDEO, profiles=("4d001f", "42e01f")), 104, None),
        (dataclasses.replace(VIDEO, video="vp8"), 96, None),
    ],
)
async def test_a_stock_viewer_answers_and_is_understood(media: Media, video_type: int, audio_type: int | None) -> None:
    answer = read_answer(await answer_of(offer(media)), media.video, media.audio)
    assert (answer.video_type, answer.audio_type) == (video_type, audio_type)
    assert answer.role == "server" and answer.data and answer.abs_send_time == 3
    assert "sha-256" in dict(answer.fingerprints)
    assert answer.candidates


@pytest.fixture
def good() -> str:
    """The least a viewer may answer."""
    return (
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
        f"a=fingerprint:sha-256 {FINGERPRINT}\r\na=setup:active\r\na=recvonly\r\na=rtpmap:102 H264/90000\r\n"
    )


def test_the_least_answer_is_enough(good: str) -> None:
    answer = read_answer(good, "h264", "opus")
    assert (answer.audio_type, answer.data, answer.abs_send_time) == (None, False, None)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("m=video 9", "m=video 0"), "cannot play H.264"),
        (("H264/90000", "VP9/90000"), "cannot play H.264"),
        (("a=recvonly", "a=inactive"), "does not want the video"),
        (("m=video", "m=audio"), "no video section"),
        (("a=mid:0\r\n", ""), "no video section"),
        (("a=ice-ufrag:abcd\r\n", ""), "ice-ufrag"),
        (("a=ice-pwd:0123456789012345678901\r\n", ""), "ice-pwd"),
        (("ufrag:abcd", "ufrag:abc"), "ice-ufrag of the answer is malformed"),
        (("pwd:0", "pwd: "), "ice-pwd of the answer is malformed"),
        (("pwd:0", "pwd:" + "0" * 300), "ice-pwd of the answer is malformed"),
        (("sha-256", "md5"), "fingerprint"),
        (("setup:active", "setup:actpass"), "setup"),
        (("m=video 9 UDP/TLS/RTP/SAVPF 102", "m=video"), "malformed"),
        (("v=0", "v=0" * MAX_MESSAGE_BYTES), "too long"),
    ],
)
def test_a_bad_answer_is_refused_in_a_sentence(good: str, change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(BadAnswer, match=sentence):
        read_answer(good.replace(*change), "h264", None)


@given(
    st.text() | st.lists(st.sampled_from("vmac").flatmap(lambda k: st.text().map(lambda t: f"{k}={t}"))).map("\n".join)
)
def test_junk_is_refused_not_raised_through(sdp: str) -> None:
    with pytest.raises(BadAnswer):
        read_answer(sdp, "h264", "opus")


@pytest.mark.parametrize("sign", ["\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_swap_no_sign_but_the_ends_of_lines_hides_a_second_certificate(good: str, sign: str) -> None:
    """A reader that ended lines there would take a certificate that `fingerprint_of` does not see, so nobody signed."""
    other = " ".join(["sha-256", ":".join(["CD"] * 32)])
    hidden = good.replace("a=mid:0", f"a=mid:0\r\na=x{sign}a=fingerprint:{other}")
    assert hidden != good
    assert read_answer(hidden, "h264", None).fingerprints == read_answer(good, "h264", None).fingerprints
