"""A relay that is a program of its own: what it carries outlives the server, and its own end is told clearly."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from aioice import stun

from media.relay.stun_port import one_of_each_family
from tests.home import CameraProcess, Household, household
from tests.journeys.relay_viewer import RelayViewer, signed_in, until
from tests.servers import RELAY_SECRET, RelayProcess, relay_process
from tests.signaling.viewer_client import Fault, connected

Place = tuple[Household, CameraProcess, RelayProcess]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("relay")
    with (
        household(folder, relay="0", relay_secret=RELAY_SECRET) as home,
        relay_process(folder / "relay", home.server.url) as relay,
    ):
        yield home, home.add_camera("Garden"), relay


def times_connected(camera: CameraProcess) -> int:
    """How often the camera began to send to somebody."""
    return camera.output.count("viewer_connected")


async def test_the_picture_flows_on_while_the_server_restarts_and_is_taken_up_again(
    place: Place, stack: AsyncExitStack
) -> None:
    home, camera, relay = place
    viewer = RelayViewer()
    stack.push_async_callback(viewer.close)
    async with signed_in(home.server.url, home.token) as peer:
        await viewer.watch(peer, camera.id)
        await until(lambda: viewer.packets > 50, "packets")
        began = times_connected(camera)
        await asyncio.to_thread(home.server.kill)
    seen = viewer.packets
    await until(lambda: viewer.packets > seen + 50, "packets without a server")
    await asyncio.to_thread(home.server.start)
    await until(relay.joined, "the relay is back")
    await asyncio.to_thread(home.wait_online, camera)
    async with connected(f"{home.server.url}/api/signaling", f"Bearer {home.token}") as peer:
        registered = await peer.register(belvedere={"tickets": [viewer.ticket]})
        assert registered["belvedere"]["adopted"] == [viewer.session]
        seen = viewer.packets
        await until(lambda: viewer.packets > seen + 50, "packets after the restart")
        assert times_connected(camera) == began, "the upload is the old one"
        second = RelayViewer()
        stack.push_async_callback(second.close)
        await second.watch(peer, camera.id)
        await until(lambda: second.packets > 20, "packets for another viewer")
        assert times_connected(camera) == began, "it shares the upload"
        assert (await peer.request("extend", session=viewer.session))["expiryTimeSeconds"] > 3000
        await peer.tell("belvedere.close", session=viewer.session, reason="enough")
        await asyncio.sleep(0.5)
        seen = viewer.packets
        await asyncio.sleep(0.5)
        assert viewer.packets == seen


async def test_who_watches_over_it_is_told_its_stun_and_not_the_port_of_its_media(place: Place) -> None:
    home, camera, _ = place
    async with signed_in(home.server.url, home.token) as peer:
        result = await peer.request("connect", peer=camera.id, belvedere={"via": "relay"})
        offer = (await peer.expect("invite"))["params"]["offer"]
        await peer.tell("belvedere.close", session=result["session"], reason="seen")
    named = [url for server in result["iceServers"] for url in server["urls"]]
    places = [(line.split()[4], int(line.split()[5])) for line in offer.splitlines() if " udp " in line]
    assert len(named) == len(one_of_each_family([host for host, _ in places]))
    for url in named:
        host, _, port = url.removeprefix("stun:").rpartition(":")
        host = host.strip("[]")
        assert await asyncio.to_thread(has_stun, host, int(port)) and (host, int(port)) not in places
        assert host in dict(places)


def has_stun(host: str, port: int) -> bool:
    """Whether it answers within a second."""
    request = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.sendto(request, (host, port))
        try:
            return asking.recv(100)[8:20] == request[8:20]
        except OSError:
            return False


async def test_without_it_the_way_is_closed_and_it_comes_back(place: Place, stack: AsyncExitStack) -> None:
    home, camera, relay = place
    peer = await stack.enter_async_context(signed_in(home.server.url, home.token))
    relay.kill()
    with pytest.raises(Fault) as refused:
        await peer.request("connect", peer=camera.id, belvedere={"via": "relay"})
    assert refused.value.code == 488
    result = await peer.request("connect", peer=camera.id)
    assert result["belvedere"]["via"] == "direct" and result["belvedere"]["ways"] == ["direct"]
    await peer.expect("invite")
    await asyncio.to_thread(relay.start)
    viewer = RelayViewer()
    stack.push_async_callback(viewer.close)
    await viewer.watch(peer, camera.id)
    await until(lambda: viewer.packets > 20, "packets")


async def test_a_relay_with_another_secret_is_told_so_and_does_not_get_in(place: Place) -> None:
    home, _, relay = place
    wrong = RelayProcess(relay.folder.parent / "wrong", home.server.url, {"relay_secret": "x" * 40})
    try:
        wrong.start(wait=False)
        await until(lambda: "relay_rejected" in wrong.output, "the log names the fault")
        assert not wrong.joined()
        assert "BELVEDERE_RELAY_SECRET" in wrong.output and "x" * 40 not in wrong.output
    finally:
        assert wrong.stop() == 0


async def test_one_that_is_told_to_end_says_goodbye_to_its_viewers(place: Place, stack: AsyncExitStack) -> None:
    home, camera, relay = place
    peer = await stack.enter_async_context(signed_in(home.server.url, home.token))
    viewer = RelayViewer()
    stack.push_async_callback(viewer.close)
    await viewer.watch(peer, camera.id)
    await until(lambda: viewer.packets > 20, "packets")
    assert await asyncio.to_thread(relay.stop) == 0
    told = (await peer.expect("belvedere.close"))["params"]
    assert told["session"] == viewer.session
    assert "Traceback" not in relay.output
    await asyncio.to_thread(relay.start)
