"""A light viewer over a server's relay, as a process: how long each frame let wait for itself.

`gap_client.py URL TOKEN CAMERA`; it prints `{"watching": true}` with the first frame, and then answers each line on its
input with `{"gaps": [s]}`: the times between the last packets of successive frames since the line before.
"""

import asyncio
import json
import sys
import time

from tests.journeys.relay_viewer import RelayViewer, signed_in
from tests.signaling.viewer_client import Fault, WirePeer

MARKER = 0x80
SILENT_SECONDS, AGAIN_SECONDS = 5.0, 0.5


class Gaps:
    """Of the frames that end. RTP's header is not encrypted (RFC 3711 §3.1): the marker bit ends a frame."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self.began = asyncio.Event()
        self._last = 0.0

    def take(self, data: bytes) -> None:
        """One datagram of media."""
        if 192 <= data[1] <= 223 or not data[1] & MARKER:
            return
        now = time.perf_counter()
        if self._last:
            self.seen.append(now - self._last)
        self._last = now
        self.began.set()

    async def stood_for(self, seconds: float) -> None:
        """Returns when no frame has come for so long."""
        while True:
            frame = self._last
            await asyncio.sleep(seconds)
            if self._last == frame:
                return

    def taken(self) -> list[float]:
        """What there is; from here on anew."""
        seen, self.seen = self.seen, []
        return seen


async def watch_on(peer: WirePeer, camera: str, gaps: Gaps) -> None:
    """Watch, and again where the picture ends, as when the whole machine stands for seconds. That is a gap too."""
    while True:
        viewer = RelayViewer()
        viewer.connection.on_media = gaps.take
        try:
            await viewer.watch(peer, camera)
            await gaps.stood_for(SILENT_SECONDS)
        except (Fault, TimeoutError):
            await asyncio.sleep(AGAIN_SECONDS)
        finally:
            await viewer.close()


async def main(url: str, token: str, camera: str) -> None:
    gaps = Gaps()
    async with signed_in(url, token) as peer:
        watching = asyncio.create_task(watch_on(peer, camera, gaps))
        await gaps.began.wait()
        print(json.dumps({"watching": True}), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps({"gaps": gaps.taken()}), flush=True)
        watching.cancel()
        await asyncio.wait([watching])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
