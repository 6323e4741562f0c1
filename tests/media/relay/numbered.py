"""A source whose pictures tell their numbers, and a screen that reads them off what a viewer decrypts."""

import asyncio
import itertools
import time
from typing import Any

from media.frames import EncodedFrame, FrameSink
from media.relay import rtp
from tests.media.fixtures import FPS, TickSource

VIDEO = 102
START = b"\x00\x00\x00\x01"
IDR, SLICE = b"\x65", b"\x41"
FIRST_OF_IDR, FIRST_OF_SLICE = b"\x7c\x85", b"\x5c\x81"
"""Indicator and header of the first fragment (RFC 6184 §5.8)."""
PARAMETERS = START + b"\x67\x42\xe0\x1f\x8d" + START + b"\x68\xce\x3c\x80"


class NumberedSource(TickSource):
    """Each picture tells its number; a key frame, of two slices, every `group` pictures and, if it `obeys`, on
    request."""

    def __init__(self, *, obeys: bool = True, group: int = FPS) -> None:
        super().__init__(obeys=obeys)
        self._group = group
        self.padding = 0
        """Bytes that each picture is longer."""

    async def run(self, sink: FrameSink) -> None:
        for number in itertools.count():
            key = number % self._group == 0 or self._wanted
            self._wanted = False
            told = bytes(0x80 | number >> shift & 0x7F for shift in (14, 7, 0))
            data = START + SLICE + told + b"\x99" * (400 + self.padding)
            if key:
                data = PARAMETERS + b"".join(START + IDR + told + fill * 3000 for fill in (b"\x99", b"\xaa"))
            sink(EncodedFrame("h264", data, number * 90_000 // FPS, key, time.monotonic()))
            await asyncio.sleep(1 / FPS)


class Screen:
    """What a viewer got, decrypted: sequence numbers, time stamps, and the numbers of the pictures."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        viewer.connection.on_media = self._take
        self.clear()

    def clear(self) -> None:
        self.sequences: list[int] = []
        self.times: list[int] = []
        self.pictures: list[int] = []
        self.keys: set[int] = set()

    def _take(self, data: bytes) -> None:
        if self._viewer.dtls._rx_srtp is None or data[1] & 0x7F != VIDEO:
            return
        packet = rtp.read(self._viewer.dtls._rx_srtp.unprotect(data))
        assert packet is not None
        self.sequences.append(packet.sequence)
        self.times.append(packet.timestamp)
        starts_key = packet.payload[:2] == FIRST_OF_IDR
        in_fragments = starts_key or packet.payload[:2] == FIRST_OF_SLICE
        if in_fragments or packet.payload[:1] == SLICE:
            self.keys |= {packet.timestamp} if starts_key else set()
            at = 2 if in_fragments else 1
            high, middle, low = (byte & 0x7F for byte in packet.payload[at : at + 3])
            self.pictures.append(high << 14 | middle << 7 | low)

    def assert_numbers_run_on(self) -> None:
        assert {(after - before) % 65_536 for before, after in itertools.pairwise(self.sequences)} == {1}
        assert all((after - before) % 2**32 < 90_000 for before, after in itertools.pairwise(self.times))

    def steps(self) -> set[int]:
        return {after - before for before, after in itertools.pairwise(self.pictures)}

    def falls(self) -> int:
        """How often an older picture came after a newer one."""
        return sum(step < 0 for step in (after - before for before, after in itertools.pairwise(self.pictures)))
