"""The measured side of `bench-camera`: one camera in a process of its own, ours or stock aiortc senders.

`camera_process.py ours|sealed|stock|encoded CLIP [FPS]`; `sealed`: as `ours`, for relays that must not be able to
watch. JSON lines on standard input: `{"open": id}` gives `{"offer": sdp}`, `{"answer": sdp, "id": id}` gives
`{"ok": true}`, `{"usage": true}` gives `{"cpu": s, "rss": bytes, "packets": n}`.
"""

import asyncio
import fractions
import json
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import av
import msgspec
import psutil
import structlog
import uvloop
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import get_capabilities
from aiortc.stats import RTCOutboundRtpStreamStats

from camera_peer.broadcast import Broadcast
from camera_peer.sources import open_source
from camera_peer.viewer_session import Sessions
from media.frames import EncodedFrame, Source
from signaling.protocol.trust.envelope import SENDER_KEY_BYTES, SenderKey
from tests.benchmarks.clip import ClipSource

TIME_BASE = fractions.Fraction(1, 90_000)
QUEUE = 90
MAX_SESSIONS = 200
"""It plays a hundred cameras for `bench-relay`."""


class Ours:
    """The product: broadcast and sessions."""

    def __init__(self, source: Source, *, sealed: bool = False) -> None:
        self._broadcast = Broadcast(source)
        self._sealed = sealed
        if sealed:
            self._broadcast.seal(SenderKey(int(time.time()), secrets.token_bytes(SENDER_KEY_BYTES)))
        self._sessions = Sessions(self._broadcast, limit=MAX_SESSIONS)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._broadcast.run()), asyncio.create_task(self._sessions.run())]

    async def open(self, name: str) -> str:
        def ended(session: str, why: str) -> None:
            print(session, why, file=sys.stderr)

        return await self._sessions.open(name, [], ended, relay=self._sealed, sealed=self._sealed)

    async def answer(self, name: str, sdp: str) -> None:
        await self._sessions.answer(name, sdp)

    async def packets(self) -> int:
        return self._sessions.packets_sent()


class PacketTrack(MediaStreamTrack):
    """Hands the source's frames, as packets, to one stock sender."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[EncodedFrame] = asyncio.Queue(QUEUE)

    async def recv(self) -> av.Packet:
        frame = await self.queue.get()
        packet = av.Packet(frame.data)
        packet.pts, packet.time_base = frame.timestamp, TIME_BASE
        return packet


class Stock:
    """The same frames through one `RTCPeerConnection` with one `RTCRtpSender` per viewer."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tracks: list[PacketTrack] = []
        self._connections: dict[str, RTCPeerConnection] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._source.run(self._take))

    def _take(self, frame: EncodedFrame) -> None:
        for track in self._tracks:
            if not track.queue.full():
                track.queue.put_nowait(frame)

    async def open(self, name: str) -> str:
        connection = self._connections[name] = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        track = PacketTrack()
        self._tracks.append(track)
        connection.addTrack(track)
        h264 = [c for c in get_capabilities("video").codecs if c.mimeType == "video/H264"]
        connection.getTransceivers()[0].setCodecPreferences(h264)
        await connection.setLocalDescription(await connection.createOffer())
        sdp: str = connection.localDescription.sdp
        return sdp

    async def answer(self, name: str, sdp: str) -> None:
        await self._connections[name].setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def packets(self) -> int:
        total = 0
        for connection in self._connections.values():
            for report in (await connection.getStats()).values():
                if isinstance(report, RTCOutboundRtpStreamStats):
                    total += report.packetsSent
        return total


async def main(mode: str, path: Path, fps: int) -> None:
    loop = asyncio.get_running_loop()
    clip = msgspec.msgpack.decode(path.read_bytes(), type=list[tuple[bytes, bool]])
    source: Source = open_source("test") if mode == "encoded" else ClipSource(clip, fps)
    camera: Ours | Stock = Stock(source) if mode == "stock" else Ours(source, sealed=mode == "sealed")
    await camera.start()
    process = psutil.Process()

    async def usage(_: dict[str, Any]) -> dict[str, Any]:
        return {
            "cpu": time.process_time(),
            "rss": process.memory_info().rss,
            "packets": await camera.packets(),
            "at": time.monotonic(),
        }

    async def offer(order: dict[str, Any]) -> dict[str, Any]:
        return {"offer": await camera.open(order["open"])}

    async def answer(order: dict[str, Any]) -> dict[str, Any]:
        await camera.answer(order["id"], order["answer"])
        return {"ok": True}

    handlers: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
        "usage": usage,
        "open": offer,
        "answer": answer,
    }
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        print(json.dumps(await handlers[next(iter(order))](order)), flush=True)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 30))
