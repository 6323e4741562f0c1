"""What a token of ours looks like, before anybody believes it (RFC 7515 §3.1, §7.1).

Three parts in base64url as its encoder writes it, and a header without what we never send. A library that ignores
what it does not know would let one token be written in many ways, or hear of a key from the token itself.
"""

import json
from typing import Any, NoReturn

from signaling.protocol.identity import decode_bytes

HEADERS = frozenset({"alg", "kid", "typ"})
"""All that ours have: no key of their own (`jwk`, `jku`, `x5u`, `x5c`), no `crit`, no `b64`."""


def is_plain(token: str) -> bool:
    """Whether it is written as we write tokens. Says nothing about its signature."""
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        return False
    try:
        header, payload, _ = (decode_bytes(part) for part in parts)
        return _members(header).keys() <= HEADERS and bool(_members(payload))
    except (ValueError, RecursionError):
        return False


def _members(text: bytes) -> dict[str, Any]:
    """Raises ValueError where it is no JSON object by the letter."""
    if not text.startswith(b"{"):
        raise ValueError("no object")
    found: dict[str, Any] = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two members of one name, one reader takes the first and another the last (RFC 7519 §4)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands there twice")
    return members


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
