"""The SDP offer of a sending party, as text (RFC 8829 §5.2.1, RFC 8839, RFC 8842)."""

from dataclasses import dataclass

from media.frames import AudioCodec, VideoCodec

CRLF = "\r\n"

VIDEO_PAYLOAD_TYPES = (102, 104)
"""One per offered profile, best first; dynamic (RFC 3551 §6)."""
VP8_PAYLOAD_TYPE = 96
AUDIO: dict[AudioCodec, tuple[int, str]] = {
    "opus": (111, "opus/48000/2"),
    "pcmu": (0, "PCMU/8000"),
    "pcma": (8, "PCMA/8000"),
}
"""Payload type and rtpmap."""
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
ABS_SEND_TIME_ID = 3
VIDEO_MID, AUDIO_MID, DATA_MID = "0", "1", "2"
SCTP_PORT = 5000
MAX_DATA_MESSAGE = 65536


@dataclass(frozen=True, slots=True)
class Transport:
    """The ICE and DTLS side of an offer. `candidates`: without the `candidate:` in front. `lite`: we answer checks and
    make none (RFC 8445 §2.5). `complete`: none will be trickled."""

    username: str
    password: str
    fingerprint: str
    candidates: tuple[str, ...]
    lite: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Media:
    """What is sent. `profiles`: H.264 `profile-level-id`s to offer, best first. `audio`: none offers an inactive
    section, so that adding sound later needs no new offer. `extensions`: (id, URI) beside the send time. `data`:
    whether there is a section for data channels."""

    video: VideoCodec
    profiles: tuple[str, ...]
    video_ssrc: int
    audio: AudioCodec | None
    audio_ssrc: int
    stream: str
    extensions: tuple[tuple[int, str], ...] = ()
    data: bool = True


def write_offer(transport: Transport, media: Media, origin: int) -> str:
    """The whole offer. `origin`: the numeric session id of the `o=` line, below 2^63."""
    mids = [VIDEO_MID, AUDIO_MID, DATA_MID] if media.data else [VIDEO_MID, AUDIO_MID]
    lines = [
        "v=0",
        f"o=- {origin} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        *(["a=ice-lite"] if transport.lite else []),
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=ice-options:trickle",
        "a=msid-semantic: WMS *",
        *_video(transport, media),
        *_audio(transport, media),
        *(_data(transport) if media.data else []),
    ]
    return CRLF.join(lines) + CRLF


def _section(kind: str, port: int, protocol: str, formats: str, mid: str, transport: Transport) -> list[str]:
    return [
        f"m={kind} {port} {protocol} {formats}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{mid}",
        f"a=ice-ufrag:{transport.username}",
        f"a=ice-pwd:{transport.password}",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {transport.fingerprint}",
        "a=setup:actpass",
    ]


def _video(transport: Transport, media: Media) -> list[str]:
    codecs: list[str] = []
    types: list[int] = []
    if media.video == "vp8":
        types.append(VP8_PAYLOAD_TYPE)
        codecs += [f"a=rtpmap:{VP8_PAYLOAD_TYPE} VP8/90000", *_feedback(VP8_PAYLOAD_TYPE)]
    else:
        for number, profile in zip(VIDEO_PAYLOAD_TYPES, media.profiles, strict=False):
            types.append(number)
            codecs += [
                f"a=rtpmap:{number} H264/90000",
                f"a=fmtp:{number} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}",
                *_feedback(number),
            ]
    return [
        *_section("video", 9, "UDP/TLS/RTP/SAVPF", " ".join(map(str, types)), VIDEO_MID, transport),
        *(f"a=candidate:{candidate}" for candidate in transport.candidates),
        *(["a=end-of-candidates"] if transport.complete else []),
        "a=sendonly",
        "a=rtcp-mux",
        f"a=extmap:{ABS_SEND_TIME_ID} {ABS_SEND_TIME}",
        *(f"a=extmap:{number} {uri}" for number, uri in media.extensions),
        *codecs,
        *_source("video", media.stream, media.video_ssrc),
    ]


def _audio(transport: Transport, media: Media) -> list[str]:
    number, name = AUDIO[media.audio or "opus"]
    lines = [
        *_section("audio", 9, "UDP/TLS/RTP/SAVPF", str(number), AUDIO_MID, transport),
        "a=inactive" if media.audio is None else "a=sendonly",
        "a=rtcp-mux",
        f"a=rtpmap:{number} {name}",
    ]
    return lines if media.audio is None else [*lines, *_source("audio", media.stream, media.audio_ssrc)]


def _data(transport: Transport) -> list[str]:
    return [
        *_section("application", 9, "UDP/DTLS/SCTP", "webrtc-datachannel", DATA_MID, transport),
        f"a=sctp-port:{SCTP_PORT}",
        f"a=max-message-size:{MAX_DATA_MESSAGE}",
    ]


def _feedback(payload_type: int) -> list[str]:
    return [f"a=rtcp-fb:{payload_type} {name}" for name in ("nack", "nack pli", "ccm fir", "goog-remb")]


def _source(kind: str, stream: str, ssrc: int) -> list[str]:
    return [f"a=msid:{stream} {kind}", f"a=ssrc:{ssrc} cname:{stream}"]
