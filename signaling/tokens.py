"""What proves who is calling: the account's JWT, the device's JWT. Plain functions, time is an argument."""

from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from signaling.protocol.identity import CLOCK_LEEWAY_SECONDS, DEVICE_TOKEN_SECONDS, DEVICE_TOKEN_TYPE, decode_bytes
from signaling.protocol.jws import is_plain

ACCOUNT_JWT_TYPE = "belvedere-account+jwt"
"""The `typ` header."""
COOKIE = "belvedere_session"
"""Where a browser keeps it."""
DEVICE_COOKIE = "belvedere_device"
"""What a browser is known by when it comes back (`signaling.devices`)."""
HOST_PREFIX = "__Host-"
"""Browsers take a cookie so named from this host alone and by TLS: no other host plants one (RFC 6265bis §4.1.3)."""
LOGIN_SECONDS = 24 * 3600
MAX_TOKEN_LENGTH = 2048
MAX_JTI_LENGTH = 64

_UNTIMED: Any = {
    "verify_exp": False,  # checked below, against the time we are given
    "verify_iat": False,
    "verify_nbf": False,
    "require": ["exp", "iat", "iss", "aud", "jti"],
}


class BadToken(Exception):
    """Not one of ours, or no longer; the text is for the log, never for the caller."""


@dataclass(frozen=True, slots=True)
class DeviceClaims:
    """Who says so, and the id that makes the token good for once. `keep_seconds`: how long that id must be kept."""

    camera_id: str
    jti: str
    keep_seconds: float


def cookie_name(name: str, origin: str) -> str:
    """What `COOKIE` or `DEVICE_COOKIE` is called at this origin. Plain HTTP, on this machine, has no such prefix."""
    return (HOST_PREFIX if origin.startswith("https:") else "") + name


def sign_account_token(key: str, *, origin: str, account_id: str, login_id: str, jti: str, now: float) -> str:
    """The JWT of a login: HS256, 24 hours."""
    claims = {
        "iss": origin,
        "aud": origin,
        "sub": account_id,
        "sid": login_id,
        "jti": jti,
        "iat": int(now),
        "exp": int(now) + LOGIN_SECONDS,
    }
    return jwt.encode(claims, key, algorithm="HS256", headers={"typ": ACCOUNT_JWT_TYPE})


def read_account_token(key: str, token: str, *, origin: str, now: float) -> str:
    """The login's id. Raises `BadToken`."""
    claims = _checked(token, key, "HS256", ACCOUNT_JWT_TYPE, origin)
    login_id = claims.get("sid")
    if claims["iss"] != origin or not isinstance(login_id, str) or not _number(claims, "exp") > now:
        raise BadToken("wrong issuer, no login, or too old")
    return login_id


def is_jwt(token: str) -> bool:
    return token.count(".") == 2 and len(token) <= MAX_TOKEN_LENGTH


def device_named_in(token: str) -> str | None:
    """The camera id that a device token claims, not yet believed; None where it is no device token."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    named = header.get("kid")
    return named if header.get("typ") == DEVICE_TOKEN_TYPE and isinstance(named, str) else None


def read_device_token(public_key: str, token: str, *, camera_id: str, origin: str, now: float) -> DeviceClaims:
    """Check a device's own token against its key (base64url). Raises `BadToken`."""
    try:
        key = Ed25519PublicKey.from_public_bytes(decode_bytes(public_key))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadToken("unusable key") from error
    claims = _checked(token, key, "EdDSA", DEVICE_TOKEN_TYPE, origin)
    issued, ends, jti = _number(claims, "iat"), _number(claims, "exp"), claims["jti"]
    if claims["iss"] != camera_id or not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_LENGTH:
        raise BadToken("wrong issuer or id")
    if not 0 < ends - issued <= DEVICE_TOKEN_SECONDS:
        raise BadToken("lives too long")
    if not issued - CLOCK_LEEWAY_SECONDS <= now < ends + CLOCK_LEEWAY_SECONDS:
        raise BadToken("not valid now: is the camera's clock right?")
    return DeviceClaims(camera_id, jti, ends + CLOCK_LEEWAY_SECONDS - now)


def _checked(token: str, key: Any, algorithm: str, kind: str, origin: str) -> dict[str, Any]:
    if len(token) > MAX_TOKEN_LENGTH or not is_plain(token):
        raise BadToken("not written as we write tokens")
    try:
        decoded = jwt.decode_complete(token, key, algorithms=[algorithm], audience=origin, options=_UNTIMED)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise BadToken(type(error).__name__) from error
    if decoded["header"].get("typ") != kind or not isinstance(decoded["payload"].get("aud"), str):
        raise BadToken("another kind of token")
    claims: dict[str, Any] = decoded["payload"]
    return claims


def _number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadToken(f"{name} is no number")
    return float(value)
