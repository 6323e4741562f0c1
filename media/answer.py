"""Reading the SDP answer to our offer. Whatever is wrong with it becomes a `BadAnswer` with one clear sentence."""

import re
from dataclasses import dataclass, field
from typing import Literal

from media.frames import AudioCodec, VideoCodec
from media.offer import ABS_SEND_TIME, AUDIO_MID, DATA_MID, VIDEO_MID
from signaling.protocol.messages import MAX_CANDIDATES, MAX_MESSAGE_BYTES

MAX_LINES = 2000
FINGERPRINTS = ("sha-256", "sha-384", "sha-512")
NAMES: dict[VideoCodec | AudioCodec, str] = {
    "h264": "H264/90000",
    "vp8": "VP8/90000",
    "opus": "OPUS/48000/2",
    "pcmu": "PCMU/8000",
    "pcma": "PCMA/8000",
}
STATIC_TYPES = {"0": "PCMU/8000", "8": "PCMA/8000"}
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


@dataclass(slots=True)
class _Section:
    kind: str
    port: str
    formats: list[str]
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str | None:
        values = self.attributes.get(name)
        return values[0] if values else None


def read_answer(sdp: str, video: VideoCodec, audio: AudioCodec | None) -> Answer:
    """Parse the answer to an offer of these codecs. Raises `BadAnswer`."""
    session, by_mid = _sections(sdp)
    section = by_mid.get(VIDEO_MID)
    if section is None or section.kind != "video":
        raise BadAnswer("the answer has no video section")
    if section.port == "0":
        raise BadAnswer(f"the viewer cannot play {SPOKEN[video]}, the only codec this camera sends")
    if REFUSALS & section.attributes.keys():
        raise BadAnswer("the viewer does not want the video")
    video_type = _payload_type(section, NAMES[video])
    if video_type is None:
        raise BadAnswer(f"the viewer cannot play {SPOKEN[video]}, the only codec this camera sends")
    sound = by_mid.get(AUDIO_MID)
    data = by_mid.get(DATA_MID)
    return Answer(
        username=_credential(section, session, "ice-ufrag", shortest=4),
        password=_credential(section, session, "ice-pwd", shortest=22),
        fingerprints=_fingerprints(section, session),
        role=_role(section, session),
        video_type=video_type,
        audio_type=_audio_type(sound, audio),
        data=data is not None and data.port != "0",
        abs_send_time=_extension(section, ABS_SEND_TIME),
        candidates=tuple(section.attributes.get("candidate", ())[:MAX_CANDIDATES]),
    )


def _sections(sdp: str) -> tuple[_Section, dict[str, _Section]]:
    if len(sdp) > MAX_MESSAGE_BYTES:
        raise BadAnswer("the answer is too long")
    session = _Section("session", "", [])
    current = session
    sections: list[_Section] = []
    for line in sdp.splitlines()[:MAX_LINES]:
        kind, equals, value = line.partition("=")
        if not equals:
            continue
        if kind == "m":
            words = value.split()
            if len(words) < 4:
                raise BadAnswer("the answer has a malformed m= line")
            current = _Section(words[0], words[1], words[3:])
            sections.append(current)
        elif kind == "a":
            name, _, rest = value.partition(":")
            current.attributes.setdefault(name.lower(), []).append(rest.strip())
    return session, {mid: section for section in sections if (mid := section.first("mid")) is not None}


def _required(section: _Section, session: _Section, name: str) -> str:
    value = section.first(name) or session.first(name)
    if not value:
        raise BadAnswer(f"the answer has no a={name}")
    return value


def _credential(section: _Section, session: _Section, name: str, shortest: int) -> str:
    """RFC 8839 §5.4: 4 or 22 to 256 ice-chars."""
    value = _required(section, session, name)
    if not re.fullmatch(rf"[A-Za-z0-9+/]{{{shortest},256}}", value):
        raise BadAnswer(f"a={name} of the answer is malformed")
    return value


def _fingerprints(section: _Section, session: _Section) -> tuple[tuple[str, str], ...]:
    values = section.attributes.get("fingerprint") or session.attributes.get("fingerprint") or []
    pairs = [value.partition(" ") for value in values]
    known = tuple((name.lower(), digest.strip()) for name, _, digest in pairs if name.lower() in FINGERPRINTS)
    if not known:
        raise BadAnswer("the answer has no certificate fingerprint we know")
    return known


def _role(section: _Section, session: _Section) -> Literal["client", "server"]:
    """RFC 5763 §5: the answerer chooses; whoever is active is the DTLS client."""
    setup = _required(section, session, "setup")
    if setup not in ("active", "passive"):
        raise BadAnswer("a=setup of an answer must be active or passive")
    return "server" if setup == "active" else "client"


def _payload_type(section: _Section, name: str) -> int | None:
    named = dict(STATIC_TYPES)
    for value in section.attributes.get("rtpmap", ()):
        number, _, codec = value.partition(" ")
        named[number] = codec.strip().upper()
    for number in section.formats:
        if named.get(number) == name and number.isascii() and number.isdigit() and int(number) < 128:
            return int(number)
    return None


def _audio_type(section: _Section | None, audio: AudioCodec | None) -> int | None:
    if section is None or audio is None or section.port == "0":
        return None
    if REFUSALS & section.attributes.keys():
        return None
    return _payload_type(section, NAMES[audio])


def _extension(section: _Section, uri: str) -> int | None:
    for value in section.attributes.get("extmap", ()):
        number, _, name = value.partition(" ")
        number = number.partition("/")[0]
        if name.split(" ")[0] == uri and number.isascii() and number.isdigit() and 0 < int(number) < 15:
            return int(number)
    return None
