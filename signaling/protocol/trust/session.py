"""Sessions: camera and viewer show each other that nobody stands between them.

Three statements, each naming the digest of the one before: the viewer's *hello* with its nonce, the camera's *offer*
of the fingerprint of its DTLS certificate, the viewer's *answer* with its own. A session, a nonce or a fingerprint that
was changed on the way, or comes from an earlier session, does not fit. No clock is needed: the nonces are fresh.
"""

import re
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signaling.protocol.trust import statement
from signaling.protocol.trust.keyring import Keyring
from signaling.protocol.trust.statement import Key, Nonce, Said, Seconds, Untrue

HELLO = "belvedere-hello+jwt"
OFFER = "belvedere-offer+jwt"
ANSWER = "belvedere-answer+jwt"
_FINGERPRINT = re.compile(r"^a=fingerprint:(\S+)[ \t]+([0-9A-Fa-f:]+)[ \t]*\r?$", re.MULTILINE)
_ODD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]|\r(?!\n)")
"""Where only some readers see the end of a line (RFC 8866 §9 has CRLF and forgives LF), and others nothing."""
_SHA_256 = re.compile(r"^[0-9A-F]{2}(:[0-9A-F]{2}){31}$")


class Hello(msgspec.Struct, frozen=True, omit_defaults=True):
    """The viewer wants to see the camera of this key. `ring`: in the name of which keyring, as others could put the
    viewer's key on theirs. `exchange`: an X25519 key (RFC 7748) made for this session. `orders`: number of the newest
    that an owner has given or seen, so that the camera knows when some are withheld."""

    camera: Key
    ring: Key
    nonce: Nonce
    exchange: Key
    iat: Seconds
    orders: Annotated[int, msgspec.Meta(ge=-1, lt=2**53)] = -1


class Offer(msgspec.Struct, frozen=True):
    """`hello`: its digest. `fingerprint`: of the camera's certificate, as `fingerprint_of` writes it."""

    hello: Key
    session: str
    fingerprint: str
    nonce: Nonce
    iat: Seconds


class Answer(msgspec.Struct, frozen=True):
    """`offer`: its digest. `fingerprint`: of the viewer's certificate; `camera`: of the camera's, once more."""

    offer: Key
    session: str
    fingerprint: str
    camera: str
    iat: Seconds


def fingerprint_of(sdp: str) -> str:
    """The one fingerprint of a description (RFC 8122 §5): `sha-256` and 32 bytes in upper case.

    Raises `Untrue` where there is none, more than one, or one of another hash, and where one could be hidden.
    """
    if _ODD.search(sdp):
        raise Untrue("this description has lines that not every reader sees")
    found = {(name.lower(), value.upper()) for name, value in _FINGERPRINT.findall(sdp)}
    lines = len(re.findall(r"^a=fingerprint", sdp, re.MULTILINE | re.IGNORECASE))
    if len(found) != 1 or lines != len(_FINGERPRINT.findall(sdp)):
        raise Untrue("this description does not name exactly one certificate")
    name, value = found.pop()
    if name != "sha-256" or not _SHA_256.match(value):
        raise Untrue("this description names its certificate by another hash than SHA-256")
    return f"{name} {value}"


def check_hello(text: str, camera: Key, viewer: Keyring) -> Said[Hello]:
    """Whether somebody on this keyring said it, in its name, to this camera. Raises `Untrue`."""
    said = statement.read(text, HELLO, Hello)
    if said.what.camera != camera:
        raise Untrue("this hello is for another camera")
    if said.what.ring != viewer.name:
        raise Untrue("this hello was said in the name of another keyring")
    if said.by not in viewer.keys:
        raise Untrue("whoever said this hello does not belong to the keyring")
    return said


def offer(key: Ed25519PrivateKey, hello: Said[Hello], session: str, sdp: str, nonce: Nonce, now: int) -> str:
    """What the camera says of its offer. Raises `Untrue` where the hello is for another camera."""
    if hello.what.camera != statement.name_of(key):
        raise Untrue("this hello is for another camera")
    return statement.sign(key, OFFER, Offer(hello.digest, session, fingerprint_of(sdp), nonce, now))


def answer(key: Ed25519PrivateKey, offered: Said[Offer], sdp: str, now: int) -> str:
    """What the viewer says of its answer."""
    said = offered.what
    return statement.sign(key, ANSWER, Answer(offered.digest, said.session, fingerprint_of(sdp), said.fingerprint, now))


def check_offer(text: str, hello: str, camera: Key, session: str, sdp: str) -> Said[Offer]:
    """Whether this camera made this offer, for this hello and session. Raises `Untrue`."""
    said = statement.read(text, OFFER, Offer)
    if said.by != camera:
        raise Untrue("this offer was made by another camera")
    if said.what.hello != statement.digest(hello):
        raise Untrue("this offer was made for somebody else")
    if said.what.session != session:
        raise Untrue("this offer was made for another session")
    if said.what.fingerprint != fingerprint_of(sdp):
        raise Untrue("somebody has changed this offer")
    return said


def check_answer(text: str, offered: Said[Offer], viewer: Key, sdp: str) -> Said[Answer]:
    """Whether this viewer gave this answer to this offer of ours. Raises `Untrue`."""
    said, ours = statement.read(text, ANSWER, Answer), offered.what
    if said.by != viewer:
        raise Untrue("this answer was given by another viewer")
    if said.what.offer != offered.digest:
        raise Untrue("this answer was given to another offer")
    if (said.what.session, said.what.camera) != (ours.session, ours.fingerprint):
        raise Untrue("this answer is about another session")
    if said.what.fingerprint != fingerprint_of(sdp):
        raise Untrue("somebody has changed this answer")
    return said
