"""Installations: how a browser is let in by one that already belongs, without having to believe the server.

One of the two shows a code of 80 random bits, which a person carries to the other, or a camera reads. The new one
sends a MAC (RFC 2104) over its key, the old one one over the keyring that has this key now. A server that swaps either
would have to guess the code within the minutes for which a request is open.
"""

import hashlib
import re

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from signaling.protocol.trust.proof import proof
from signaling.protocol.trust.statement import Key, Untrue

CODE_BYTES = 10
SECRET_BYTES = 16
KEY_BYTES = 32
LABEL = b"belvedere-installation-1"
NEW_CONTEXT = "belvedere-installation-new-1"
WELCOME_CONTEXT = "belvedere-installation-welcome-1"
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""
_TAKEN_FOR = str.maketrans("OIL", "011", " -")
_CODE = re.compile(rf"[{SIGNS}]{{16}}")


def write_code(bits: bytes) -> str:
    """Four groups of four signs. Raises ValueError where these are not ten bytes."""
    if len(bits) != CODE_BYTES:
        raise ValueError(f"a code has {CODE_BYTES} bytes")
    number = int.from_bytes(bits, "big")
    signs = "".join(SIGNS[number >> shift & 31] for shift in range(75, -1, -5))
    return "-".join(signs[at : at + 4] for at in range(0, 16, 4))


def code_secret(code: str) -> bytes:
    """The secret that both make of a code, however it was typed: 16 bytes. Raises `Untrue` where it is none."""
    canonical = code.upper().translate(_TAKEN_FOR) if code.isascii() else ""
    if not _CODE.fullmatch(canonical):
        raise Untrue("this is no code of an installation")
    return hashlib.sha256(LABEL + b"\0" + canonical.encode()).digest()[:SECRET_BYTES]


def installation_proof(secret: bytes, key: Key) -> str:
    """From the new one: this is my key. base64url."""
    return proof(_keys(secret)[0], NEW_CONTEXT, key)


def welcome_proof(secret: bytes, key: Key, ring: Key, head: Key) -> str:
    """From the old one: you, with this key, belong to this ring since the statement of digest `head`."""
    return proof(_keys(secret)[1], WELCOME_CONTEXT, key, ring, head)


def _keys(secret: bytes) -> tuple[bytes, bytes]:
    """One for each direction."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"the secret of a code has {SECRET_BYTES} bytes")
    both = HKDF(hashes.SHA256(), 2 * KEY_BYTES, None, LABEL).derive(secret)
    return both[:KEY_BYTES], both[KEY_BYTES:]
