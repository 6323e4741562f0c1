"""Envelopes: how a viewer of the relay gets the key of a camera's frames, and nobody else does.

The viewer's hello brings an X25519 key (RFC 7748) made for this session, signed with it. The camera answers with one of
its own and the sender key of this epoch, encrypted under what both make of the two (HKDF, AES-GCM), all of it signed.
"""

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from signaling.protocol.identity import decode_bytes, encode_bytes
from signaling.protocol.trust import statement
from signaling.protocol.trust.session import Hello
from signaling.protocol.trust.statement import Count, Key, Said, Seconds, Untrue

KIND = "belvedere-key+jwt"
INFO = b"belvedere-key-1"
SENDER_KEY_BYTES = 32
NONCE = bytes(12)
"""Each key made here encrypts one text (NIST SP 800-38D §8.2.1 wants no more than that they differ)."""


class Envelope(msgspec.Struct, frozen=True):
    """`hello`: digest of the one it answers. `epoch`: the number by which frames name this key (SFrame's KID).
    `counter`: of the camera's next frame; older ones than a group before it are replays."""

    hello: Key
    exchange: Key
    epoch: Count
    counter: Count
    sealed: str
    iat: Seconds


class SenderKey(msgspec.Struct, frozen=True):
    """Of one camera and epoch."""

    epoch: int
    secret: bytes


def seal(
    camera: Ed25519PrivateKey, hello: Said[Hello], exchange: X25519PrivateKey, key: SenderKey, counter: int, now: int
) -> str:
    """The sender key for whoever said this hello. `exchange` is made for this envelope. Raises `Untrue`."""
    own = exchange.public_key().public_bytes_raw()
    wrapping = _wrapping(exchange, _public(hello.what.exchange), hello.digest)
    sealed = encode_bytes(AESGCM(wrapping).encrypt(NONCE, key.secret, None))
    return statement.sign(camera, KIND, Envelope(hello.digest, encode_bytes(own), key.epoch, counter, sealed, now))


def open_(text: str, camera: Key, hello: str, exchange: X25519PrivateKey) -> tuple[SenderKey, int]:
    """The sender key and the counter. Raises `Untrue` unless this camera answered this hello."""
    said = statement.read(text, KIND, Envelope)
    if said.by != camera:
        raise Untrue("this key was sent by another camera")
    if said.what.hello != statement.digest(hello):
        raise Untrue("this key was sent to somebody else")
    wrapping = _wrapping(exchange, _public(said.what.exchange), said.what.hello)
    try:
        secret = AESGCM(wrapping).decrypt(NONCE, decode_bytes(said.what.sealed), None)
    except (InvalidTag, ValueError) as error:
        raise Untrue("this key cannot be opened") from error
    if len(secret) != SENDER_KEY_BYTES:
        raise Untrue("this is no sender key")
    return SenderKey(said.what.epoch, secret), said.what.counter


def _wrapping(own: X25519PrivateKey, theirs: X25519PublicKey, hello: Key) -> bytes:
    try:
        shared = own.exchange(theirs)
    except ValueError as error:
        raise Untrue("this exchange key makes no secret") from error
    return HKDF(hashes.SHA256(), 32, decode_bytes(hello), INFO).derive(shared)


def _public(text: Key) -> X25519PublicKey:
    try:
        return X25519PublicKey.from_public_bytes(decode_bytes(text))
    except ValueError as error:
        raise Untrue("this is no exchange key") from error
