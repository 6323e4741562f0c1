"""A real browser in the laboratory: Chromium behind one router, aiortc behind another, hole punching between."""

import asyncio
from concurrent.futures import Future
from pathlib import Path

import pytest
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from playwright.async_api import async_playwright

from tests.browser import CHROMIUM, FLAGS
from tests.natlab.addresses import SERVER_4, STUN_PORT
from tests.natlab.lab import Lab
from tests.natlab.rules import REMAP_PORTS

pytestmark = [pytest.mark.namespace, pytest.mark.browser]

STUN = f"stun:{SERVER_4.stun}:{STUN_PORT}"
MESSAGES, MESSAGE_BYTES = 100, 1000
LIMIT_SECONDS = 30.0
ANSWER = """
async ([stun, sdp]) => {
  window.pc = new RTCPeerConnection({ iceServers: [{ urls: stun }] });
  window.arrived = 0;
  pc.ondatachannel = ({ channel }) => { channel.onmessage = () => { window.arrived += 1; }; };
  const gathered = new Promise((done) => { pc.onicecandidate = ({ candidate }) => candidate || done(); });
  await pc.setRemoteDescription({ type: 'offer', sdp });
  await pc.setLocalDescription();
  await gathered;
  return pc.localDescription.sdp;
}
"""


async def camera(offer: "Future[str]", answer: "Future[str]", seen: "Future[None]") -> None:
    """Offers a data channel and sends on it."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[RTCIceServer(STUN)]))
    try:
        channel = peer.createDataChannel("media")
        opened = asyncio.Event()
        channel.on("open", opened.set)
        await peer.setLocalDescription(await peer.createOffer())
        offer.set_result(peer.localDescription.sdp)
        sdp = await asyncio.wait_for(asyncio.wrap_future(answer), LIMIT_SECONDS)
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        await peer.addIceCandidate(None)
        await asyncio.wait_for(opened.wait(), LIMIT_SECONDS)
        for _ in range(MESSAGES):
            channel.send(bytes(MESSAGE_BYTES))
        await asyncio.wait_for(asyncio.wrap_future(seen), LIMIT_SECONDS)
    finally:
        await peer.close()


def reflexive_port(sdp: str) -> int:
    """Port of the only server-reflexive candidate."""
    (line,) = [line for line in sdp.splitlines() if " typ srflx " in line]
    return int(line.split()[5])


async def test_chromium_is_reached_directly(tmp_path: Path) -> None:
    offer, answer = Future[str](), Future[str]()
    seen = Future[None]()
    with Lab(camera="port-restricted", viewer="port-remap", delay_ms=5) as lab:
        agent = lab.camera.call(lambda: asyncio.run(camera(offer, answer, seen)))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=lab.viewer.script(tmp_path / "chromium", CHROMIUM), args=FLAGS
            )
            page = await browser.new_page()
            sdp = await page.evaluate(ANSWER, [STUN, await asyncio.wrap_future(offer)])
            first, _, last = REMAP_PORTS.partition("-")
            assert int(first) <= reflexive_port(sdp) <= int(last)
            # Names that only multicast on the viewer's LAN could resolve would cost aiortc a second.
            answer.set_result("".join(line for line in sdp.splitlines(True) if ".local " not in line))
            await page.wait_for_function(f"window.arrived === {MESSAGES}", timeout=LIMIT_SECONDS * 1000)
            assert lab.received("viewer")["direct"] > MESSAGES * MESSAGE_BYTES
            seen.set_result(None)
            await asyncio.wrap_future(agent)
            await browser.close()
