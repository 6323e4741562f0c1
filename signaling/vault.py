"""Keeps second factors so that the database alone holds none: what is kept there is worth nothing without our key."""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
"""NIST SP 800-38D §8.2.2: random ones are good for 2^32 seals, one for each second factor ever begun."""


class Unreadable(Exception):
    """Sealed with another key, or for somebody else: the server's secret is not the one of then."""


class Vault:
    """`key`: 32 bytes derived from the server's secret. `account_id` binds what is kept to its owner."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(key, b"seal", hashlib.sha256))
        self._hash_key = hmac.digest(key, b"hash", hashlib.sha256)

    def seal(self, text: str, account_id: str) -> str:
        """AES-256-GCM: nonce and ciphertext in base64."""
        nonce = os.urandom(NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), account_id.encode())).decode()

    def open(self, sealed: str, account_id: str) -> str:
        """Raises `Unreadable`."""
        data = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], account_id.encode()).decode()
        except InvalidTag as error:
            raise Unreadable from error

    def hash(self, code: str, account_id: str) -> str:
        """HMAC-SHA-256 in hex. A fast hash is enough for a code of 60 random bits under a key of its own."""
        return hmac.digest(self._hash_key, f"{account_id}\0{code}".encode(), hashlib.sha256).hex()
