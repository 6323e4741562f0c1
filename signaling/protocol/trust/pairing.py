"""Pairing: how camera and owner learn each other's key without having to believe the server.

The QR code that a browser draws carries 128 random bits which the server never sees. Whoever knows them has drawn the
code or has seen it. Camera and owner each send, through the server, a MAC (RFC 2104) under a key derived from them
(HKDF, RFC 5869): the camera over its key, the owner over its keyring. A server that swaps either has no MAC for it.
"""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from signaling.protocol.identity import decode_bytes, token_hash
from signaling.protocol.trust.proof import proof

SECRET_BYTES = 16
KEY_BYTES = 32
INFO = b"belvedere-pairing-1"
CAMERA_CONTEXT = "belvedere-pairing-camera-1"
OWNER_CONTEXT = "belvedere-pairing-owner-1"


def read_secret(text: str) -> bytes:
    """The secret of a code (`x`). Raises ValueError where it is none."""
    secret = decode_bytes(text)
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a pairing secret has {SECRET_BYTES} bytes")
    return secret


def camera_proof(secret: bytes, origin: str, token: str, camera_key: str) -> str:
    """What the camera sends beside its activation: its key belongs to whoever read the code. base64url."""
    return proof(_keys(secret, token)[0], CAMERA_CONTEXT, origin, token_hash(token), camera_key)


def owner_proof(secret: bytes, origin: str, token: str, ring: str, head: str) -> str:
    """What the owner has passed on to the camera: whose it is. `head`: digest of the keyring's newest statement."""
    return proof(_keys(secret, token)[1], OWNER_CONTEXT, origin, token_hash(token), ring, head)


def _keys(secret: bytes, token: str) -> tuple[bytes, bytes]:
    """One for each direction, so that nothing that one side said can be turned against it."""
    salt = hashlib.sha256(token.encode()).digest()
    both = HKDF(hashes.SHA256(), 2 * KEY_BYTES, salt, INFO).derive(secret)
    return both[:KEY_BYTES], both[KEY_BYTES:]
