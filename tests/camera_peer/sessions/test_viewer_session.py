"""Sessions of a camera with real ICE and DTLS towards viewers in the same process."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpPsfbPacket, RtcpRtpfbPacket, RtpPacket

from camera_peer import viewer_session
from camera_peer.viewer import FIRST_RESTART_SECONDS
from camera_peer.viewer_session import Sessions, TooManySessions, UnknownSession
from media import peer
from media.answer import BadAnswer
from signaling.protocol.messages import IceServer
from signaling.protocol.trust.session import fingerprint_of
from signaling.protocol.trust.statement import Untrue

Eventually = Callable[..., Awaitable[None]]
NewViewer = Callable[[], Any]
SENDER_REPORT = 200
"""RFC 3550 §12.1."""


class Tap:
    """Decrypts what a light viewer gets, and speaks RTCP for it."""

    def __init__(self, viewer: Any) -> None:
        self.packets: list[RtpPacket] = []
        self.lose_at = -1
        self.lost: int | None = None
        self._early: list[bytes] = []
        self._viewer = viewer
        viewer.connection.on_media = self._take

    def _take(self, data: bytes) -> None:
        if 64 <= data[1] & 0x7F < 96:
            return
        number = int.from_bytes(data[2:4], "big")
        if len(self.packets) == self.lose_at and self.lost is None:
            self.lost = number
            return
        self._early.append(data)
        keys = self._viewer.dtls._rx_srtp
        if keys is not None:
            self.packets += [RtpPacket.parse(keys.unprotect(early)) for early in self._early]
            self._early.clear()

    async def say(self, packet: Any) -> None:
        await self._viewer.dtls._send_rtp(bytes(packet))


async def test_a_viewer_gets_the_cached_key_frame_first_and_then_live(
    camera: Any, new_viewer: NewViewer, eventually: Eventually
) -> None:
    await asyncio.sleep(0.3)
    viewer = new_viewer()
    tap = Tap(viewer)
    await camera.join("s", viewer)
    await eventually(lambda: len(tap.packets) > 60)
    assert tap.packets[0].payload[0] & 0x1F == 24, "parameter sets come first"
    numbers = [packet.sequence_number for packet in tap.packets]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert camera.source.demands == [True]


async def test_after_the_last_viewer_nothing_is_wanted_or_sent(
    camera: Any, new_viewer: NewViewer, eventually: Eventually
) -> None:
    one, two = new_viewer(), new_viewer()
    await camera.join("one", one)
    await camera.join("two", two)
    await camera.sessions.close("one")
    before = two.packets
    await eventually(lambda: two.packets > before + 10)
    await two.close()
    await eventually(lambda: camera.source.demands == [True, False], seconds=1.0)
    await eventually(lambda: camera.ended == {"two": "the viewer left"})
    assert len(camera.sessions) == 0 and camera.broadcast.viewers == 0


async def test_a_lost_packet_is_sent_again(camera: Any, new_viewer: NewViewer, eventually: Eventually) -> None:
    viewer = new_viewer()
    tap = Tap(viewer)
    tap.lose_at = 20
    await camera.join("s", viewer)
    await eventually(lambda: tap.lost is not None and len(tap.packets) > 30)
    await tap.say(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=tap.packets[0].ssrc, lost=[tap.lost]))
    await eventually(lambda: tap.lost in [packet.sequence_number for packet in tap.packets])


async def test_picture_loss_brings_the_group_again_and_one_request_to_the_source(
    camera: Any, new_viewer: NewViewer, eventually: Eventually
) -> None:
    viewer = new_viewer()
    tap = Tap(viewer)
    await camera.join("s", viewer)
    await eventually(lambda: len(tap.packets) > 20)
    await asyncio.sleep(FIRST_RESTART_SECONDS)
    tap.packets.clear()
    for _ in range(5):
        await tap.say(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=1))
    await eventually(lambda: any(packet.payload[0] & 0x1F == 24 for packet in tap.packets), seconds=0.5)
    assert camera.source.keyframe_requests == 1


async def test_a_stock_viewer_decodes_the_picture(
    run_camera: Callable[[Any], Awaitable[Any]], clip: ModuleType
) -> None:
    camera = await run_camera(clip.ClipSource(clip.encode_clip(width=320, height=240, frames=30, group=30)))
    await asyncio.sleep(0.5)
    viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tracks: list[Any] = []
    viewer.on("track", tracks.append)
    try:
        await viewer.setRemoteDescription(RTCSessionDescription(await camera.open("s"), "offer"))
        await viewer.setLocalDescription(await viewer.createAnswer())
        await camera.sessions.answer("s", viewer.localDescription.sdp)
        async with asyncio.timeout(30):
            pictures = [await tracks[0].recv() for _ in range(20)]
    finally:
        await viewer.close()
    assert {(picture.width, picture.height) for picture in pictures} == {(320, 240)}
    times = [picture.pts for picture in pictures]
    assert times == sorted(set(times))


async def test_candidates_may_come_before_the_answer_and_junk_among_them_is_dropped(
    camera: Any, new_viewer: NewViewer
) -> None:
    viewer = new_viewer()
    offer = await camera.open("s")
    for candidate in ("candidate:1 1 udp 1 0e1.local 9 typ host", "junk", "candidate:1 1 udp 1 0.0.0.0 9 typ host", ""):
        camera.sessions.add_candidate("s", candidate)
    camera.sessions.add_candidate("nobody", "candidate:1 1 udp 1 192.0.2.1 9 typ host")
    answer = await viewer.answer(offer)
    await camera.sessions.answer("s", "\r\n".join(line for line in answer.split("\r\n") if "candidate" not in line))
    async with asyncio.timeout(30):
        await viewer.connected.wait()


async def test_a_bad_answer_says_why_and_frees_the_session(camera: Any) -> None:
    await camera.open("s")
    with pytest.raises(BadAnswer, match="no video"):
        await camera.sessions.answer("s", "v=0\r\n")
    assert len(camera.sessions) == 0
    with pytest.raises(UnknownSession):
        await camera.sessions.answer("s", "v=0\r\n")


async def test_a_certificate_other_than_announced_ends_the_session(
    camera: Any, new_viewer: NewViewer, eventually: Eventually
) -> None:
    viewer = new_viewer()
    answer = await viewer.answer(await camera.open("s"))
    forged = "a=fingerprint:sha-256 " + ":".join(["00"] * 32)
    lines = [forged if line.startswith("a=fingerprint") else line for line in answer.split("\r\n")]
    await camera.sessions.answer("s", "\r\n".join(lines))
    await eventually(lambda: "s" in camera.ended)
    assert "certificate" in camera.ended["s"]
    assert viewer.packets == 0


async def test_swap_only_the_signed_certificate_is_taken(
    camera: Any, new_viewer: NewViewer, eventually: Eventually
) -> None:
    viewer = new_viewer()
    answer = await viewer.answer(await camera.open("s"))
    signed = fingerprint_of(answer)
    other = f"a=fingerprint:sha-256 {':'.join(['CD'] * 32)}\r\n"
    with pytest.raises(Untrue, match="another certificate than the signed one"):
        await camera.sessions.answer("s", answer.replace("a=fingerprint", f"{other}a=fingerprint"), signed)
    assert len(camera.sessions) == 0
    honest = new_viewer()
    answer = await honest.answer(await camera.open("t"))
    await camera.sessions.answer("t", answer, fingerprint_of(answer))
    await eventually(lambda: honest.packets > 0)


async def test_a_name_is_given_again_only_when_all_of_its_former_session_is_closed(
    camera: Any, new_viewer: NewViewer, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, closing = asyncio.Event(), asyncio.Event()
    plainly = peer.SendingPeer.close

    async def slowly(self: peer.SendingPeer) -> None:
        """A TURN server that leaves the last request unanswered."""
        closing.set()
        await go_on.wait()
        await plainly(self)

    viewer = new_viewer()
    await camera.join("one", viewer)
    monkeypatch.setattr(peer.SendingPeer, "close", slowly)
    await viewer.close()
    await closing.wait()
    goodbye = asyncio.create_task(camera.sessions.close("one"))
    with pytest.raises(ValueError, match="exists"):
        await camera.open("one")
    assert camera.sessions.running() == []
    go_on.set()
    await goodbye
    await eventually(lambda: "one" in camera.ended)
    await camera.open("one")
    assert camera.sessions.running() == ["one"]


async def test_sessions_are_counted(camera: Any) -> None:
    sessions = Sessions(camera.broadcast, limit=2)
    await sessions.open("one", [], lambda *_: None)
    await sessions.open("two", [], lambda *_: None)
    with pytest.raises(ValueError, match="exists"):
        await sessions.open("two", [], lambda *_: None)
    with pytest.raises(TooManySessions):
        await sessions.open("three", [], lambda *_: None)
    await sessions.close("one")
    await sessions.open("three", [], lambda *_: None)
    for name in ("two", "three"):
        await sessions.close(name)


async def test_an_unanswered_offer_ends(camera: Any, eventually: Eventually, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_session, "ANSWER_LIMIT", 0.1)
    await camera.open("s")
    await eventually(lambda: camera.ended == {"s": "the viewer did not answer"})


async def test_a_viewer_that_cannot_be_reached_is_given_up(
    camera: Any, new_viewer: NewViewer, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert peer.WAY_LIMIT < 5
    monkeypatch.setattr(peer, "WAY_LIMIT", 0.3)
    viewer = new_viewer()
    answer = await viewer.answer(await camera.open("s"))
    await viewer.close()
    await camera.sessions.answer("s", answer)
    await eventually(lambda: camera.ended == {"s": "no way to the viewer was found in time"})


async def test_a_picture_that_stands_is_reported_each_second(
    run_camera: Callable[[Any], Awaitable[Any]], camera: Any, new_viewer: NewViewer, eventually: Eventually
) -> None:
    """A viewer that hears nothing for two seconds looks for another way."""
    source = type(camera.source)()
    run = source.run
    standing = asyncio.Event()
    source.run = lambda sink: run(lambda frame: None if standing.is_set() else sink(frame))
    still = await run_camera(source)
    viewer, reports = new_viewer(), []
    await still.join("s", viewer)
    loop = asyncio.get_running_loop()

    def take(data: bytes) -> None:
        assert not standing.is_set() or data[1] == SENDER_REPORT
        if data[1] == SENDER_REPORT:
            reports.append(loop.time())

    await eventually(lambda: viewer.packets > 60)
    standing.set()
    await asyncio.sleep(0.1)
    viewer.connection.on_media = take
    await eventually(lambda: len(reports) >= 3)
    gaps = [later - earlier for earlier, later in itertools.pairwise(reports)]
    assert max(gaps) < 1.6, gaps


async def test_a_viewer_that_vanished_is_noticed(camera: Any, new_viewer: NewViewer, eventually: Eventually) -> None:
    """As a process that is killed: its sockets are gone, and nobody says goodbye."""
    viewer = new_viewer()
    await camera.join("s", viewer)
    for protocol in viewer.connection._protocols:
        protocol.transport.pause_reading() if hasattr(protocol.transport, "pause_reading") else None
        protocol.transport.abort()
    await eventually(lambda: camera.ended == {"s": "the viewer fell silent"}, seconds=3.0)
    assert camera.source.demands == [True, False]


async def test_a_relay_beside_the_turn_server_is_not_taken_for_it(camera: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both at one address, as on a small installation: pairs with the relay are not held back."""
    monkeypatch.setattr("media.warm.addresses_of", one_address)
    servers = [IceServer(["turn:belvedere.home"], "name", "word")]
    camera.sessions.use_ice_servers(servers)
    await asyncio.sleep(0.6)
    for name, relay in (("viewer", False), ("relay", True)):
        await camera.sessions.open(name, servers, lambda *_: None, relay=relay)
    hosts = {name: session._peer.connection.turn_hosts for name, session in camera.sessions._sessions.items()}
    assert hosts == {"viewer": {"192.0.2.1"}, "relay": frozenset()}


async def one_address(_host: str, port: int) -> dict[int, tuple[str, int]]:
    return {4: ("192.0.2.1", port)}
