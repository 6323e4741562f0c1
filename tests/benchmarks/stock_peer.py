"""What `bench-ttff` compares with: aiortc on its own, serving one page and one WebSocket on loopback.

`bare`: everything is prepared before the click: connection, gathered offer, and a group of pictures that starts with
its key frame the moment DTLS is up. `plain`: the way the examples do it: connection, gathering and offer on demand, a
stream joined wherever it is, the browser's answer sent when all its candidates are there, `.local` ones included.
Both send the same packets, from the same source as ours: 720p30 H.264 passed through, a key frame every 2 s.
"""

import asyncio
import contextlib
import fractions
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import av
from aiohttp import WSMsgType, web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import get_capabilities

from camera_peer.sources import open_source
from media.frames import EncodedFrame

SOURCE = "test:?gop=2&obey=no&audio=no"
PAGE = Path(__file__).parent / "pages" / "stock.html"
TIME_BASE = fractions.Fraction(1, 90_000)
FRAME_SECONDS = 1 / 30
LIVE_QUEUE = 90


class Camera:
    """The one source: live frames for `plain`, the newest whole group for `bare`."""

    def __init__(self) -> None:
        self._group: list[EncodedFrame] = []
        self.whole_group: list[EncodedFrame] = []
        self.listeners: set[asyncio.Queue[EncodedFrame]] = set()

    def take(self, frame: EncodedFrame) -> None:
        if frame.keyframe:
            self.whole_group, self._group = self._group, []
        self._group.append(frame)
        for queue in self.listeners:
            if not queue.full():
                queue.put_nowait(frame)


def packet(frame: EncodedFrame, timestamp: int) -> av.Packet:
    made = av.Packet(frame.data)
    made.pts, made.time_base, made.is_keyframe = timestamp, TIME_BASE, frame.keyframe
    return made


class LiveTrack(MediaStreamTrack):
    """Joins the running stream wherever it is."""

    kind = "video"

    def __init__(self, camera: Camera) -> None:
        super().__init__()
        self._camera = camera
        self._queue: asyncio.Queue[EncodedFrame] = asyncio.Queue(LIVE_QUEUE)
        self._joined = False

    async def recv(self) -> av.Packet:
        if not self._joined:
            self._joined = True
            self._camera.listeners.add(self._queue)
        frame = await self._queue.get()
        return packet(frame, frame.timestamp)

    def stop(self) -> None:
        self._camera.listeners.discard(self._queue)
        super().stop()


class ClipTrack(MediaStreamTrack):
    """Starts with a key frame the moment it is first asked, then keeps the pace."""

    kind = "video"

    def __init__(self, frames: list[EncodedFrame]) -> None:
        super().__init__()
        self._frames = frames
        self._sent = 0
        self._start = 0.0

    async def recv(self) -> av.Packet:
        self._start = self._start or time.monotonic()
        await asyncio.sleep(max(0.0, self._start + self._sent * FRAME_SECONDS - time.monotonic()))
        frame = self._frames[self._sent % len(self._frames)]
        self._sent += 1
        return packet(frame, round(self._sent * FRAME_SECONDS * 90_000))


def sending(track: MediaStreamTrack) -> RTCPeerConnection:
    """A connection that offers `track` as H.264. No ICE server: everything is on this machine."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTrack(track)
    h264 = [c for c in get_capabilities("video").codecs if c.mimeType == "video/H264"]
    connection.getTransceivers()[0].setCodecPreferences(h264)
    return connection


async def offer_of(connection: RTCPeerConnection) -> str:
    await connection.setLocalDescription(await connection.createOffer())
    sdp: str = connection.localDescription.sdp
    return sdp


async def converse(socket: web.WebSocketResponse, camera: Camera) -> None:
    """One join at a time: `prepare bare`, then `go`; or `go plain`. Ends with the socket."""
    connection: RTCPeerConnection | None = None
    offer = ""
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            break
        order = json.loads(message.data)
        if order["do"] == "prepare":
            connection = sending(ClipTrack(camera.whole_group))
            offer = await offer_of(connection)
            await socket.send_json({"ready": True})
        elif order["do"] == "go":
            if order["way"] == "plain":
                connection = sending(LiveTrack(camera))
                offer = await offer_of(connection)
            await socket.send_json({"offer": offer})
        elif order["do"] == "answer" and connection:
            await connection.setRemoteDescription(RTCSessionDescription(order["sdp"], "answer"))
        elif order["do"] == "end" and connection:
            await connection.close()
            await socket.send_json({"ended": True})


async def signal(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    await converse(socket, request.app[CAMERA])
    return socket


async def page(_: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE)


CAMERA = web.AppKey("camera", Camera)


async def run_source(app: web.Application) -> AsyncIterator[None]:
    source = open_source(SOURCE)
    source.demand(True)
    task = asyncio.create_task(source.run(app[CAMERA].take))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main(port: int) -> None:
    app = web.Application()
    app[CAMERA] = Camera()
    app.router.add_get("/", page)
    app.router.add_get("/signal", signal)
    app.cleanup_ctx.append(run_source)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
