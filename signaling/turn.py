"""The `iceServers` of one party of one session: STUN, the configured servers, and TURN with a credential of its own.

The credential is coturn's REST scheme (draft-uberti-behave-turn-rest-00): the user name says until when it is good, the
password is its HMAC under a secret that coturn and this server share. coturn counts its quota per user name without
the time, so `ROLE:SESSION` in it makes the quota one of the session.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from signaling.protocol.messages import IceServer, Role
from signaling.protocol.options import words
from signaling.store.secret import BadSecret, write_private

LIFE_SECONDS = 600
"""How long a credential may make new allocations. Set-up takes seconds; who steals one has little of it."""
MAX_URLS = 6
"""UDP, TCP and TLS of two servers. A browser makes an allocation for each, on each of its networks."""
MAX_SECRETS = 2
"""The one that signs, and the one before it, while it is being replaced."""
MIN_SECRET = 32
"""Characters: 128 bits even where they are hexadecimal."""
SECRET_BYTES = 32

_URL = re.compile(
    r"(?P<scheme>turns?):(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?:\?transport=(?P<transport>udp|tcp))?"
)
"""RFC 7065 §3.1."""
_SECRET = re.compile(r"[A-Za-z0-9+/=_.-]+")
"""What stands in coturn's configuration as it is, without quotes."""


class TurnSettings(Protocol):
    """What of the server's settings concerns this file."""

    @property
    def ice_servers(self) -> tuple[IceServer, ...]: ...
    @property
    def turn_urls(self) -> tuple[str, ...]: ...
    @property
    def turn_secret(self) -> tuple[str, ...]: ...
    @property
    def turn_secret_file(self) -> str: ...


def parse_urls(text: str) -> tuple[str, ...]:
    """Comma list of TURN URLs, best first. Raises ValueError with what is wrong."""
    urls = words(text)
    if len(urls) > MAX_URLS:
        raise ValueError(f"at most {MAX_URLS} URLs")
    for url in urls:
        match = _URL.fullmatch(url)
        if match is None or not 0 < int(match["port"] or 3478) <= 65535:
            raise ValueError(f"{url!r} does not look like turn:turn.example.org:3478?transport=udp")
        if match["scheme"] == "turns" and match["transport"] == "udp":
            raise ValueError(f"{url!r}: TLS runs over TCP here, say ?transport=tcp")
    return urls


def parse_secrets(text: str) -> tuple[str, ...]:
    """One or two secrets, comma separated; the first signs. Raises ValueError, without the secret in its text."""
    found = words(text)
    if len(found) > MAX_SECRETS:
        raise ValueError(f"at most {MAX_SECRETS} secrets: the one that signs and the one before it")
    if not all(len(secret) >= MIN_SECRET and _SECRET.fullmatch(secret) for secret in found):
        raise ValueError(f"each secret needs at least {MIN_SECRET} characters: letters, digits and + / = _ . -")
    return found


def credential(secret: str, role: Role, whom: str, now: float) -> tuple[str, str]:
    """User name and password, good for new allocations until `LIFE_SECONDS` after `now` (Unix seconds).

    `whom`: a session's id or a camera's; nothing that names a person, because coturn logs it.
    """
    username = f"{int(now) + LIFE_SECONDS}:{role}:{whom}"
    digest = hmac.digest(secret.encode(), username.encode(), hashlib.sha1)
    return username, b64encode(digest).decode()


def ice_servers_for(
    settings: TurnSettings, own_stun: Sequence[str], clock: Callable[[], float]
) -> Callable[[Role, str, str], list[IceServer]]:
    """What the broker asks for each party: `(role, whom, session)`; `session` is empty when a camera registers.

    `own_stun`: URLs of the relay's own STUN; none on loopback. Raises `BadSecret`, OSError.
    """
    fixed = [IceServer(list(own_stun))] if own_stun else []
    fixed += settings.ice_servers
    urls = list(settings.turn_urls)
    signing = current_secrets(settings)[0] if urls else ""

    def servers(role: Role, whom: str, session: str) -> list[IceServer]:
        if not urls:
            return fixed
        username, password = credential(signing, role, session or whom, clock())
        return [*fixed, IceServer(urls, username, password)]

    return servers


def current_secrets(settings: TurnSettings) -> tuple[str, ...]:
    """From the settings, or from the file shared with coturn: whichever of the two starts first makes it.

    Raises `BadSecret`, OSError.
    """
    if settings.turn_secret:
        return settings.turn_secret
    path = Path(settings.turn_secret_file)
    if not path.exists():
        write_private(path, secrets.token_hex(SECRET_BYTES).encode(), replace=False)
    try:
        found = parse_secrets(",".join(path.read_text("ascii", "replace").split()))
    except ValueError as error:
        raise BadSecret(f"the TURN secret in {path} is no good: {error}") from None
    if not found:
        raise BadSecret(f"the file of the TURN secret, {path}, is empty; remove it to have a new one made")
    return found
