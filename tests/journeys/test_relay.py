"""The relay inside the server carries the picture: real server, real camera, viewers that ask for this way."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPsfbPacket, RtcpRrPacket, RtpPacket

from tests.home import CameraProcess, Household, household
from tests.journeys.relay_viewer import RelayViewer, signed_in, until
from tests.servers import belvedere, free_port
from tests.signaling.viewer_client import Fault

RTCP_TYPES = range(192, 224)
"""Second byte of an RTCP packet (RFC 5761 §4)."""
SLICE, FRAGMENT, MANY_BYTES = 1, 28, 100
"""Pictures between key frames, whole or in fragments (RFC 6184 §5.6, §5.8): of so many bytes no two are alike."""
CROWD = 50
"""As many as one camera may have over the relay by default."""
Place = tuple[Household, CameraProcess]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with household(tmp_path_factory.mktemp("relay"), metrics_port=str(free_port())) as home:
        yield home, home.add_camera("Garden")


def uploads(home: Household) -> float:
    return home.open_now()["relay_uploads"]


async def test_packets_arrive_and_the_upload_ends_with_the_last_viewer(place: Place, stack: AsyncExitStack) -> None:
    home, camera = place
    peer = await stack.enter_async_context(signed_in(home.server.url, home.token))
    viewers = [RelayViewer(), RelayViewer()]
    for viewer in viewers:
        stack.push_async_callback(viewer.close)
        told = await viewer.watch(peer, camera.id)
        assert told["via"] == "relay" and "relay" in told["ways"]
        await until(lambda viewer=viewer: viewer.packets > 50, "packets")
    assert uploads(home) == 1
    await viewers[0].close()
    await asyncio.sleep(1.5)
    assert uploads(home) == 1
    await viewers[1].close()
    assert await until(lambda: uploads(home) == 0, "the upload is over") < 2.0


async def test_nobody_sees_again_what_was_shown_because_another_lost_its_picture(
    place: Place, stack: AsyncExitStack
) -> None:
    home, camera = place
    peer = await stack.enter_async_context(signed_in(home.server.url, home.token))
    calm, unlucky = RelayViewer(), RelayViewer()
    payloads: list[bytes] = []

    def take(data: bytes) -> None:
        if calm.dtls is None or calm.dtls._rx_srtp is None or data[1] in RTCP_TYPES:
            return
        packet = RtpPacket.parse(calm.dtls._rx_srtp.unprotect(data))
        payload = packet.payload
        kind = payload[1 if payload[0] & 0x1F == FRAGMENT else 0] & 0x1F
        if kind == SLICE and len(payload) >= MANY_BYTES:
            payloads.append(payload)

    calm.connection.on_media = take
    for viewer in (calm, unlucky):
        stack.push_async_callback(viewer.close)
        await viewer.watch(peer, camera.id)
        await until(lambda viewer=viewer: viewer.packets > 50, "packets")
    loss = bytes(RtcpRrPacket(ssrc=1)) + bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=2))
    for _ in range(8):
        await unlucky.connection.send(unlucky.dtls._tx_srtp.protect_rtcp(loss))
        await asyncio.sleep(0.5)
    assert len(payloads) > 100 and len(set(payloads)) == len(payloads), "the camera sent some of them twice"


async def test_a_crowd_costs_one_upload_and_the_next_viewer_is_told_why_not(
    place: Place, stack: AsyncExitStack
) -> None:
    home, camera = place
    peer = await stack.enter_async_context(signed_in(home.server.url, home.token))
    viewers = [RelayViewer() for _ in range(CROWD)]
    for viewer in viewers:
        stack.push_async_callback(viewer.close)
        await viewer.watch(peer, camera.id)
    await until(lambda: all(viewer.packets > 20 for viewer in viewers), "packets for all", 30)
    assert home.open_now()["relay_viewers"] == CROWD and uploads(home) == 1
    result = await peer.request("connect", peer=camera.id, belvedere={"via": "relay"})
    refusal = (await peer.expect("error"))["params"]
    assert (refusal["session"], refusal["code"]) == (result["session"], 1001)
    assert refusal["message"].startswith("camera: ")


async def test_a_logout_ends_the_relayed_picture(place: Place, stack: AsyncExitStack) -> None:
    home, camera = place
    token = home.server.sign_in()
    peer = await stack.enter_async_context(signed_in(home.server.url, token))
    viewer = RelayViewer()
    stack.push_async_callback(viewer.close)
    await viewer.watch(peer, camera.id)
    await until(lambda: viewer.packets > 20, "packets")
    status, _ = await asyncio.to_thread(home.server.call, "DELETE", "/api/sessions/current", None, token)
    assert status == 204
    await asyncio.sleep(1.0)
    seen = viewer.packets
    await asyncio.sleep(1.0)
    assert viewer.packets == seen
    await until(lambda: uploads(home) == 0, "the upload is over")


async def test_the_picture_comes_back_by_itself_when_the_camera_was_restarted(
    place: Place, stack: AsyncExitStack
) -> None:
    home, camera = place
    peer = await stack.enter_async_context(signed_in(home.server.url, home.token))
    viewer = RelayViewer()
    stack.push_async_callback(viewer.close)
    await viewer.watch(peer, camera.id)
    await until(lambda: viewer.packets > 20, "packets")
    camera.kill()
    await until(lambda: not home.camera(camera.id)["online"], "the camera is gone")
    seen = viewer.packets
    camera.start()
    await until(lambda: viewer.packets > seen + 50, "packets again", 30)


async def test_a_camera_that_is_away_is_named_as_the_reason(place: Place, stack: AsyncExitStack) -> None:
    home, camera = place
    peer = await stack.enter_async_context(signed_in(home.server.url, home.token))
    camera.stop()
    home.wait_online(camera, online=False)
    with pytest.raises(Fault) as refused:
        await peer.request("connect", peer=camera.id, belvedere={"via": "relay"})
    assert refused.value.code == 480
    camera.start()
    home.wait_online(camera)


def test_without_its_port_the_server_goes_without_a_relay_and_says_so(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = str(taken.getsockname()[1])
        with belvedere(tmp_path, relay_port=port) as server:
            assert server.call("GET", "/readyz")[0] == 200
            lines = [line for line in server.output.splitlines() if "no_relay" in line]
            assert len(lines) == 1 and port in lines[0]
        assert server.output.count("Traceback") == 0


def test_a_server_may_go_without(tmp_path: Path) -> None:
    with belvedere(tmp_path, relay="0") as server:
        assert server.call("GET", "/readyz")[0] == 200
        assert "relay" not in server.output
