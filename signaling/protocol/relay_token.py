"""How a relay proves who it is: a JWT that it signs for each connection with the secret it shares with the server.

HS256 (RFC 7515), in `Authorization: Relay TOKEN`. The relay signs, the server reads; nobody keeps it.
"""

import re
from dataclasses import dataclass
from typing import Any

import jwt

from signaling.protocol.jws import is_plain

SCHEME = "Relay"
"""Of the `Authorization` header."""
PREFIX = "relay:"
"""A relay's key among the parties is this and its name; no camera or account has an id with a colon."""
RELAY_TOKEN_TYPE = "belvedere-relay+jwt"  # noqa: S105 - the `typ` header, not a secret
RELAY_TOKEN_SECONDS = 60
"""Life of a token: long enough for a slow handshake, useless afterwards."""
CLOCK_LEEWAY_SECONDS = 30
MIN_SECRET_BYTES = 32
"""RFC 7518 §3.2."""
MAX_TOKEN_CHARS = 1024
"""Ours have under 400."""
MAX_JTI_CHARS = 64
ALGORITHM = "HS256"

_NAME = re.compile(r"[a-z0-9-]{1,32}")
_UNTIMED: Any = {
    "verify_exp": False,  # checked below, against the time we are given
    "verify_iat": False,
    "verify_nbf": False,
    "require": ["exp", "iat", "iss", "aud", "jti"],
}


@dataclass(frozen=True, slots=True)
class RelayClaims:
    """Who says so, and the id that makes the token good for once. `keep_seconds`: how long that id must be kept."""

    name: str
    jti: str
    keep_seconds: float


def is_name(text: str) -> bool:
    """Whether a relay may be called this: up to 32 of a-z, 0-9 and the hyphen."""
    return _NAME.fullmatch(text) is not None


def key_of(name: str) -> str:
    """Under what the server knows the relay of this name."""
    return PREFIX + name


def is_relay(key: str) -> bool:
    """Whether a key among the parties is a relay's."""
    return key.startswith(PREFIX)


def sign(secret: bytes, *, name: str, origin: str, jti: str, now: float) -> str:
    """A token for one connection to the server at `origin`. Raises ValueError on a bad name or a short secret."""
    if not is_name(name):
        raise ValueError("a relay's name has up to 32 of a-z, 0-9 and -")
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(f"the relay secret has at least {MIN_SECRET_BYTES} bytes")
    claims = {"iss": name, "aud": origin, "iat": int(now), "exp": int(now) + RELAY_TOKEN_SECONDS, "jti": jti}
    return jwt.encode(claims, secret, algorithm=ALGORITHM, headers={"typ": RELAY_TOKEN_TYPE})


def read(secret: bytes, token: str, *, origin: str, now: float) -> RelayClaims | None:
    """Who signed it; None where nobody did who knows the secret, or too long ago. Good once: see to its `jti`."""
    if len(token) > MAX_TOKEN_CHARS or len(secret) < MIN_SECRET_BYTES or not is_plain(token):
        return None
    try:
        decoded = jwt.decode_complete(token, secret, algorithms=[ALGORITHM], audience=origin, options=_UNTIMED)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
    if decoded["header"].get("typ") != RELAY_TOKEN_TYPE:
        return None
    return _as_claims(decoded["payload"], now)


def _as_claims(payload: dict[str, Any], now: float) -> RelayClaims | None:
    name, jti, issued, ends = payload["iss"], payload["jti"], payload["iat"], payload["exp"]
    if not isinstance(payload["aud"], str) or not isinstance(name, str) or not is_name(name):
        return None
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_CHARS:
        return None
    if type(issued) is not int or type(ends) is not int or not 0 < ends - issued <= RELAY_TOKEN_SECONDS:
        return None
    if not issued - CLOCK_LEEWAY_SECONDS <= now < ends + CLOCK_LEEWAY_SECONDS:
        return None
    return RelayClaims(name, jti, ends + CLOCK_LEEWAY_SECONDS - now)
