"""Statements: short texts that a key has signed and that anybody can check without the server.

A statement is a JWS in compact form (RFC 7515) under Ed25519 (RFC 8037). Its header names what kind of statement it is
(`typ`) and the key that signed it (`kid`: 32 raw bytes, base64url); whether that key may say such a thing is for the
reader to decide. A key never comes from anywhere else in a statement.
"""

import hashlib
import json
from typing import Annotated, Any, Generic, TypeVar

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from signaling.protocol.identity import PUBLIC_KEY_BYTES, decode_bytes, encode_bytes
from signaling.protocol.jws import is_plain

ALGORITHM = "EdDSA"
MAX_STATEMENT_CHARS = 4096
"""The longest, a full keyring, has under 1,500."""

KEY_PATTERN = "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
"""32 bytes in base64url, in the one spelling that an encoder makes: the last sign stands for four bits."""
NONCE_PATTERN = "[A-Za-z0-9_-]{21}[AQgw]"
"""16 bytes likewise: the last sign stands for two bits."""
Key = Annotated[str, msgspec.Meta(pattern=rf"^{KEY_PATTERN}\Z")]
"""A public key, or a hash."""
Nonce = Annotated[str, msgspec.Meta(pattern=rf"^{NONCE_PATTERN}\Z")]
"""16 random bytes."""
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
"""Whole numbers that every reader of JSON reads alike (RFC 8259 §6)."""
Seconds = Count
"""Unix time."""
T = TypeVar("T", bound=msgspec.Struct)


class Untrue(ValueError):
    """What was said is not so: not signed, signed by another, about another, out of its time. Words for people."""


class Said(msgspec.Struct, Generic[T], frozen=True):
    """A statement whose signature is good. `by`: the key that signed it. `digest`: SHA-256 of its text, base64url."""

    by: Key
    what: T
    digest: Key


def sign(key: Ed25519PrivateKey, kind: str, what: msgspec.Struct) -> str:
    """The statement as text."""
    return jwt.encode(msgspec.to_builtins(what), key, algorithm=ALGORITHM, headers={"typ": kind, "kid": name_of(key)})


def read(text: str, kind: str, form: type[T]) -> Said[T]:
    """Raises `Untrue` unless it is a statement of this kind and form, signed by the key that it names."""
    if len(text) > MAX_STATEMENT_CHARS or not is_plain(text):
        raise Untrue("this is no statement")
    header = _header(text)
    if header.get("typ") != kind or header.get("alg") != ALGORITHM:
        raise Untrue(f"this is no {kind}")
    by = str(header.get("kid"))
    payload = _verified(text, by)
    try:
        return Said(by, msgspec.convert(payload, form), digest(text))
    except msgspec.ValidationError as error:
        raise Untrue(f"this {kind} says something else: {error}") from None


def name_of(key: Ed25519PrivateKey) -> Key:
    """How the key is called: its public half."""
    return encode_bytes(key.public_key().public_bytes_raw())


def digest(text: str) -> Key:
    """By which another statement refers to this one."""
    return encode_bytes(hashlib.sha256(text.encode()).digest())


def _header(text: str) -> dict[str, Any]:
    try:
        return jwt.get_unverified_header(text)
    except jwt.InvalidTokenError as error:
        raise Untrue("the header of this statement cannot be read") from error


def _verified(text: str, by: str) -> dict[str, Any]:
    """As a JWS, for whoever reads JWTs has opinions on claims that nobody asks for here (RFC 7519 §4.1)."""
    try:
        raw = decode_bytes(by)
        if len(raw) != PUBLIC_KEY_BYTES:
            raise Untrue("this statement names no key")
        key = Ed25519PublicKey.from_public_bytes(raw)
        said: dict[str, Any] = json.loads(jwt.PyJWS().decode(text, key, algorithms=[ALGORITHM]))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Untrue("the signature of this statement is not good") from error
    return said
