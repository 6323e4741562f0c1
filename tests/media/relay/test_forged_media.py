"""What comes from a peer's own verified address and is not its own, forged or damaged, goes nowhere and does nothing.

Whoever stands on the line can send from there. At the end of each test the same packet, whole and with the right keys,
does what it says: so it was the keys that told.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from media import rtcp
from media.relay import viewer as viewers
from media.relay.feedback import read_sender
from media.relay.leg import RTCP_TYPES
from tests.media.forging import BITRATE, another, farewell, forged, rtp, wishes

MakeScene = Callable[..., Awaitable[Any]]
NewViewer = Callable[[], Any]
Eventually = Callable[..., Awaitable[None]]
ROUNDS, PAUSE = 60, 0.02
"""Longer than a second: what may be wished for once a second is wished for."""
HEADER = 12
FALSE = b"\x41" + b"forged" * 30


class Ear:
    """What a viewer is sent, decrypted: payloads and sequence numbers of its pictures, and the camera's wall clock."""

    def __init__(self, viewer: Any) -> None:
        self.payloads: set[bytes] = set()
        self.sequences: list[int] = []
        self.clocks: list[float] = []
        self.ssrc = 0
        self._viewer = viewer
        viewer.connection.on_media = self._take

    def _take(self, data: bytes) -> None:
        keys = self._viewer.dtls._rx_srtp
        if data[1] in RTCP_TYPES:
            self.clocks += [ntp - rtcp.NTP_EPOCH for _, ntp, _, _ in read_sender(keys.unprotect_rtcp(data))[0]]
            return
        plain = keys.unprotect(data)
        extension = 4 + 4 * int.from_bytes(plain[14:16], "big") if plain[0] & 0x10 else 0
        self.payloads.add(plain[HEADER + extension :])
        self.sequences.append(int.from_bytes(plain[2:4], "big"))
        self.ssrc = int.from_bytes(plain[8:12], "big")


async def watching(make_scene: MakeScene, viewer: Any, eventually: Eventually) -> tuple[Any, Ear]:
    """A viewer that has seen all that the source ever shows: its pictures repeat."""
    scene, ear = await make_scene(), Ear(viewer)
    await scene.watch("a", viewer)
    await eventually(lambda: scene.source.delivered > 150 and len(ear.clocks) > 1, seconds=10)
    return scene, ear


async def goes_on(scene: Any, viewer: Any, eventually: Eventually) -> None:
    before = viewer.packets
    await eventually(lambda: viewer.packets > before + 150)
    assert (scene.ended, scene.over, len(scene.uploads), scene.errors) == ({}, 0, 1, [])


@pytest.mark.parametrize("kind", ["pictures", "reports"])
async def test_what_is_forged_from_the_cameras_address_reaches_nobody(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, kind: str
) -> None:
    viewer = new_viewer()
    scene, ear = await watching(make_scene, viewer, eventually)
    session = scene.sessions._sessions["upload-0"]
    peer, stream, chance = session._peer, session.viewer._video, random.Random(1)
    own = peer.dtls.protect if kind == "pictures" else peer.dtls.protect_rtcp
    other = another(peer.dtls)[kind == "reports"]

    def false_one() -> bytes:
        return (
            rtp(stream._payload_type, stream._sequence, stream.ssrc, FALSE)
            if kind == "pictures"
            else farewell(stream.ssrc)
        )

    true_ones = set(ear.payloads)
    for _ in range(ROUNDS):
        peer._sender.send(list(forged(false_one(), own, other, chance)))
        await asyncio.sleep(PAUSE)
    await goes_on(scene, viewer, eventually)
    assert ear.payloads == true_ones
    assert all(abs(clock - time.time()) < 3600 for clock in ear.clocks)
    peer._sender.send([own(false_one())])
    await eventually(lambda: FALSE in ear.payloads if kind == "pictures" else len(scene.uploads) == 2)


async def test_what_is_forged_from_a_viewers_address_is_not_acted_upon(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "SETTLED_SECONDS", 0.0)
    viewer = new_viewer()
    scene, ear = await watching(make_scene, viewer, eventually)
    leg, chance = scene.relay._viewers["a"][1], random.Random(1)
    own, other = viewer.dtls._tx_srtp.protect_rtcp, another(viewer.dtls)[1]
    asked, before = scene.source.keyframe_requests, len(ear.sequences)
    for _ in range(ROUNDS):
        for packet in forged(wishes(ear.ssrc, ear.sequences[-20:]), own, other, chance):
            await viewer.connection.send(packet)
        await asyncio.sleep(PAUSE)
    await goes_on(scene, viewer, eventually)
    assert scene.source.keyframe_requests == asked and leg.bitrate is None
    assert len(set(ear.sequences[before:])) == len(ear.sequences[before:]), "nothing was sent twice"
    await viewer.connection.send(own(wishes(ear.ssrc, ear.sequences[-20:])))
    await eventually(lambda: scene.source.keyframe_requests > asked and leg.bitrate == BITRATE)
