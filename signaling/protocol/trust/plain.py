"""Plain: a camera tells one viewer that its pictures go unsealed over the relay, as its owner's orders allow.

It stands in place of an envelope, and for one hello only, so that nobody can make sealed pictures plain by an old one.
A viewer that has opened an envelope for a hello takes no such word for it any more.
"""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signaling.protocol.trust import statement
from signaling.protocol.trust.session import Hello
from signaling.protocol.trust.statement import Key, Said, Seconds, Untrue

KIND = "belvedere-plain+jwt"


class Plain(msgspec.Struct, frozen=True):
    """`hello`: digest of the one it answers."""

    hello: Key
    iat: Seconds


def plain(camera: Ed25519PrivateKey, hello: Said[Hello], now: int) -> str:
    """For whoever said this hello. Raises `Untrue` where it is for another camera."""
    if hello.what.camera != statement.name_of(camera):
        raise Untrue("this hello is for another camera")
    return statement.sign(camera, KIND, Plain(hello.digest, now))


def check_plain(text: str, camera: Key, hello: str) -> None:
    """Raises `Untrue` unless this camera said it to this hello."""
    said = statement.read(text, KIND, Plain)
    if said.by != camera:
        raise Untrue("another camera said that it goes unsealed")
    if said.what.hello != statement.digest(hello):
        raise Untrue("that it goes unsealed was said to somebody else")
