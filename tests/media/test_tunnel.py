"""A camera without UDP reaches the relay through a real WebSocket."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import aioice
import pytest
from aiohttp import web

from camera_peer.broadcast import Broadcast
from camera_peer.trust import trust_for
from camera_peer.viewer_session import Sessions
from media import peer
from media.frames import AudioCodec, EncodedFrame, FrameSink, VideoCodec
from media.nomination import Way
from media.relay.node import Relay
from media.relay.settings import RelaySettings
from media.relay.web_socket import MediaSocket
from media.tunnel import MAX_QUEUE, TUNNEL_ADDRESS, TunnelTarget, TunnelTransport, open_tunnel
from signaling.protocol.media_socket import MEDIA_PATH, MEDIA_SUBPROTOCOL
from signaling.protocol.messages import IceServer
from tests.benchmarks.light_client import LightViewer
from tests.camera_peer.fake_server import self_made
from tests.patience import eventually

LIMIT = 10.0


class Ticks:
    """Frames that look like H.264 from far away, all of them key frames."""

    video_codec: VideoCodec = "h264"
    audio_codec: AudioCodec | None = None

    async def run(self, sink: FrameSink) -> None:
        number = 0
        while True:
            picture = b"\x00\x00\x00\x01\x67\x42\xe0\x1f\x8d\x00\x00\x00\x01\x68\xce\x00\x00\x00\x01\x65" + bytes(
                [136] * 3000
            )
            sink(
                EncodedFrame(
                    "h264", picture, number * 3000, keyframe=True, captured_at=asyncio.get_running_loop().time()
                )
            )
            number += 1
            await asyncio.sleep(1 / 30)

    def demand(self, wanted: bool) -> None: ...

    def request_keyframe(self) -> None: ...


class House:
    """A camera, a relay, and the relay's WebSocket. `udp`: whether the camera's datagrams reach the relay."""

    def __init__(self, url: str, tls: Any) -> None:
        self.target = TunnelTarget(url, tls)
        self.udp = False
        self.ice_servers: list[IceServer] = []
        self.sessions = Sessions(Broadcast(Ticks()))
        self.ended: dict[str, str] = {}
        self.relay: Relay
        self.opened = 0
        self.failed: list[BaseException] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def upload(self, camera: str) -> None:
        task = asyncio.create_task(self._upload(camera))
        self._tasks.add(task)

    async def _upload(self, camera: str) -> None:
        self.opened += 1
        name = f"upload-{self.opened}"
        try:
            offer = await self.sessions.open(name, self.ice_servers, self.ended.__setitem__, tunnel=self.target)
            answer = await self.relay.publisher_answer(camera, offer)
            if not self.udp:
                answer = "\r\n".join(line for line in answer.split("\r\n") if not line.startswith("a=candidate"))
            await self.sessions.answer(name, answer)
        except Exception as error:  # noqa: BLE001
            self.failed.append(error)

    @property
    def way(self) -> Way | None:
        session = self.sessions._sessions.get(f"upload-{self.opened}")
        return session._peer.connection.way if session is not None else None

    async def close(self) -> None:
        for name in list(self.sessions._tasks):
            await self.sessions.close(name)


@asynccontextmanager
async def house(tls: ssl.SSLContext | None = None, trust: Any = True) -> AsyncIterator[House]:
    made: House | None = None
    app = web.Application()
    settings = RelaySettings(addresses=("127.0.0.1",), linger=0.3)
    relay = Relay(
        settings,
        needs_upload=lambda camera: made.upload(camera) if made is not None else None,
        upload_over=lambda _: None,
        viewer_ended=lambda *_: None,
    )
    app.router.add_get(MEDIA_PATH, MediaSocket(relay, lambda request: request.remote or "").handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    url = f"{'wss' if tls else 'ws'}://127.0.0.1:{runner.addresses[0][1]}{MEDIA_PATH}"
    made = House(url, trust)
    made.relay = relay
    broadcasting = asyncio.create_task(made.sessions._broadcast.run())
    await relay.start()
    try:
        yield made
    finally:
        broadcasting.cancel()
        await made.close()
        await relay.stop()
        await runner.cleanup()


async def watched(made: House) -> LightViewer:
    viewer = LightViewer()
    offer = await made.relay.viewer_offer("cam", "viewer", "owner")
    made.relay.viewer_answer("viewer", await viewer.answer(offer))
    async with asyncio.timeout(LIMIT):
        await viewer.connected.wait()
    await eventually(lambda: viewer.packets > 30, LIMIT)
    return viewer


async def test_where_udp_finds_no_way_the_picture_goes_through_the_tunnel() -> None:
    async with house() as made:
        viewer = await watched(made)
        assert made.way is Way.TUNNEL
        assert made.failed == [] and made.ended == {}
        await viewer.close()


async def test_where_no_stun_server_answered_udp_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "TUNNEL_HEAD_START", 100.0)
    monkeypatch.setattr("media.ice.GATHER_LIMIT", 0.05)
    async with house() as made:
        made.ice_servers = [IceServer(["stun:127.0.0.1:9"])]
        viewer = await watched(made)
        assert made.way is Way.TUNNEL
        await viewer.close()


async def test_where_udp_goes_the_tunnel_is_not_opened() -> None:
    async with house() as made:
        made.udp = True
        viewer = await watched(made)
        await asyncio.sleep(peer.TUNNEL_HEAD_START)
        assert made.way is Way.DIRECT
        session = made.sessions._sessions["upload-1"]
        assert all(protocol.local_candidate.transport == "udp" for protocol in session._peer.connection._protocols)
        await viewer.close()


async def test_udp_that_comes_through_later_takes_over_and_the_tunnel_is_left() -> None:
    async with house() as made:
        viewer = await watched(made)
        connection = made.sessions._sessions["upload-1"]._peer.connection
        connection.add_candidate(aioice.Candidate("1", 1, "udp", 2**30, "127.0.0.1", made.relay.port, "host"))
        await eventually(lambda: made.way is Way.DIRECT, LIMIT)
        assert any(isinstance(p.transport, TunnelTransport) and p.transport.is_closing() for p in connection._protocols)
        seen = viewer.packets
        await eventually(lambda: viewer.packets > seen + 30, LIMIT)
        assert made.ended == {}
        await viewer.close()


async def test_a_tunnel_that_opens_after_udp_has_won_is_left_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opening, may_open, opened = asyncio.Event(), asyncio.Event(), list[TunnelTransport]()

    async def slow(target: TunnelTarget, protocol: asyncio.DatagramProtocol) -> TunnelTransport:
        opening.set()
        await may_open.wait()
        opened.append(await open_tunnel(target, protocol))
        return opened[0]

    monkeypatch.setattr("media.ice.open_tunnel", slow)
    monkeypatch.setattr(peer, "TUNNEL_HEAD_START", 0.0)
    async with house() as made:
        watching = asyncio.create_task(watched(made))
        await opening.wait()
        connection = made.sessions._sessions["upload-1"]._peer.connection
        connection.add_candidate(aioice.Candidate("1", 1, "udp", 2**30, "127.0.0.1", made.relay.port, "host"))
        viewer = await watching
        assert made.way is Way.DIRECT
        may_open.set()
        await eventually(lambda: bool(opened) and opened[0].is_closing(), LIMIT)
        assert made.ended == {}
        await viewer.close()


async def test_a_self_made_key_is_trusted_by_its_pin_alone(tmp_path: Path) -> None:
    mine, other = (self_made(tmp_path) for _ in range(2))
    async with house(mine.context, trust_for(mine.pin)) as made:
        viewer = await watched(made)
        assert made.way is Way.TUNNEL
        await viewer.close()
        for trust in (trust_for(other.pin), trust_for(None)):
            with pytest.raises(aiohttp.ClientError):
                await open_tunnel(TunnelTarget(made.target.url, trust), asyncio.DatagramProtocol())


async def test_a_tunnel_that_is_cut_ends_the_session_at_once() -> None:
    async with house() as made:
        viewer = await watched(made)
        session = made.sessions._sessions["upload-1"]
        tunnel = next(
            p.transport for p in session._peer.connection._protocols if isinstance(p.transport, TunnelTransport)
        )
        tunnel.close()
        await eventually(lambda: "upload-1" in made.ended, LIMIT)
        await viewer.close()


Served = Callable[[web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def served(behave: Served) -> AsyncIterator[str]:
    """A WebSocket that behaves as told."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=(MEDIA_SUBPROTOCOL,), max_msg_size=0)
        await socket.prepare(request)
        await behave(socket)
        return socket

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


class Ear(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: list[tuple[bytes, Any]] = []
        self.lost = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.heard.append((data, addr))

    def connection_lost(self, _: Exception | None) -> None:
        assert not self.lost.is_set()
        self.lost.set()


async def test_frames_are_datagrams_both_ways_and_the_end_is_told_once() -> None:
    async def echo(socket: web.WebSocketResponse) -> None:
        for _ in range(3):
            await socket.send_bytes(await socket.receive_bytes())
        await socket.send_str("not a datagram")

    ear = Ear()
    async with served(echo) as url:
        tunnel = await open_tunnel(TunnelTarget(url), ear)
        for data in (b"one", b"two", b"three"):
            tunnel.sendto(data, ("192.0.2.1", 9))
        async with asyncio.timeout(LIMIT):
            await ear.lost.wait()
        assert ear.heard == [(data, TUNNEL_ADDRESS) for data in (b"one", b"two", b"three")]
        tunnel.sendto(b"four")
        tunnel.close()
        assert tunnel.dropped == 1


async def test_a_tunnel_that_is_closed_as_soon_as_it_is_open_leaves_nothing() -> None:
    left = asyncio.Event()

    async def hear(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        left.set()

    ear = Ear()
    async with served(hear) as url:
        tunnel = await open_tunnel(TunnelTarget(url), ear)
        tunnel.close()
        async with asyncio.timeout(LIMIT):
            await ear.lost.wait()
            await left.wait()


async def test_a_line_that_does_not_take_it_loses_packets_and_not_memory() -> None:
    done = asyncio.Event()

    async def deaf(_: web.WebSocketResponse) -> None:
        await done.wait()

    ear = Ear()
    async with served(deaf) as url:
        tunnel = await open_tunnel(TunnelTarget(url), ear)
        packet = bytes(1200)
        for number in range(20_000):
            tunnel.sendto(packet)
            if number % 50 == 0:
                await asyncio.sleep(0)
        assert tunnel.dropped > 0
        assert tunnel._queued <= MAX_QUEUE
        done.set()
        tunnel.close()
        async with asyncio.timeout(LIMIT):
            await ear.lost.wait()


async def test_a_server_that_says_no_is_an_error_and_leaves_nothing() -> None:
    before = asyncio.all_tasks()
    async with served(lambda _: asyncio.sleep(0)) as url:
        with pytest.raises(aiohttp.ClientError):
            await open_tunnel(TunnelTarget(url + "nothing"), Ear())
    await eventually(lambda: asyncio.all_tasks() == before, LIMIT)


@pytest.mark.parametrize(
    "url", ["wss://a..b/media", "wss://" + "a" * 64 + ".b/", "wss://[::/", "wss://a:99999/", "", "a"]
)
async def test_an_address_that_can_be_nobodys_is_an_error_and_leaves_nothing(url: str) -> None:
    before = asyncio.all_tasks()
    with pytest.raises((aiohttp.ClientError, OSError)):
        await open_tunnel(TunnelTarget(url), Ear())
    await eventually(lambda: asyncio.all_tasks() == before, LIMIT)
