"""Reading SDP (RFC 8866): sections, ICE credentials (RFC 8839), fingerprints (RFC 8122), codecs. Whatever is wrong
becomes a `BadSdp` with one clear sentence."""

import re
from dataclasses import dataclass, field

from media.frames import Codec
from signaling.protocol.messages import MAX_MESSAGE_BYTES

MAX_LINES = 2000
FINGERPRINTS = ("sha-256", "sha-384", "sha-512")
NAMES: dict[Codec, str] = {
    "h264": "H264/90000",
    "vp8": "VP8/90000",
    "opus": "OPUS/48000/2",
    "pcmu": "PCMU/8000",
    "pcma": "PCMA/8000",
}
STATIC_TYPES = {"0": "PCMU/8000", "8": "PCMA/8000"}


class BadSdp(Exception):
    """A description that cannot be used; the text says why, for people."""


@dataclass(slots=True)
class Section:
    """One m= section, or the session's part. `attributes`: the values of each a= line, by lower-case name."""

    kind: str
    port: str
    formats: list[str]
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str | None:
        """The first value of an attribute; an empty string for one without value."""
        values = self.attributes.get(name)
        return values[0] if values else None


def read_sections(sdp: str, what: str) -> tuple[Section, list[Section]]:
    """The session's part and the sections in order. `what`: "offer" or "answer", for the sentences."""
    if len(sdp) > MAX_MESSAGE_BYTES:
        raise BadSdp(f"the {what} is too long")
    session = Section("session", "", [])
    current = session
    sections: list[Section] = []
    # RFC 8866 §5. Other signs end no line: what was signed of a description is read by the same lines.
    for line in sdp.split("\n", MAX_LINES)[:MAX_LINES]:
        kind, equals, value = line.removesuffix("\r").partition("=")
        if not equals:
            continue
        if kind == "m":
            words = value.split()
            if len(words) < 4:
                raise BadSdp(f"the {what} has a malformed m= line")
            current = Section(words[0], words[1], words[3:])
            sections.append(current)
        elif kind == "a":
            name, _, rest = value.partition(":")
            current.attributes.setdefault(name.lower(), []).append(rest.strip())
    return session, sections


def required(section: Section, session: Section, name: str, what: str) -> str:
    """An attribute of the section, or else of the session."""
    value = section.first(name) or session.first(name)
    if not value:
        raise BadSdp(f"the {what} has no a={name}")
    return value


def credential(section: Section, session: Section, name: str, shortest: int, what: str) -> str:
    """RFC 8839 §5.4: 4 or 22 to 256 ice-chars."""
    value = required(section, session, name, what)
    if not re.fullmatch(rf"[A-Za-z0-9+/]{{{shortest},256}}", value):
        raise BadSdp(f"a={name} of the {what} is malformed")
    return value


def fingerprints(section: Section, session: Section, what: str) -> tuple[tuple[str, str], ...]:
    """(algorithm, digest) of each certificate fingerprint with an algorithm we know."""
    values = section.attributes.get("fingerprint") or session.attributes.get("fingerprint") or []
    pairs = [value.partition(" ") for value in values]
    known = tuple((name.lower(), digest.strip()) for name, _, digest in pairs if name.lower() in FINGERPRINTS)
    if not known:
        raise BadSdp(f"the {what} has no certificate fingerprint we know")
    return known


def payload_types(section: Section, codec: Codec) -> list[int]:
    """The payload types of a codec, in the section's order."""
    named = dict(STATIC_TYPES)
    for value in section.attributes.get("rtpmap", ()):
        number, _, name = value.partition(" ")
        named[number] = name.strip().upper()
    return [
        int(number)
        for number in section.formats
        if named.get(number) == NAMES[codec] and number.isascii() and number.isdigit() and int(number) < 128
    ]


def extension_id(section: Section, uri: str) -> int | None:
    """The id of an RTP header extension that fits a one-byte header (RFC 8285 §4.2)."""
    for value in section.attributes.get("extmap", ()):
        number, _, name = value.partition(" ")
        number = number.partition("/")[0]
        if name.split(" ")[0] == uri and number.isascii() and number.isdigit() and 0 < int(number) < 15:
            return int(number)
    return None
