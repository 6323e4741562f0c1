"""What comes to a camera from a viewer's own verified address and is not its own does nothing; its own does."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from media.relay.leg import RTCP_TYPES
from tests.media.forging import BITRATE, another, forged, wishes

Eventually = Callable[..., Awaitable[None]]
ROUNDS, PAUSE = 60, 0.02
"""Longer than a second: what may be wished for once a second is wished for."""


async def test_what_is_forged_from_a_viewers_address_is_not_acted_upon(
    camera: Any, new_viewer: Any, eventually: Eventually
) -> None:
    viewer = new_viewer()
    sequences: list[int] = []

    def take(data: bytes) -> None:
        if data[1] not in RTCP_TYPES:
            sequences.append(int.from_bytes(data[2:4], "big"))

    viewer.connection.on_media = take
    await camera.join("s", viewer)
    await eventually(lambda: camera.source.delivered > 100 and len(sequences) > 100)
    served, chance = camera.sessions._sessions["s"].viewer, random.Random(1)
    own, other = viewer.dtls._tx_srtp.protect_rtcp, another(viewer.dtls)[1]
    asked, before = camera.source.keyframe_requests, len(sequences)
    for _ in range(ROUNDS):
        for packet in forged(wishes(served._video.ssrc, sequences[-20:]), own, other, chance):
            await viewer.connection.send(packet)
        await asyncio.sleep(PAUSE)
    await eventually(lambda: len(sequences) > before + 150)
    assert camera.source.keyframe_requests == asked and served.estimated_bitrate is None and camera.ended == {}
    assert len(set(sequences[before:])) == len(sequences[before:]), "nothing was sent twice"
    await viewer.connection.send(own(wishes(served._video.ssrc, sequences[-20:])))
    await eventually(lambda: camera.source.keyframe_requests > asked and served.estimated_bitrate == BITRATE)
