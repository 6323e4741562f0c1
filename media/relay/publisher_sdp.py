"""A camera's offer, read, and the relay's answer to it: receive only, passive, ICE-lite (RFC 8445 §5.2)."""

import re
from dataclasses import dataclass

from media.frames import AudioCodec, Codec, VideoCodec
from media.h264 import CONSTRAINED_BASELINE
from media.offer import Transport
from media.sdp import BadSdp, Section, credential, extension_id, fingerprints, payload_types, read_sections, required

CRLF = "\r\n"
VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
MAPPED = (VIDEO_ORIENTATION, PLAYOUT_DELAY)
"""Header extensions that travel on to the viewers; all others end here."""
SENDING = {"sendonly", "sendrecv"}
VIDEO_CODECS: tuple[Codec, ...] = ("h264", "vp8")
AUDIO_CODECS: tuple[Codec, ...] = ("opus", "pcmu", "pcma")
FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb")
PROFILE = re.compile("[0-9a-f]{6}")
MAX_SECTIONS = 8
"""An offer of ours has three."""
MAX_PROFILES = 2
"""H.264 profiles handed on to viewers: as many as our own offers have payload types for."""


class BadOffer(Exception):
    """The camera's offer cannot be used; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class PublisherOffer:
    """What a camera sends. Payload types are those the answer picks; `profiles`: H.264 profile-level-ids, best first.
    `extensions`: ids by URI, of those that are handed on. `video_at`, `audio_at`: places among the
    `sections`; audio that is not bundled with the video is left out."""

    username: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    video: VideoCodec
    video_at: int
    video_type: int
    profiles: tuple[str, ...]
    audio: AudioCodec | None
    audio_at: int | None
    audio_type: int | None
    extensions: dict[str, int]
    sections: tuple[Section, ...]


def read_offer(sdp: str) -> PublisherOffer:
    """Parse a camera's offer. Raises `BadOffer`."""
    try:
        return _read(sdp)
    except BadSdp as error:
        raise BadOffer(str(error)) from error


def write_answer(offer: PublisherOffer, transport: Transport, origin: int) -> str:
    """The answer: takes the offer's first codec of each kind, refuses what is not media."""
    places = (offer.video_at, offer.audio_at)
    accepted = [mid for at in places if at is not None and (mid := offer.sections[at].first("mid")) is not None]
    lines = [
        "v=0",
        f"o=- {origin} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(accepted)}",
        "a=ice-options:trickle",
    ]
    for at, section in enumerate(offer.sections):
        lines += _section(at, section, offer, transport)
    return CRLF.join(lines) + CRLF


def _read(sdp: str) -> PublisherOffer:
    session, sections = read_sections(sdp, "offer")
    if len(sections) > MAX_SECTIONS:
        raise BadOffer("the offer has too many sections")
    video, codec = _find(sections, "video", VIDEO_CODECS)
    if video is None or (codec != "h264" and codec != "vp8"):
        raise BadOffer("the camera offers neither H.264 nor VP8")
    sound, spoken = _find(sections, "audio", AUDIO_CODECS)
    audio: AudioCodec | None = None if spoken == "h264" or spoken == "vp8" else spoken
    if sound is not None and not _is_bundled(session, video, sound):
        sound, audio = None, None
    setup = required(video, session, "setup", "offer")
    if setup not in ("actpass", "active"):
        raise BadOffer("the camera must be able to begin DTLS: a=setup:actpass")
    video_types = _video_types(video, codec)
    return PublisherOffer(
        username=credential(video, session, "ice-ufrag", 4, "offer"),
        password=credential(video, session, "ice-pwd", 22, "offer"),
        fingerprints=fingerprints(video, session, "offer"),
        video=codec,
        video_at=sections.index(video),
        video_type=video_types[0],
        profiles=_profiles(video, video_types),
        audio=audio,
        audio_at=None if sound is None else sections.index(sound),
        audio_type=None if sound is None or audio is None else payload_types(sound, audio)[0],
        extensions={uri: number for uri in MAPPED if (number := extension_id(video, uri)) is not None},
        sections=tuple(sections),
    )


def _find(sections: list[Section], kind: str, codecs: tuple[Codec, ...]) -> tuple[Section | None, Codec | None]:
    """The first section of this kind that is sent, and its first codec that we carry."""
    for section in sections:
        if section.kind != kind or section.port == "0" or not _is_sent(section):
            continue
        found = [(number, codec) for codec in codecs for number in payload_types(section, codec)]
        for name in section.formats:
            for number, codec in found:
                if str(number) == name:
                    return section, codec
    return None, None


def _is_bundled(session: Section, *sections: Section) -> bool:
    """Whether they share one transport (RFC 9143); a leg of ours has no second one."""
    groups = [set(value.split()[1:]) for value in session.attributes.get("group", ()) if value.startswith("BUNDLE")]
    mids = {section.first("mid") for section in sections}
    return any(mids <= group for group in groups)


def _is_sent(section: Section) -> bool:
    """Without a direction a section is sendrecv (RFC 8866 §6.7)."""
    return bool(SENDING & section.attributes.keys()) or not {"recvonly", "inactive"} & section.attributes.keys()


def _parameters(section: Section, payload_type: int) -> dict[str, str]:
    for value in section.attributes.get("fmtp", ()):
        number, _, rest = value.partition(" ")
        if number == str(payload_type):
            pairs = (part.strip().partition("=") for part in rest.split(";"))
            return {name.lower(): text.lower() for name, _, text in pairs}
    return {}


def _video_types(section: Section, codec: VideoCodec) -> list[int]:
    """For H.264 those with packetization-mode 1, the only one whose packets fit any path (RFC 6184 §6)."""
    types = payload_types(section, codec)
    if codec != "h264":
        return types
    return [number for number in types if _parameters(section, number).get("packetization-mode") == "1"] or types


def _profiles(section: Section, types: list[int]) -> tuple[str, ...]:
    """The first two different profiles: what the camera sends, and what every viewer accepts."""
    found = [_parameters(section, number).get("profile-level-id", CONSTRAINED_BASELINE) for number in types]
    known = [profile for profile in found if PROFILE.fullmatch(profile)]
    return tuple(dict.fromkeys(known))[:MAX_PROFILES] or (CONSTRAINED_BASELINE,)


def _section(at: int, section: Section, offer: PublisherOffer, transport: Transport) -> list[str]:
    mid = section.first("mid")
    lines = [] if mid is None else [f"a=mid:{mid}"]
    if at == offer.video_at:
        return [*_accepted(section, transport, offer.video_type, FEEDBACK), *lines, *_extensions(offer)]
    if at == offer.audio_at and offer.audio_type is not None:
        return [*_accepted(section, transport, offer.audio_type, ("nack",)), *lines]
    protocol = "UDP/DTLS/SCTP" if section.kind == "application" else "UDP/TLS/RTP/SAVPF"
    return [f"m={section.kind} 0 {protocol} {section.formats[0]}", "c=IN IP4 0.0.0.0", *lines, "a=inactive"]


def _accepted(section: Section, transport: Transport, payload_type: int, feedback: tuple[str, ...]) -> list[str]:
    number = str(payload_type)
    described = [
        f"a={name}:{value}"
        for name in ("rtpmap", "fmtp")
        for value in section.attributes.get(name, ())
        if value.partition(" ")[0] == number
    ]
    return [
        f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {number}",
        "c=IN IP4 0.0.0.0",
        f"a=ice-ufrag:{transport.username}",
        f"a=ice-pwd:{transport.password}",
        f"a=fingerprint:sha-256 {transport.fingerprint}",
        "a=setup:passive",
        *(f"a=candidate:{candidate}" for candidate in transport.candidates),
        "a=end-of-candidates",
        "a=recvonly",
        "a=rtcp-mux",
        *described,
        *(f"a=rtcp-fb:{number} {name}" for name in feedback),
    ]


def _extensions(offer: PublisherOffer) -> list[str]:
    return [f"a=extmap:{number} {uri}" for uri, number in offer.extensions.items()]
