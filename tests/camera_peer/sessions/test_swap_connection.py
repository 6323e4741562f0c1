"""A server owns the whole connection (it closes, refuses, names sessions as it likes), and still gets no picture.

The camera is real: client, agent, door, sessions, DTLS. What the server has is a hello that it once passed on.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import WSMsgType, web

from camera_peer.agent import CameraAgent
from camera_peer.broadcast import Broadcast
from camera_peer.door import Door
from camera_peer.picture import Picture
from camera_peer.state import Pairing
from camera_peer.viewer_session import Sessions
from signaling.client import SignalingClient
from signaling.protocol.errors import Fault
from signaling.protocol.messages import SUBPROTOCOL
from tests.camera_peer.callers import BOTH, caller, owner
from tests.camera_peer.test_agent import FakeMoves
from tests.media.fixtures import TickSource
from tests.signaling.trust.people import key

RECORDED = caller()
SILENT_STUN = "stun:192.0.2.1:3478"
"""It holds a new session up for two seconds."""
LIMIT_SECONDS = 30.0


class Server:
    """Lets the camera register, asks for an upload and breaks off, refuses it once, and goes on by the name of that."""

    def __init__(self, new_viewer: Any) -> None:
        self.viewer = new_viewer()
        self.visits = 0
        self.errors: list[int] = []
        self.refused = asyncio.Event()

    async def visit(self, request: web.Request) -> web.StreamResponse:
        self.visits += 1
        if self.visits == 2:
            return web.Response(status=401)
        socket = web.WebSocketResponse(protocols=(SUBPROTOCOL,))
        await socket.prepare(request)
        registering = msgspec.json.decode((await socket.receive()).data)
        await socket.send_json({"jsonrpc": "2.0", "id": registering["id"], "result": {"id": "cam1"}})
        if self.visits == 1:
            await self.ask(socket, {"via": "relay"}, SILENT_STUN)
            leaving = {"graceSeconds": 0, "jitterSeconds": 0}
            await socket.send_json({"jsonrpc": "2.0", "method": "belvedere.goAway", "params": leaving})
            await asyncio.sleep(0.05)
            await socket.close()
        else:
            await self.ask(socket, {"trust": {"hello": RECORDED.hello, "keyring": list(RECORDED.keyring)}})
            await self.listen(socket)
        return socket

    async def ask(self, socket: web.WebSocketResponse, extra: dict[str, Any], *stun: str) -> None:
        servers = [{"urls": [url]} for url in stun]
        params = {"session": "X", "iceServers": servers, "expiryTimeSeconds": 600, "belvedere": extra}
        await socket.send_json({"jsonrpc": "2.0", "id": 7, "method": "connect", "params": params})

    async def listen(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                return
            said = msgspec.json.decode(message.data)
            if said.get("method") == "invite":
                answer = await self.viewer.answer(said["params"]["offer"])
                await socket.send_json({"jsonrpc": "2.0", "id": said["id"], "result": {"answer": answer}})
            elif said.get("method") == "error":
                self.errors.append(said["params"]["code"])
                self.refused.set()


@pytest.fixture
async def server(new_viewer: Any) -> AsyncIterator[tuple[Server, str]]:
    made = Server(new_viewer)
    app = web.Application()
    app.router.add_get("/s", made.visit)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield made, f"http://127.0.0.1:{runner.addresses[0][1]}/s"
    await runner.cleanup()


async def still(_: Any) -> None:
    await asyncio.Event().wait()


async def test_swap_of_a_broken_off_upload_for_a_viewer_brings_no_packet(server: tuple[Server, str]) -> None:
    hostile, url = server
    broadcast = Broadcast(TickSource())
    door = Door(key("camera"), owner(BOTH), random_bytes=os.urandom, wall=time.time, monotonic=time.monotonic)
    agent = CameraAgent(
        Sessions(broadcast),
        lambda told: Picture(broadcast.run, told, random=random.random),
        lambda _, handler, tickets, backoff: SignalingClient(
            url,
            authorization=lambda: "Bearer x",
            handler=handler,
            backoff=backoff,
            random=random.random,
            tickets=tickets,
        ),
        lambda _: door,
        random=random.random,
        monotonic=time.monotonic,
        watch_network=still,
    )
    working = asyncio.create_task(agent.run(Pairing("cam1", "http://127.0.0.1", url), FakeMoves()))
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await hostile.refused.wait()
        assert hostile.errors == [Fault.NOT_TRUSTED]
        assert not hostile.viewer.connected.is_set() and not hostile.viewer.packets
        assert not door.knows("X")
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
