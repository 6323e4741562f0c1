"""What `bench-relay` compares with: aiortc's own `MediaRelay`, which decodes once and encodes for each viewer.

The same lines as relay_process.py, for one camera.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import uvloop
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay


class StockRelay:
    """One camera's track to any number of viewers."""

    def __init__(self) -> None:
        self._relay = MediaRelay()
        self._track: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()
        self._camera: RTCPeerConnection | None = None
        self._viewers: dict[str, RTCPeerConnection] = {}

    async def watch(self, order: dict[str, Any]) -> dict[str, Any]:
        first = not self._viewers
        self._viewers[order["watch"]] = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        return {"needs_upload": first}

    async def publish(self, order: dict[str, Any]) -> dict[str, Any]:
        self._camera = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._camera.on("track", lambda track: track.kind == "video" and self._track.set_result(track))
        await self._camera.setRemoteDescription(RTCSessionDescription(order["publish"], "offer"))
        await self._camera.setLocalDescription(await self._camera.createAnswer())
        return {"answer": self._camera.localDescription.sdp}

    async def offer_of(self, order: dict[str, Any]) -> dict[str, Any]:
        viewer = self._viewers[order["offer_of"]]
        viewer.addTrack(self._relay.subscribe(await self._track, buffered=False))
        await viewer.setLocalDescription(await viewer.createOffer())
        return {"offer": viewer.localDescription.sdp}

    async def answer(self, order: dict[str, Any]) -> dict[str, Any]:
        await self._viewers[order["id"]].setRemoteDescription(RTCSessionDescription(order["answer"], "answer"))
        return {"ok": True}

    async def usage(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"cpu": time.process_time(), "rss": psutil.Process().memory_info().rss, "viewers": len(self._viewers)}


async def main() -> None:
    loop = asyncio.get_running_loop()
    relay = StockRelay()
    handlers: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
        "watch": relay.watch,
        "publish": relay.publish,
        "offer_of": relay.offer_of,
        "answer": relay.answer,
        "usage": relay.usage,
    }
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        print(json.dumps(await handlers[next(iter(order))](order)), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
