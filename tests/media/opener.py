"""Opens sealed frames as a viewer does: a second reading of RFC 9605 and of `media.sealed_frames`, for tests."""

from itertools import pairwise

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from media import h264
from media.sealed_frames import CLEAR_DELTA, CLEAR_KEY, CLEAR_OPUS, CLEAR_SLICE, START
from media.sframe import derive


class Opener:
    """Raises `cryptography.exceptions.InvalidTag` or ValueError on anything that its camera did not send."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._keys = {kid: derive(kid, base) for kid, base in keys.items()}
        self.counters: list[int] = []

    def open(self, data: bytes, metadata: bytes = b"") -> bytes:
        kid, at = self._number(data, data[0] >> 4, 1)
        counter, at = self._number(data, data[0] & 0x0F, at)
        if kid not in self._keys:
            raise ValueError("a key that nobody sent")
        key, salt = self._keys[kid]
        nonce = bytes(a ^ b for a, b in zip(salt, counter.to_bytes(12, "big"), strict=True))
        plain = AESGCM(key).decrypt(nonce, data[at:], data[:at] + metadata)
        self.counters.append(counter)
        return plain

    def open_h264(self, data: bytes) -> bytes:
        """One picture, of which every piece must be there."""
        pieces = [unit for unit in h264.split(data) if unit[0] & 0x1F in (1, 5, 6)]
        known = len(self.counters)
        opened = [self._unit(unit, (at << 16 | len(pieces)).to_bytes(4, "big")) for at, unit in enumerate(pieces)]
        if any(after != before + 1 for before, after in pairwise(self.counters[known:])):
            raise ValueError("pieces of several pictures")
        return b"".join(opened)

    def open_vp8(self, data: bytes) -> bytes:
        return self._after(CLEAR_DELTA if data[0] & 1 else CLEAR_KEY, data)

    def open_opus(self, data: bytes) -> bytes:
        return self._after(CLEAR_OPUS, data)

    def _unit(self, unit: bytes, place: bytes) -> bytes:
        """With its start code."""
        kind = unit[0] & 0x1F
        length = CLEAR_SLICE - (unit[-1] - 0x80)
        if not 1 <= length <= CLEAR_SLICE:
            raise ValueError("no end")
        clear, rest = unit[:length], bytearray()
        zeros = len(clear) - len(clear.rstrip(b"\0"))
        for byte in unit[length:]:
            if zeros >= 2 and byte == 3:
                zeros = 0
                continue
            zeros = zeros + 1 if byte == 0 else 0
            rest.append(byte)
        opened = self.open(bytes(rest[:-1]), clear + place)
        return opened if kind == 6 else START + clear + opened

    def _after(self, clear: int, data: bytes) -> bytes:
        return data[:clear] + self.open(data[clear:], data[:clear])

    @staticmethod
    def _number(data: bytes, bits: int, at: int) -> tuple[int, int]:
        if not bits & 8:
            return bits, at
        size = (bits & 7) + 1
        return int.from_bytes(data[at : at + size], "big"), at + size
