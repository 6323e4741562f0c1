"""Lines that change, wrap, or are slow; and a stock aiortc viewer that decodes."""

import asyncio
import functools
import re
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aioice import stun
from aiortc import (
    RTCCertificate,
    RTCConfiguration,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCPeerConnection,
    RTCSessionDescription,
)
from pylibsrtp import Error as SrtpError

from camera_peer.sources import open_source
from media.relay import channel as channels
from media.relay import viewer as viewers
from media.relay.framing import Deframer, framed
from media.relay.settings import RelaySettings
from media.relay.tcp import MAX_BACKLOG
from media.rtp_stream import StreamState

MakeScene = Callable[..., Awaitable[Any]]
NewViewer = Callable[[], Any]
Eventually = Callable[..., Awaitable[None]]


def attribute(sdp: str, name: str) -> str:
    found = re.search(rf"a={name}:(\S.*?)\r\n", sdp)
    assert found
    return found[1]


def nomination(offer: str, password: str | None = None) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{attribute(offer, 'ice-ufrag')}:abcd"
    message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity((password or attribute(offer, "ice-pwd")).encode())
    return bytes(message)


class TcpViewer:
    """Comes over ICE-TCP alone, and reads when it likes."""

    def __init__(self) -> None:
        self.role = "controlling"
        self.media = 0
        self._frames: asyncio.Queue[bytes] = asyncio.Queue()
        self._reading: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def watch(self, scene: Any, name: str) -> None:
        offer = await scene.relay.viewer_offer("cam", name, "owner")
        reader, self._writer = await asyncio.open_connection("127.0.0.1", scene.relay.port, limit=4096)
        self._reader = reader
        certificate = RTCCertificate.generateCertificate()
        fingerprint = next(f.value for f in certificate.getFingerprints() if f.algorithm == "sha-256")
        scene.relay.viewer_answer(name, answer_to(offer, fingerprint))
        await self._send(nomination(offer))
        self.read()
        assert stun.parse_message(await self._recv()).message_class == stun.Class.RESPONSE
        link: Any = self
        dtls = RTCDtlsTransport(link, [certificate])
        dtls._set_role("client")
        algorithm, value = attribute(offer, "fingerprint").split()
        await dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(algorithm, value)]))
        assert dtls.state == "connected"
        self._dtls = dtls

    def read(self) -> None:
        self._reading = asyncio.create_task(self._read())

    async def pause(self) -> None:
        assert self._reading is not None
        self._reading.cancel()
        await asyncio.wait({self._reading})

    async def close(self) -> None:
        await self.pause()
        await self._dtls.stop()
        assert self._writer is not None
        self._writer.close()

    async def _read(self) -> None:
        deframer = Deframer()
        while data := await self._reader.read(4096):
            for frame in deframer.feed(data):
                if 128 <= frame[0] <= 191:
                    self.media += 1
                else:
                    self._frames.put_nowait(frame)

    async def _recv(self) -> bytes:
        return await self._frames.get()

    async def _send(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(framed(data))


def answer_to(offer: str, fingerprint: str) -> str:
    """Takes the first codec of the offer's video, and no sound."""
    number = re.search(r"m=video 9 \S+ (\d+)", offer)
    assert number
    return "\r\n".join(
        [
            "v=0",
            f"m=video 9 UDP/TLS/RTP/SAVPF {number[1]}",
            "a=mid:0",
            "a=recvonly",
            "a=setup:active",
            "a=ice-ufrag:abcd",
            "a=ice-pwd:0123456789012345678901",
            f"a=fingerprint:sha-256 {fingerprint}",
            f"a=rtpmap:{number[1]} H264/90000",
            "",
        ]
    )


async def test_a_viewers_new_address_is_followed_after_a_valid_check_only(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    viewer = new_viewer()
    seen: set[bytes] = set()
    viewer.connection.on_media = lambda data: seen.add(data[1:8])
    offer = await scene.relay.viewer_offer("cam", "a", "owner")
    scene.relay.viewer_answer("a", await viewer.answer(offer))
    await eventually(lambda: viewer.packets > 150)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.setblocking(False)
        elsewhere.sendto(nomination(offer, "guess"), ("127.0.0.1", scene.relay.port))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await loop.sock_recv(elsewhere, 2048)
        elsewhere.sendto(nomination(offer), ("127.0.0.1", scene.relay.port))
        async with asyncio.timeout(2):
            assert (await loop.sock_recv(elsewhere, 2048))[0] == 1
            for _ in range(50):
                data = await loop.sock_recv(elsewhere, 2048)
                if data[0] == 0:
                    continue  # the relay asks whether it is welcome there
                assert data[0] >> 6 == 2
                assert data[1] in range(192, 224) or data[1:8] not in seen


async def test_a_relay_on_ipv6_answers_as_stun_server_and_as_ice_agent(make_scene: MakeScene) -> None:
    scene = await make_scene(settings=RelaySettings(addresses=("::1", "127.0.0.1")))
    offer = await scene.relay.viewer_offer("cam", "a", "owner")
    assert f"udp {126 << 24 | 65_535 << 8 | 255} ::1 {scene.relay.port} typ host" in offer
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as out:
        out.bind(("::1", 0))
        out.setblocking(False)
        for request in (bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST)), nomination(offer)):
            out.sendto(request, ("::1", scene.relay.port))
            async with asyncio.timeout(2):
                answer = stun.parse_message(await loop.sock_recv(out, 2048))
            assert answer.attributes["XOR-MAPPED-ADDRESS"] == out.getsockname()[:2]


@pytest.mark.parametrize("shifting", [True, False], ids=["shifted", "as it would be"])
async def test_a_newcomer_just_before_the_sequence_wraps_decrypts_everything(
    make_scene: MakeScene,
    new_viewer: NewViewer,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
    shifting: bool,
) -> None:
    """Its first packets are lost, so that without the shift it would begin on the far side of the wrap."""
    monkeypatch.setattr(channels, "fresh_stream", lambda: StreamState(7, 65_300, 0))
    if not shifting:
        monkeypatch.setattr(viewers, "WRAP_SOON", 1 << 16)
    scene = await make_scene()
    viewer = new_viewer()
    decrypted, failed = [], []

    def take(data: bytes) -> None:
        sequence = int.from_bytes(data[2:4], "big")
        before_the_wrap = sequence > 60_000 if not shifting else 0x3000 < sequence < 0x4000
        if data[1] & 0x7F != 102 or before_the_wrap:
            return
        try:
            decrypted.append(viewer.dtls._rx_srtp.unprotect(data))
        except SrtpError:
            failed.append(sequence)

    viewer.connection.on_media = take
    await scene.watch("a", viewer)
    await eventually(lambda: len(decrypted) + len(failed) > 100, seconds=10)
    assert not (failed if shifting else decrypted)
    assert scene.relay._channels["cam"]._audience.groups == 1


async def test_a_slow_tcp_viewer_costs_neither_memory_nor_other_viewers(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, stack: AsyncExitStack
) -> None:
    scene = await make_scene()
    quick, slow = new_viewer(), TcpViewer()
    await scene.watch("quick", quick)
    await slow.watch(scene, "slow")
    stack.push_async_callback(slow.close)
    await eventually(lambda: slow.media > 50)
    leg = scene.relay._viewers["slow"][1]
    await slow.pause()
    backlogs: list[int] = []
    before = quick.packets
    scene.source.size = 100_000
    for _ in range(60):
        await asyncio.sleep(0.05)
        backlogs.append(leg.path.backlog())
    assert 0 < max(backlogs) <= MAX_BACKLOG + 200_000
    assert leg.is_waiting
    assert quick.packets > before + 500
    scene.source.size = 2000
    slow.read()
    seen = slow.media
    await eventually(lambda: not leg.is_waiting and slow.media > seen + 400, seconds=10)


async def test_a_stock_aiortc_viewer_decodes_picture_and_sound(make_scene: MakeScene, stack: AsyncExitStack) -> None:
    scene = await make_scene(open_source("test", codec="vp8", audio=True))
    viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    stack.push_async_callback(viewer.close)
    tracks: dict[str, Any] = {}
    viewer.on("track", lambda track: tracks.update({track.kind: track}))
    offer = await scene.relay.viewer_offer("cam", "a", "owner")
    await viewer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    await viewer.setLocalDescription(await viewer.createAnswer())
    scene.relay.viewer_answer("a", viewer.localDescription.sdp)
    async with asyncio.timeout(15):
        pictures = [await tracks["video"].recv() for _ in range(10)]
        sounds = [await tracks["audio"].recv() for _ in range(10)]
    assert pictures[0].width >= 640 and pictures[9].pts > pictures[0].pts
    assert sounds[9].pts > sounds[0].pts
    assert scene.ended == {}


async def test_a_camera_without_udp_uploads_through_a_tunnel(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    """Its datagrams come as messages of a connection; here of a pair of callbacks."""
    scene = await make_scene()
    loop = asyncio.get_running_loop()
    peers: list[Any] = []

    class Messages(asyncio.DatagramProtocol):
        """Turns the camera's datagrams into messages and back."""

        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            if not peers:
                send = functools.partial(self.transport.sendto, addr=addr)
                peers.append(scene.relay.tunnel(addr, send, lambda: 0, lambda: None))
            peers[0].receive(data)

    transport, _ = await loop.create_datagram_endpoint(Messages, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    scene.edit_upload = lambda sdp: sdp.replace(f"127.0.0.1 {scene.relay.port} typ", f"127.0.0.1 {port} typ")
    viewer = new_viewer()
    await scene.watch("a", viewer)
    await eventually(lambda: viewer.packets > 100)
    assert scene.relay._channels["cam"].publisher.path is peers[0]
    peers[0].receive(b"")
    peers[0].receive(bytes(5000))
    transport.close()
