import asyncio
from collections.abc import Callable

import av
import pytest

from camera_peer.encoder import KeyframeGate
from camera_peer.sources.encoded_video import MAX_GROUP_BYTES, MAX_GROUP_PACKETS, Group
from camera_peer.sources.encoding import EncodingThread, Picture, Wish
from camera_peer.sources.handover import Outlet

Paint = Callable[[int, int, int], av.VideoFrame]


async def test_an_encoder_that_is_behind_drops_pictures_instead_of_keeping_them(picture: Paint) -> None:
    outlet = Outlet(asyncio.get_running_loop())
    pictures = [Picture(picture(1280, 720, n), n * 3000, 0.0) for n in range(30)]
    with EncodingThread(outlet, Wish("h264", 500_000), 30, KeyframeGate()) as encoder:
        for one in pictures:
            encoder.submit(one)
        assert encoder.finish(5)
    frames = await outlet.take()
    assert encoder.late > 0
    assert len(frames) + encoder.late == 30
    assert frames[-1].timestamp == 29 * 3000, "the newest is never the one to go"


async def test_a_size_that_changes_begins_with_a_key_frame(picture: Paint) -> None:
    outlet = Outlet(asyncio.get_running_loop())
    with EncodingThread(outlet, Wish("h264", 500_000), 30, KeyframeGate()) as encoder:
        for n, size in enumerate([(320, 180), (320, 180), (640, 360), (640, 360)]):
            encoder.submit(Picture(picture(*size, n), n, 0.0))
            assert encoder.finish(5)
    assert [frame.keyframe for frame in await outlet.take()] == [True, False, True, False]


async def test_what_the_encoder_dies_of_reaches_the_source(picture: Paint) -> None:
    outlet = Outlet(asyncio.get_running_loop())
    one = Picture(picture(320, 180, 0), 0, 0.0)
    with EncodingThread(outlet, Wish("h264", 500_000), 0, KeyframeGate()) as encoder:
        encoder.submit(one)
        encoder.finish(5)
        with pytest.raises(ZeroDivisionError):
            encoder.submit(one)


def test_a_group_that_grew_too_long_waits_for_the_next_key_frame() -> None:
    def packet(size: int, *, key: bool) -> av.Packet:
        made = av.Packet(size)
        made.is_keyframe = key
        return made

    group = Group()
    group.keep(packet(10, key=True))
    group.keep(packet(MAX_GROUP_BYTES, key=False))
    assert (group.broken, group.take()) == (True, [])
    group.keep(packet(10, key=False))
    assert group.take() == []
    newest = packet(10, key=True)
    group.keep(newest)
    assert (group.broken, group.fresh, group.take()) == (False, True, [newest])
    for _ in range(MAX_GROUP_PACKETS + 1):
        group.keep(packet(1, key=False))
    assert group.broken
