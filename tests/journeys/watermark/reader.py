"""A light viewer that decrypts what comes and reads the number beside each picture."""

import asyncio
from collections.abc import Callable

from pylibsrtp import Error

from media.relay import rtp
from tests.benchmarks.light_client import LightViewer
from tests.journeys.watermark.mark import number_beside


class Reader(LightViewer):
    """`read` is called with the number of each frame. `unreadable`: packets that are not for our keys."""

    def __init__(self, read: Callable[[int], None]) -> None:
        super().__init__()
        self.frames = 0
        self.unreadable = 0
        self._read = read
        self.connection.on_media = self._take

    def _take(self, data: bytes) -> None:
        if self.dtls is None or self.dtls._rx_srtp is None or 192 <= data[1] <= 223:
            return
        try:
            packet = rtp.read(self.dtls._rx_srtp.unprotect(data))
        except Error:
            self.unreadable += 1
            return
        number = number_beside(packet.payload) if packet is not None else None
        if number is not None:
            self.frames += 1
            self._read(number)

    async def answer(self, offer: str) -> str:
        """As a light viewer. That no way is found is no error here: it happens while the server is down."""
        answer = await super().answer(offer)
        assert self._task is not None
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return answer

    async def vanish(self) -> None:
        """Leave without a word: nobody is told, and the port is free for the next at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self.connection.close()
