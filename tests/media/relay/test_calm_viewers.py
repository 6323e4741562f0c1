"""One viewer's troubles are its own: the pictures of another never go back (DESIGN §8), whatever kind the camera is."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiortc.rtp import RTCP_PSFB_FIR, RTCP_PSFB_PLI, RtcpPsfbPacket, RtcpRrPacket

from tests.media.fixtures import FPS
from tests.media.relay.numbered import NumberedSource, Screen
from tests.media.relay.test_lines import TcpViewer

GROUP = 2 * FPS
LATE_IN_THE_GROUP = 1.4
"""Seconds: a newcomer then has more to catch up with than a fresh key frame is worth."""
COSTLY = 6000
"""Bytes more of each picture, 2.4 Mbit/s."""
WISHES = 8
BETWEEN_WISHES = 0.5
MEDIA = range(128, 192)
"""First byte of RTP and RTCP (RFC 7983 §7)."""

MakeScene = Callable[..., Awaitable[Any]]
NewViewer = Callable[[], Any]
NewLink = Callable[..., Awaitable[Any]]
Eventually = Callable[..., Awaitable[None]]


@pytest.fixture(params=[True, False], ids=["obeying", "deaf"])
def source(request: pytest.FixtureRequest) -> NumberedSource:
    return NumberedSource(obeys=request.param, group=GROUP)


async def calm_viewer(scene: Any, viewer: Any, eventually: Eventually) -> Screen:
    """One that has watched for more than a group."""
    screen = Screen(viewer)
    await scene.watch("calm", viewer)
    await eventually(lambda: len(screen.pictures) > GROUP, seconds=10)
    screen.clear()
    return screen


async def late_in_a_group(screen: Screen, eventually: Eventually) -> None:
    at = int(LATE_IN_THE_GROUP * FPS)
    await eventually(lambda: screen.pictures and screen.pictures[-1] % GROUP == at, seconds=10)


async def some_more(screen: Screen, eventually: Eventually) -> None:
    before = len(screen.pictures)
    await eventually(lambda: len(screen.pictures) > before + FPS, seconds=10)


async def lose_the_picture(viewer: Any, kind: int) -> None:
    data = bytes(RtcpRrPacket(ssrc=1)) + bytes(RtcpPsfbPacket(fmt=kind, ssrc=1, media_ssrc=2))
    await viewer.connection.send(viewer.dtls._tx_srtp.protect_rtcp(data))


def assert_calm(scene: Any, screen: Screen) -> None:
    screen.assert_numbers_run_on()
    assert screen.falls() == 0, f"pictures {screen.pictures}"
    assert (scene.ended, scene.errors) == ({}, [])


async def test_when_another_joins(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, source: NumberedSource
) -> None:
    source.padding = COSTLY
    scene = await make_scene(source)
    screen = await calm_viewer(scene, new_viewer(), eventually)
    for name in ("second", "third"):
        await late_in_a_group(screen, eventually)
        newcomer = new_viewer()
        shown = Screen(newcomer)
        await scene.watch(name, newcomer)
        await eventually(lambda shown=shown: len(shown.pictures) > FPS, seconds=10)
    assert source.keyframe_requests > 0, "no newcomer had much to catch up with"
    assert_calm(scene, screen)


@pytest.mark.parametrize("kind", [RTCP_PSFB_PLI, RTCP_PSFB_FIR], ids=["PLI", "FIR"])
async def test_when_another_loses_its_picture_again_and_again(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, source: NumberedSource, kind: int
) -> None:
    scene = await make_scene(source)
    screen = await calm_viewer(scene, new_viewer(), eventually)
    unlucky = new_viewer()
    await scene.watch("unlucky", unlucky)
    for _ in range(WISHES):
        await lose_the_picture(unlucky, kind)
        await asyncio.sleep(BETWEEN_WISHES)
    assert source.keyframe_requests >= WISHES // 2, "the wishes did not come as far as the source"
    assert_calm(scene, screen)


async def test_when_another_is_slow(
    make_scene: MakeScene,
    new_viewer: NewViewer,
    eventually: Eventually,
    stack: AsyncExitStack,
    source: NumberedSource,
) -> None:
    scene = await make_scene(source)
    screen = await calm_viewer(scene, new_viewer(), eventually)
    slow = TcpViewer()
    await slow.watch(scene, "slow")
    stack.push_async_callback(slow.close)
    await eventually(lambda: slow.media > FPS)
    leg = scene.relay._viewers["slow"][1]
    await slow.pause()
    source.padding = 60_000
    await eventually(lambda: leg.is_waiting, seconds=20)
    source.padding = 0
    slow.read()
    await eventually(lambda: leg.is_live, seconds=20)
    await some_more(screen, eventually)
    assert_calm(scene, screen)


async def test_while_one_upload_takes_the_place_of_another(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, source: NumberedSource
) -> None:
    scene = await make_scene(source)
    screen = await calm_viewer(scene, new_viewer(), eventually)
    unlucky = new_viewer()
    await scene.watch("unlucky", unlucky)
    for _ in range(2):
        await late_in_a_group(screen, eventually)
        first, over = scene.relay._channels["cam"].publisher, scene.over
        scene._upload("cam")
        while scene.relay._channels["cam"].publisher is first:
            await lose_the_picture(unlucky, RTCP_PSFB_PLI)
            await asyncio.sleep(BETWEEN_WISHES)
        await eventually(lambda over=over: scene.over > over)
    await some_more(screen, eventually)
    assert_calm(scene, screen)


async def test_an_upload_whose_beginning_was_lost_is_begun_anew(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually
) -> None:
    """Nobody has seen anything yet, and the next key frame would be long in coming."""
    scene = await make_scene(NumberedSource(obeys=False, group=1000))
    left = [20]

    def loses(kind: int, to_the_relay: bool) -> bool:
        lost = to_the_relay and kind in MEDIA and left[0] > 0
        left[0] -= lost
        return lost

    link = await new_link(scene.relay.port, loses)
    scene.edit_upload = link.edit
    viewer = new_viewer()
    screen = Screen(viewer)
    await scene.watch("first", viewer)
    await eventually(lambda: len(screen.pictures) > FPS)
    assert link.lost == 20 and screen.falls() == 0
