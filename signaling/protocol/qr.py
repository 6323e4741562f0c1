"""What the QR code says: compact form, long form and `WIFI:` URIs, written and read (DESIGN §6.2)."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

MAX_SSID_BYTES = 32
"""IEEE 802.11 §9.4.2.2: bytes, not characters."""
MAX_PASSPHRASE_BYTES = 63
"""IEEE 802.11 annex J: 8 to 63 characters; 64 hex digits are a raw key."""
MAX_TOKEN = 128
"""Ours has 22 characters (128 bits in base64url)."""
MAX_TEXT_BYTES = 1024
"""More than a version 10 QR code can hold; anything longer is not ours."""

_LONG_KEYS = ("wifi_name", "wifi_password", "server_address", "secret_token", "your_user_id")


class BadPayload(ValueError):
    """The text is no onboarding code; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class OnboardingCode:
    """Wi-Fi, server and one-time token.

    `server_url` is an origin (scheme, host, port); `pin` is what `identity.server_pin` makes.
    """

    server_url: str
    token: str
    ssid: str = ""
    password: str = ""
    hidden: bool = False
    pin: str | None = None
    encryption: str | None = None
    pairing_secret: str | None = None
    user_id: str | None = None


def to_compact(code: OnboardingCode) -> str:
    """The default form: short keys, no spaces, so that few modules are needed (FACTS §5)."""
    payload: dict[str, Any] = {
        "v": 1,
        "s": code.ssid,
        "p": code.password,
        "u": code.server_url,
        "t": code.token,
    }
    if code.hidden:
        payload["h"] = 1
    optional = {"k": code.pin, "e": code.encryption, "x": code.pairing_secret}
    payload.update({key: value for key, value in optional.items() if value is not None})
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def to_long(code: OnboardingCode) -> str:
    """The form that plain firmware expects. It has no place for a hidden network, a pin or a pairing secret."""
    values = (code.ssid, code.password, code.server_url, code.token, code.user_id or "")
    return json.dumps(dict(zip(_LONG_KEYS, values, strict=True)), ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> OnboardingCode:
    """Read any of the forms. Raises `BadPayload`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise BadPayload("this code is too long to be an onboarding code")
    fields = _wifi_fields(text) if text.upper().startswith("WIFI:") else _json_fields(text)
    if any(isinstance(value, str) and not _is_unicode(value) for value in fields.values()):
        raise BadPayload("this code holds characters that are none")
    code = OnboardingCode(**fields)
    _check(code)
    return code


def _json_fields(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadPayload("this code is not an onboarding code") from None
    if not isinstance(data, dict):
        raise BadPayload("this code is not an onboarding code")
    if "secret_token" in data:
        ssid, password, url, token, user = (_text(data, key) for key in _LONG_KEYS)
        return {
            "ssid": ssid,
            "password": password,
            "server_url": url,
            "token": token,
            "user_id": user or None,
        }
    if data.get("v") != 1:
        raise BadPayload("this code was made by another version of Belvedere, or by something else")
    return _compact_fields(data)


def _compact_fields(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "ssid": _text(data, "s"),
        "password": _text(data, "p"),
        "server_url": _text(data, "u"),
        "token": _text(data, "t"),
        "hidden": data.get("h") in (1, True),
        "pin": _text(data, "k") or None,
        "encryption": _text(data, "e") or None,
        "pairing_secret": _text(data, "x") or None,
    }


def _is_unicode(value: str) -> bool:
    """JSON can spell half of a surrogate pair (RFC 8259 §8.2), which no encoding can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise BadPayload(f"the field {key} of this code is not text")
    return value


def _wifi_fields(text: str) -> dict[str, Any]:
    """`WIFI:S:ssid;P:password;H:true;U:server;K:token;I:pin;X:secret;;`, backslash escapes; U, K, I, X are ours."""
    fields: dict[str, str] = {}
    key, value, escaped = "", "", False
    in_value = False
    for character in text[5:]:
        if escaped:
            value, escaped = value + character, False
        elif in_value and character == "\\":
            escaped = True
        elif in_value and character == ";":
            fields[key.upper()], key, value, in_value = value, "", "", False
        elif not in_value and character == ":":
            in_value = True
        elif in_value:
            value += character
        elif character != ";":
            key += character
    return {
        "ssid": fields.get("S", ""),
        "password": fields.get("P", ""),
        "server_url": fields.get("U", ""),
        "token": fields.get("K", ""),
        "hidden": fields.get("H", "").lower() == "true",
        "pin": fields.get("I") or None,
        "pairing_secret": fields.get("X") or None,
    }


def _check(code: OnboardingCode) -> None:
    if not code.token or not code.server_url:
        raise BadPayload("this code has Wi-Fi details but no server or token, so the camera cannot be paired with it")
    if len(code.token) > MAX_TOKEN or not code.token.isascii() or not code.token.isprintable() or " " in code.token:
        raise BadPayload("the token in this code is damaged")
    check_server_url(code.server_url)
    check_wifi(code.ssid, code.password, encrypted=code.encryption is not None)


def check_server_url(url: str) -> None:
    """An http or https origin, no path, query or credentials. Raises `BadPayload`."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and _can_be_asked_for(parts.hostname or "") and parts.port != 0
        valid = valid and url.isprintable() and " " not in url
    except ValueError:
        valid = False
    else:
        valid = valid and parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
    if not valid:
        raise BadPayload("the server address in this code is not a web address")


def check_wifi(ssid: str, password: str, *, encrypted: bool = False) -> None:
    """Length limits of IEEE 802.11. An empty password means an open network. Raises `BadPayload`."""
    if len(ssid.encode()) > MAX_SSID_BYTES:
        raise BadPayload(f"a Wi-Fi name has at most {MAX_SSID_BYTES} bytes")
    length = len(password.encode())
    raw_key = length == MAX_PASSPHRASE_BYTES + 1 and all(c in "0123456789abcdefABCDEF" for c in password)
    if password and not encrypted and not raw_key and not 8 <= length <= MAX_PASSPHRASE_BYTES:
        raise BadPayload(f"a Wi-Fi password has 8 to {MAX_PASSPHRASE_BYTES} characters")


def _can_be_asked_for(host: str) -> bool:
    """Whether a host can have this name: looking up one that nobody can have is no `OSError` in Python."""
    try:
        return bool(host.encode("idna"))
    except UnicodeError:
        return False
