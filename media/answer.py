"""Reading the SDP answer to our offer. Whatever is wrong with it becomes a `BadAnswer` with one clear sentence."""

from dataclasses import dataclass
from typing import Literal

from media.frames import AudioCodec, VideoCodec
from media.offer import ABS_SEND_TIME, AUDIO_MID, DATA_MID, VIDEO_MID
from media.sdp import (
    BadSdp,
    Section,
    credential,
    extension_id,
    fingerprints,
    payload_types,
    read_sections,
    required,
)
from signaling.protocol.messages import MAX_CANDIDATES

REFUSALS = {"inactive", "sendonly"}
"""Directions of an answer that take nothing from us (RFC 3264 §6.1)."""
SPOKEN = {"h264": "H.264", "vp8": "VP8"}


class BadAnswer(Exception):
    """The viewer's answer cannot be used; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the viewer agreed to. `role`: ours in DTLS. `abs_send_time`: id of the extension, none if refused."""

    username: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    role: Literal["client", "server"]
    video_type: int
    audio_type: int | None
    data: bool
    abs_send_time: int | None
    candidates: tuple[str, ...]


def read_answer(sdp: str, video: VideoCodec, audio: AudioCodec | None) -> Answer:
    """Parse the answer to an offer of these codecs. Raises `BadAnswer`."""
    try:
        return _read(sdp, video, audio)
    except BadSdp as error:
        raise BadAnswer(str(error)) from error


def _read(sdp: str, video: VideoCodec, audio: AudioCodec | None) -> Answer:
    session, sections = read_sections(sdp, "answer")
    by_mid = {mid: section for section in sections if (mid := section.first("mid")) is not None}
    section = by_mid.get(VIDEO_MID)
    if section is None or section.kind != "video":
        raise BadAnswer("the answer has no video section")
    if section.port == "0":
        raise BadAnswer(f"the viewer cannot play {SPOKEN[video]}, the only codec this camera sends")
    if REFUSALS & section.attributes.keys():
        raise BadAnswer("the viewer does not want the video")
    video_types = payload_types(section, video)
    if not video_types:
        raise BadAnswer(f"the viewer cannot play {SPOKEN[video]}, the only codec this camera sends")
    sound = by_mid.get(AUDIO_MID)
    data = by_mid.get(DATA_MID)
    return Answer(
        username=credential(section, session, "ice-ufrag", 4, "answer"),
        password=credential(section, session, "ice-pwd", 22, "answer"),
        fingerprints=fingerprints(section, session, "answer"),
        role=_role(section, session),
        video_type=video_types[0],
        audio_type=_audio_type(sound, audio),
        data=data is not None and data.port != "0",
        abs_send_time=extension_id(section, ABS_SEND_TIME),
        candidates=tuple(section.attributes.get("candidate", ())[:MAX_CANDIDATES]),
    )


def _role(section: Section, session: Section) -> Literal["client", "server"]:
    """RFC 5763 §5: the answerer chooses; whoever is active is the DTLS client."""
    setup = required(section, session, "setup", "answer")
    if setup not in ("active", "passive"):
        raise BadAnswer("a=setup of an answer must be active or passive")
    return "server" if setup == "active" else "client"


def _audio_type(section: Section | None, audio: AudioCodec | None) -> int | None:
    if section is None or audio is None or section.port == "0":
        return None
    if REFUSALS & section.attributes.keys():
        return None
    types = payload_types(section, audio)
    return types[0] if types else None
