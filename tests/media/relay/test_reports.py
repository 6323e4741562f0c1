"""RTCP through the relay: wishes merged, the least bitrate passed on, clocks told right, losses made good."""

import asyncio
import itertools
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSrPacket, pack_remb_fci

from media import rtcp
from media.relay import viewer as viewers
from media.relay.channel import KEY_FRAME_INTERVAL

MakeScene = Callable[..., Awaitable[Any]]
NewViewer = Callable[[], Any]
NewLink = Callable[..., Awaitable[Any]]
Eventually = Callable[..., Awaitable[None]]


async def say(viewer: Any, *packets: Any) -> None:
    """RTCP from a viewer; every compound begins with a report (RFC 3550 §6.1)."""
    data = b"".join(bytes(packet) for packet in (RtcpRrPacket(ssrc=1), *packets))
    await viewer.connection.send(viewer.dtls._tx_srtp.protect_rtcp(data))


def is_rtcp(data: bytes) -> bool:
    return 192 <= data[1] < 224


async def test_wishes_for_key_frames_become_one_per_interval(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    crowd = [new_viewer() for _ in range(3)]
    for number, viewer in enumerate(crowd):
        await scene.watch(str(number), viewer)
    await eventually(lambda: all(viewer.packets > 20 for viewer in crowd))
    publisher = scene.relay._channels["cam"].publisher
    asked: list[float] = []
    original = publisher.ask_for_key_frame
    publisher.ask_for_key_frame = lambda **how: asked.append(time.monotonic()) or original(**how)
    requests = scene.source.keyframe_requests
    for _ in range(40):
        for viewer in crowd:
            await say(viewer, RtcpPsfbPacket(fmt=1, ssrc=1, media_ssrc=2))
        await asyncio.sleep(0.03)
    assert asked and all(later - first >= KEY_FRAME_INTERVAL for first, later in itertools.pairwise(asked))
    await eventually(lambda: scene.source.keyframe_requests > requests)


async def test_the_camera_hears_the_least_bitrate(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "SETTLED_SECONDS", 0.0)
    scene = await make_scene()
    crowd = [new_viewer() for _ in range(2)]
    for number, viewer in enumerate(crowd):
        await scene.watch(str(number), viewer)
    for viewer, bitrate in zip(crowd, (900_000, 2_000_000), strict=True):
        await say(viewer, RtcpPsfbPacket(fmt=15, ssrc=1, media_ssrc=0, fci=pack_remb_fci(bitrate, [2])))
    session = scene.sessions._sessions["upload-0"]
    await eventually(lambda: session.viewer.estimated_bitrate == 900_000)


async def test_sender_reports_tell_the_cameras_clock_in_output_time(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    viewer = new_viewer()
    reports: list[tuple[RtcpSrPacket, int]] = []
    newest = [0]

    def take(data: bytes) -> None:
        if not is_rtcp(data):
            newest[0] = int.from_bytes(data[4:8], "big")
        elif viewer.dtls._rx_srtp is not None:
            packets = RtcpPacket.parse(viewer.dtls._rx_srtp.unprotect_rtcp(data))
            reports.extend((packet, newest[0]) for packet in packets if isinstance(packet, RtcpSrPacket))

    viewer.connection.on_media = take
    await scene.watch("a", viewer)
    await eventually(lambda: len(reports) >= 3, seconds=8)
    streams = scene.relay._channels["cam"].streams
    report, shown = reports[-1]
    wall = report.sender_info.ntp_timestamp / (1 << 32) - rtcp.NTP_EPOCH
    assert report.ssrc == streams.video.ssrc
    assert abs(wall - time.time()) < 1.0
    assert abs((report.sender_info.rtp_timestamp - shown + 2**31) % 2**32 - 2**31) < 90_000 // 2
    assert 0 < report.sender_info.packet_count < viewer.packets + 300


async def test_a_lost_packet_is_sent_again_the_same_to_the_last_bit(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    viewer = new_viewer()
    seen: dict[int, list[bytes]] = {}

    def take(data: bytes) -> None:
        if not is_rtcp(data):
            seen.setdefault(int.from_bytes(data[2:4], "big"), []).append(data)

    viewer.connection.on_media = take
    await scene.watch("a", viewer)
    await eventually(lambda: len(seen) > 150)
    ssrc = struct.unpack_from("!I", next(iter(seen.values()))[0], 8)[0]
    asked = list(seen)[-100::7]
    await say(viewer, RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=ssrc, lost=sorted(asked)))
    await eventually(lambda: all(len(seen[number]) == 2 for number in asked))
    assert all(first == again for first, again in (seen[number] for number in asked))


async def test_a_camera_that_falls_silent_is_asked_to_upload_again(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually
) -> None:
    scene = await make_scene()
    cut = [False]
    link = await new_link(scene.relay.port, lambda *_: cut[0])
    scene.edit_upload = link.edit
    viewer = new_viewer()
    await scene.watch("a", viewer)
    await eventually(lambda: viewer.packets > 50)
    cut[0] = True
    scene.edit_upload = str
    await eventually(lambda: len(scene.uploads) == 2)
    before = viewer.packets
    await eventually(lambda: viewer.packets > before + 50)
    assert scene.ended == {}
