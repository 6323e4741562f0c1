"""SFrame (RFC 9605): frames encrypted between camera and viewer, so that a relay forwards what it cannot watch.

Cipher suite AES_128_GCM_SHA256_128. How a frame of each codec is laid out, so that it can still be cut into packets, is
in `media.sealed_frames`.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CIPHER_SUITE = 0x0004
KEY_BYTES, NONCE_BYTES, TAG_BYTES = 16, 12, 16
MAX_NUMBER = 2**64


@dataclass(slots=True)
class Sealer:
    """Encrypts with one key of one sender. `counter` never repeats under one key."""

    kid: int
    _aead: AESGCM
    _salt: int
    counter: int = 0

    def seal(self, plain: bytes, metadata: bytes = b"") -> bytes:
        """Header, ciphertext and tag. `metadata` is not encrypted and cannot be changed (§4.4.3)."""
        number, self.counter = self.counter, self.counter + 1
        head = header(self.kid, number)
        return head + self._aead.encrypt(nonce(self._salt, number), plain, head + metadata)


def sealer(kid: int, base_key: bytes) -> Sealer:
    key, salt = derive(kid, base_key)
    return Sealer(kid, AESGCM(key), int.from_bytes(salt, "big"))


def derive(kid: int, base_key: bytes) -> tuple[bytes, bytes]:
    """Key and salt (§4.4.2)."""
    extract = HMAC(b"", hashes.SHA256())
    extract.update(base_key)
    secret = extract.finalize()
    tail = kid.to_bytes(8, "big") + CIPHER_SUITE.to_bytes(2, "big")
    key = HKDFExpand(hashes.SHA256(), KEY_BYTES, b"SFrame 1.0 Secret key " + tail).derive(secret)
    salt = HKDFExpand(hashes.SHA256(), NONCE_BYTES, b"SFrame 1.0 Secret salt " + tail).derive(secret)
    return key, salt


def nonce(salt: int, counter: int) -> bytes:
    return (salt ^ counter).to_bytes(NONCE_BYTES, "big")


def header(kid: int, counter: int) -> bytes:
    """§4.3: numbers below 8 stand in the first byte, larger ones follow it, as short as they are."""
    kid_bits, kid_bytes = _number(kid)
    counter_bits, counter_bytes = _number(counter)
    return bytes((kid_bits << 4 | counter_bits,)) + kid_bytes + counter_bytes


def _number(value: int) -> tuple[int, bytes]:
    if value < 8:
        return value, b""
    size = (value.bit_length() + 7) // 8
    return 8 | (size - 1), value.to_bytes(size, "big")
