"""Session tickets: what lets a session go on after a reconnect, or after a restart of the server.

The server signs them and alone reads them (HS256, RFC 7515); to the two parties they are opaque. A ticket grants
nothing by itself: whoever shows one has registered as the party that it names, and the login behind it must be alive.
"""

from typing import Any

import jwt
import msgspec

from signaling.protocol.jws import is_plain

TICKET_TYPE = "belvedere-session+jwt"
MAX_TICKET_CHARS = 1024
"""Ours have under 400."""
MAX_SESSION_CHARS = 64
"""Of a session's id; ours have 16."""
ALGORITHM = "HS256"


class Ticket(msgspec.Struct, frozen=True, omit_defaults=True):
    """`exp`: the end of the lease, Unix seconds. `login`: the login session under which the viewer watches.

    `relay`: the key of the relay that shows the camera; empty where the camera itself does. `began`: when the session
    was made, Unix seconds; 0 in tickets of earlier versions.
    """

    session: str
    camera: str
    user: str
    login: str
    exp: int
    relay: str = ""
    began: int = 0

    @property
    def device(self) -> str:
        """The key of the party that serves this session."""
        return self.relay or self.camera


def sign(key: bytes, ticket: Ticket) -> str:
    """The ticket as text. `key` has at least 32 bytes (RFC 7518 §3.2)."""
    return jwt.encode(msgspec.to_builtins(ticket), key, algorithm=ALGORITHM, headers={"typ": TICKET_TYPE})


def read(key: bytes, text: str, now: float) -> Ticket | None:
    """The ticket, or None if it is not ours or its lease has ended."""
    if len(text) > MAX_TICKET_CHARS or not is_plain(text):
        return None
    try:
        # `now` is an argument, so the library must not look at its own clock.
        decoded = jwt.decode_complete(
            text, key, algorithms=[ALGORITHM], options={"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        )
    except (jwt.InvalidTokenError, ValueError):
        return None
    if decoded["header"].get("typ") != TICKET_TYPE:
        return None
    return _as_ticket(decoded["payload"], now)


def named(text: str) -> str | None:
    """The session that a ticket speaks of, whether it is good or not; None where it names none."""
    if len(text) > MAX_TICKET_CHARS:
        return None
    try:
        payload = jwt.decode(text, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError):
        return None
    session = payload.get("session")
    return session if isinstance(session, str) and 0 < len(session) <= MAX_SESSION_CHARS else None


def _as_ticket(payload: dict[str, Any], now: float) -> Ticket | None:
    try:
        ticket = msgspec.convert(payload, Ticket)
    except msgspec.ValidationError:
        return None
    return ticket if ticket.exp > now else None
