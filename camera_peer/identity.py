"""The camera's identity is its Ed25519 key (DESIGN §6.5): kept in one file, never sent, used to sign.

The file holds the 32 raw bytes of the private key (RFC 8032 §5.1.5). It is written before the key is used for the first
time, so that an activation whose answer was lost can be repeated with the same key.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from camera_peer import storage
from signaling.protocol.identity import DEVICE_TOKEN_SECONDS, DEVICE_TOKEN_TYPE, encode_bytes, sign_activation

KEY_FILE = "device.key"
KEY_BYTES = 32
HARDWARE_ID_HEX = 12


class DamagedKey(Exception):
    """The key file is not ours to repair; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A device key and what is signed with it."""

    key: Ed25519PrivateKey

    @property
    def public_key(self) -> bytes:
        """32 raw bytes."""
        return self.key.public_key().public_bytes_raw()

    @property
    def hardware_id(self) -> str:
        """A label for people. Made from the key, so that a reset camera cannot be recognised by it."""
        return f"belvedere-{hashlib.sha256(self.public_key).hexdigest()[:HARDWARE_ID_HEX]}"

    def activation_fields(self, origin: str, token: str) -> dict[str, str]:
        """`public_key` and `proof` of an activation."""
        return {
            "public_key": encode_bytes(self.public_key),
            "proof": sign_activation(self.key, origin, token, self.hardware_id),
        }

    def device_token(self, camera_id: str, origin: str, *, now: float, jti: str) -> str:
        """The JWT for one WebSocket connect. `now` is the server's time in seconds since 1970; `jti` never repeats."""
        issued = int(now)
        claims = {"iss": camera_id, "aud": origin, "iat": issued, "exp": issued + DEVICE_TOKEN_SECONDS, "jti": jti}
        return jwt.encode(claims, self.key, algorithm="EdDSA", headers={"typ": DEVICE_TOKEN_TYPE, "kid": camera_id})


def load(directory: Path) -> Identity | None:
    """The identity in `directory`; None if there is none. Raises `DamagedKey` or OSError."""
    path = directory / KEY_FILE
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(raw) != KEY_BYTES:
        raise DamagedKey(f"the key file {path} is damaged; {storage.reset_advice(directory)}")
    return Identity(Ed25519PrivateKey.from_private_bytes(raw))


def save(directory: Path, identity: Identity) -> None:
    """Have this identity in `directory`; nothing is written where it is there already. Raises OSError."""
    raw, path = identity.key.private_bytes_raw(), directory / KEY_FILE
    if not path.exists() or path.read_bytes() != raw:
        storage.make_private_directory(directory)
        storage.write_atomically(path, raw)


def load_or_make(directory: Path, random_bytes: Callable[[int], bytes]) -> Identity:
    """The identity in `directory`, made there if there is none. Raises `DamagedKey` or OSError."""
    found = load(directory)
    if found is None:
        found = Identity(Ed25519PrivateKey.from_private_bytes(random_bytes(KEY_BYTES)))
        save(directory, found)
    return found
