"""How a device proves who it is: the activation proof and the claims of the token it signs for each connection.

Plain functions over bytes; signing and checking are one call of `cryptography` each. The key is Ed25519
(RFC 8032); on the wire a public key is its 32 raw bytes in base64url without padding, a signature its 64 raw
bytes likewise.
"""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ACTIVATION_CONTEXT = "belvedere-activate-1"
DEVICE_TOKEN_TYPE = "belvedere-device+jwt"  # noqa: S105 - the `typ` header, not a secret
DEVICE_TOKEN_SECONDS = 60
"""Life of the JWT a device signs for one WebSocket connect: long enough for a slow handshake, useless afterwards."""
CLOCK_LEEWAY_SECONDS = 30
PUBLIC_KEY_BYTES = 32


def encode_bytes(data: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_bytes(text: str) -> bytes:
    """The reverse of `encode_bytes`. Raises ValueError on anything else than its exact output."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise ValueError("not base64url") from error
    if encode_bytes(data) != text:
        raise ValueError("not canonical base64url")
    return data


def token_hash(token: str) -> str:
    """SHA-256 of a token in hex: what the server keeps instead of the token."""
    return hashlib.sha256(token.encode()).hexdigest()


def activation_statement(origin: str, token: str, hardware_id: str, public_key: bytes) -> bytes:
    """What `proof` signs (DESIGN §6.3): context, origin, SHA-256 of the token, hardware id, key; NUL between."""
    parts = (ACTIVATION_CONTEXT, origin, token_hash(token), hardware_id, public_key.hex())
    if any("\0" in part for part in parts):
        raise ValueError("NUL in an activation field")
    return "\0".join(parts).encode()


def sign_activation(key: Ed25519PrivateKey, origin: str, token: str, hardware_id: str) -> str:
    """The `proof` of an activation, base64url."""
    public_key = key.public_key().public_bytes_raw()
    return encode_bytes(key.sign(activation_statement(origin, token, hardware_id, public_key)))


def activation_is_genuine(origin: str, token: str, hardware_id: str, public_key: bytes, proof: str) -> bool:
    """Whether `proof` was signed by the holder of `public_key` (32 raw bytes) for this server and token."""
    try:
        statement = activation_statement(origin, token, hardware_id, public_key)
        Ed25519PublicKey.from_public_bytes(public_key).verify(decode_bytes(proof), statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def server_pin(spki_der: bytes) -> str:
    """`k` in the QR: the first 16 bytes of SHA-256 over the server key's SubjectPublicKeyInfo, base64url."""
    return encode_bytes(hashlib.sha256(spki_der).digest()[:16])
