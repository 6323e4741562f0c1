"""Opens sealed frames by docs/end-to-end.md alone, as `page_reading` checks statements."""

import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

START = b"\0\0\0\1"
SLICES, SETS = (1, 5), 6
SUITE = b"\0\4"
MAX_PIECES = 1024


class Frames:
    """`epoch`, `sender`: of an envelope. `counters`: of what was opened."""

    def __init__(self, epoch: int, sender: bytes) -> None:
        extract = HMAC(b"", hashes.SHA256())
        extract.update(sender)
        secret, tail = extract.finalize(), epoch.to_bytes(8, "big") + SUITE
        self._epoch = epoch
        self._key = AESGCM(HKDFExpand(hashes.SHA256(), 16, b"SFrame 1.0 Secret key " + tail).derive(secret))
        self._salt = HKDFExpand(hashes.SHA256(), 12, b"SFrame 1.0 Secret salt " + tail).derive(secret)
        self.counters: list[int] = []

    def open(self, codec: str, data: bytes) -> bytes:
        """Raises ValueError."""
        if codec == "h264":
            return self._picture([unit for unit in _units(data) if unit[0] & 0x1F in (*SLICES, SETS)])
        readable = 1 if codec == "opus" else 3 if data[0] & 1 else 10
        return data[:readable] + self._ciphertext(data[readable:], data[:readable])

    def _picture(self, pieces: list[bytes]) -> bytes:
        if len(pieces) > MAX_PIECES or all(piece[0] & 0x1F == SETS for piece in pieces):
            raise ValueError("no picture")
        whole, first = b"", len(self.counters)
        for index, piece in enumerate(pieces):
            whole += self._piece(piece, index.to_bytes(2, "big") + len(pieces).to_bytes(2, "big"))
        taken = self.counters[first:]
        if taken != list(range(taken[0], taken[0] + len(taken))):
            raise ValueError("of several pictures")
        return whole

    def _piece(self, unit: bytes, place: bytes) -> bytes:
        kind = unit[0] & 0x1F
        readable = 8 - (unit[-1] - 0x80)
        if not 1 <= readable <= 8:
            raise ValueError("no end")
        shut = re.sub(rb"\x00\x00\x03(?=[\x00-\x03])", b"\0\0", unit[max(0, readable - 2) :])
        head = unit[:readable]
        plain = self._ciphertext(shut[len(head[-2:]) : -1], head + place)
        return plain if kind == SETS else START + head + plain

    def _ciphertext(self, data: bytes, metadata: bytes) -> bytes:
        kid, at = _number(data, data[0] >> 4, 1)
        counter, at = _number(data, data[0] & 15, at)
        if kid != self._epoch:
            raise ValueError("another epoch")
        nonce = bytes(one ^ two for one, two in zip(self._salt, counter.to_bytes(12, "big"), strict=True))
        try:
            plain = self._key.decrypt(nonce, data[at:], data[:at] + metadata)
        except InvalidTag:
            raise ValueError("changed") from None
        self.counters.append(counter)
        return plain


def _units(data: bytes) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in re.split(rb"\x00\x00\x01", data) if unit.strip(b"\0")]


def _number(data: bytes, bits: int, at: int) -> tuple[int, int]:
    if bits < 8:
        return bits, at
    size = bits - 7
    return int.from_bytes(data[at : at + size], "big"), at + size
