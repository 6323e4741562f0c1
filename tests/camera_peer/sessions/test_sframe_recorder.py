"""A relay that keeps everything, and is told nothing: what it holds in the end. Real ICE, DTLS and RTP up to it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from aiortc.rtp import RTCP_PSFB_FIR, RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpPsfbPacket, RtcpRtpfbPacket, RtpPacket

from camera_peer.viewer import KEY_FRAME_PATIENCE
from media import h264
from media.frames import EncodedFrame, FrameSink
from media.sealed_frames import CLEAR_DELTA, CLEAR_KEY, CLEAR_SLICE
from signaling.protocol.trust.envelope import SenderKey
from tests.camera_peer.sessions.test_viewer_session import Tap
from tests.media.fixtures import TickSource
from tests.media.opener import Opener
from tests.media.recording import entropy, frames_in, likeness, pictures_in

RunCamera = Callable[[Any], Awaitable[Any]]
NewViewer = Callable[[], Any]
Eventually = Callable[..., Awaitable[None]]
KEY, NEXT = SenderKey(7, os.urandom(32)), SenderKey(8, os.urandom(32))
UNLIKE = 0.3
"""Noise of so many blocks is less like anything than this; a picture like itself is near 1."""
BITS = 7.99
"""Of 8, for each byte: 100,000 random bytes have 7.998."""


async def recorded(camera: Any, viewer: Any, eventually: Eventually, packets: int) -> list[RtpPacket]:
    """The double's: it is answered like a relay."""
    tap = Tap(viewer)
    await camera.join("upload", viewer, relay=True, sealed=True)
    await eventually(lambda: len(tap.packets) > packets, seconds=15.0)
    return list(tap.packets)


def hidden(codec: str, frame: bytes) -> bytes:
    """The part of a frame that is to look like noise."""
    if codec == "vp8":
        return frame[(CLEAR_DELTA if frame[0] & 1 else CLEAR_KEY) + 8 :]
    units = (unit for unit in h264.split(frame) if unit[0] & 0x1F in (1, 5))
    return b"".join(unit[CLEAR_SLICE + 8 : -1].replace(b"\0\0\3", b"\0\0") for unit in units)


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_sframe_recorder_holds_no_frame_that_shows_anything(
    run_camera: RunCamera, new_viewer: NewViewer, eventually: Eventually, clip: ModuleType, codec: str
) -> None:
    made = clip.encode_clip(codec, width=640, height=480, frames=30, group=15, bitrate=1_500_000)
    camera = await run_camera(clip.ClipSource(made, codec=codec))
    camera.broadcast.seal(KEY)
    packets = await recorded(camera, new_viewer(), eventually, 260)
    frames = frames_in(codec, packets)
    opener = Opener({KEY.epoch: KEY.secret})
    plain = [(opener.open_h264 if codec == "h264" else opener.open_vp8)(frame) for frame in frames]
    truth, seen = pictures_in(codec, plain), pictures_in(codec, frames)
    assert len(truth) >= 20 and min(likeness(picture, truth[at]) for at, picture in truth.items()) > 0.99
    assert [at for at, picture in seen.items() if likeness(picture, truth[at]) > UNLIKE] == []
    noise = b"".join(hidden(codec, frame) for frame in frames)
    assert len(noise) > 100_000 and entropy(noise) > BITS
    assert opener.counters == list(range(len(opener.counters)))


async def test_sframe_recorder_would_be_noticed_if_it_held_a_picture(
    run_camera: RunCamera, new_viewer: NewViewer, eventually: Eventually, clip: ModuleType
) -> None:
    """The measure itself: what a camera sends to a relay that it does not seal for."""
    made = clip.encode_clip(width=640, height=480, frames=30, group=15)
    camera = await run_camera(clip.ClipSource(made))
    viewer = new_viewer()
    tap = Tap(viewer)
    await camera.join("upload", viewer, relay=True)
    await eventually(lambda: len(tap.packets) > 100)
    seen = pictures_in("h264", frames_in("h264", tap.packets))
    (first, *_), rest = list(seen.values()), list(seen.values())[1:10]
    assert all(likeness(picture, picture) > 0.99 for picture in (first, *rest))
    assert np.mean([likeness(picture, first) for picture in rest]) > UNLIKE
    assert entropy(b"".join(data for data, _ in made)) < entropy(os.urandom(100_000))


async def test_sframe_new_epoch_begins_with_a_key_frame_where_the_source_makes_one(
    run_camera: RunCamera, new_viewer: NewViewer, eventually: Eventually
) -> None:
    camera = await run_camera(TickSource())
    camera.broadcast.seal(KEY)
    tap = Tap(viewer := new_viewer())
    await camera.join("upload", viewer, relay=True, sealed=True)
    await eventually(lambda: len(tap.packets) > 60)
    before = len(frames_in("h264", tap.packets))
    camera.broadcast.seal(NEXT)
    await eventually(lambda: camera.source.keyframe_requests == 1 and len(tap.packets) > 120)
    kids = [kid_of(frame) for frame in frames_in("h264", tap.packets)]
    assert kids == sorted(kids) and set(kids) == {KEY.epoch, NEXT.epoch} and kids.index(NEXT.epoch) <= before + 1
    new = frames_in("h264", tap.packets)[kids.index(NEXT.epoch) :]
    assert any(is_key(frame) for frame in new[: int(50 * KEY_FRAME_PATIENCE)])
    opener = Opener({NEXT.epoch: NEXT.secret})
    for frame in new:
        opener.open_h264(frame)
    assert opener.counters == list(range(len(opener.counters))), "nothing came twice"


async def test_sframe_new_epoch_begins_with_the_cached_group_where_the_source_makes_none(
    run_camera: RunCamera, new_viewer: NewViewer, eventually: Eventually
) -> None:
    class Once(TickSource):
        """One key frame, long ago."""

        async def run(self, sink: FrameSink) -> None:
            def only_first(frame: EncodedFrame) -> None:
                if not frame.keyframe or frame.timestamp == 0:
                    sink(frame)

            await super().run(only_first)

    camera = await run_camera(Once(obeys=False))
    camera.broadcast.seal(KEY)
    tap = Tap(viewer := new_viewer())
    await camera.join("upload", viewer, relay=True, sealed=True)
    await eventually(lambda: len(tap.packets) > 60)
    camera.broadcast.seal(NEXT)
    at = asyncio.get_running_loop().time()

    def new() -> list[bytes]:
        return [frame for frame in frames_in("h264", tap.packets) if kid_of(frame) == NEXT.epoch]

    await eventually(lambda: any(map(is_key, new())), seconds=0.5)
    assert asyncio.get_running_loop().time() - at >= KEY_FRAME_PATIENCE - 0.05
    frames = new()
    opener = Opener({NEXT.epoch: NEXT.secret})
    for frame in frames:
        opener.open_h264(frame)
    assert len(set(opener.counters)) == len(opener.counters) >= len(frames)


@pytest.mark.parametrize("catching_up", [True, False])
async def test_sframe_without_a_key_any_more_sends_nothing_more(
    run_camera: RunCamera, new_viewer: NewViewer, eventually: Eventually, *, catching_up: bool
) -> None:
    camera = await run_camera(TickSource())
    camera.broadcast.seal(KEY)
    await asyncio.sleep(0.5)
    tap = Tap(viewer := new_viewer())
    await camera.join("upload", viewer, relay=True, sealed=True)
    await eventually(lambda: len(tap.packets) > (5 if catching_up else 60))
    camera.broadcast.seal(None)
    await asyncio.sleep(0.1)
    sent = camera.sessions.packets_sent()
    await asyncio.sleep(KEY_FRAME_PATIENCE + 0.3)
    assert camera.sessions.packets_sent() == sent
    camera.broadcast.seal(NEXT)
    await eventually(lambda: camera.sessions.packets_sent() > sent + 20)
    assert kid_of(frames_in("h264", tap.packets)[-1]) == NEXT.epoch


async def test_sframe_lost_packets_and_wishes_for_key_frames_are_answered_as_ever(
    run_camera: RunCamera, new_viewer: NewViewer, eventually: Eventually
) -> None:
    camera = await run_camera(TickSource())
    camera.broadcast.seal(KEY)
    tap = Tap(viewer := new_viewer())
    tap.lose_at = 20
    await camera.join("upload", viewer, relay=True, sealed=True)
    await eventually(lambda: tap.lost is not None and len(tap.packets) > 30)
    await tap.say(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=tap.packets[0].ssrc, lost=[tap.lost]))
    await eventually(lambda: tap.lost in [packet.sequence_number for packet in tap.packets])
    await tap.say(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=1))
    await eventually(lambda: camera.source.keyframe_requests == 1)
    await asyncio.sleep(1.0)
    sealed = camera.broadcast.sealed_counter
    await tap.say(RtcpPsfbPacket(fmt=RTCP_PSFB_FIR, ssrc=1, media_ssrc=1, fci=bytes(8)))
    await eventually(lambda: camera.broadcast.sealed_counter >= sealed + 2)
    opener = Opener({KEY.epoch: KEY.secret})
    for frame in frames_in("h264", tap.packets):
        opener.open_h264(frame)
    assert len(set(opener.counters)) == len(opener.counters)


def is_key(frame: bytes) -> bool:
    return any(unit[0] & 0x1F == 5 for unit in h264.split(frame))


def kid_of(frame: bytes) -> int:
    """Of its first slice: epochs below 8 and above stand in other places (RFC 9605 §4.3)."""
    unit = next(unit for unit in h264.split(frame) if unit[0] & 0x1F in (1, 5))
    head = unit[CLEAR_SLICE]
    return unit[CLEAR_SLICE + 1] if head & 0x80 else head >> 4
