"""A camera that moves makes another upload beside the one that flows: what viewers see of that, with real DTLS."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from media.relay import handover
from media.relay.leg import REACH_SECONDS
from media.relay.publisher import PublisherLeg
from tests.media.fixtures import FPS
from tests.media.relay.numbered import NumberedSource, Screen

MakeScene = Callable[..., Awaitable[Any]]
NewViewer = Callable[[], Any]
Eventually = Callable[..., Awaitable[None]]
NewLink = Callable[..., Awaitable[Any]]

MEDIA = range(128, 192)
"""First byte of RTP and RTCP (RFC 7983 §7)."""


def upload(scene: Any) -> PublisherLeg | None:
    publisher: PublisherLeg | None = scene.relay._channels["cam"].publisher
    return publisher


async def watched(scene: Any, viewer: Any, eventually: Eventually) -> Screen:
    screen = Screen(viewer)
    await scene.watch("a", viewer)
    await eventually(lambda: len(screen.pictures) > FPS)
    screen.clear()
    return screen


async def test_the_old_upload_shows_until_the_new_one_can(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually
) -> None:
    scene = await make_scene(NumberedSource())
    screen = await watched(scene, new_viewer(), eventually)
    blocked = [True]
    link = await new_link(scene.relay.port, lambda *_: blocked[0])
    scene.edit_upload = link.edit
    first = upload(scene)
    scene._upload("cam")
    await eventually(lambda: link.lost > 0)
    before = len(screen.pictures)
    await eventually(lambda: len(screen.pictures) > before + FPS)
    assert upload(scene) is first and scene.over == 0
    blocked[0] = False
    await eventually(lambda: upload(scene) is not first)
    before = len(screen.pictures)
    await eventually(lambda: len(screen.pictures) > before + FPS and len(scene.sessions) == 1)
    screen.assert_numbers_run_on()
    assert screen.steps() <= {0, 1}, "a picture is missing, or shown again"
    assert (scene.over, len(scene.uploads), scene.ended, scene.errors) == (1, 2, {}, [])


async def test_a_camera_that_makes_no_key_frame_on_request_shows_nothing_again(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    """It begins with its cached group, a second old at worst."""
    scene = await make_scene(NumberedSource(obeys=False, group=2 * FPS))
    screen = await watched(scene, new_viewer(), eventually)
    await eventually(lambda: screen.pictures[-1:] and screen.pictures[-1] % (2 * FPS) == FPS)
    first = upload(scene)
    scene._upload("cam")
    await eventually(lambda: upload(scene) is not first)
    before = len(screen.pictures)
    await eventually(lambda: len(screen.pictures) > before + FPS)
    screen.assert_numbers_run_on()
    assert screen.steps() <= {0, 1}
    assert (scene.over, scene.ended, scene.errors) == (1, {}, [])


async def test_where_the_old_upload_is_dead_the_new_one_shows_at_once(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually
) -> None:
    """Sooner than the old one is given up, and with the group that the camera has cached."""
    scene = await make_scene(NumberedSource(obeys=False, group=1000))
    cut = [False]
    link = await new_link(scene.relay.port, lambda *_: cut[0])
    scene.edit_upload = link.edit
    screen = await watched(scene, new_viewer(), eventually)
    first = upload(scene)
    cut[0], scene.edit_upload = True, str
    await asyncio.sleep(0.3)
    scene._upload("cam")
    await eventually(lambda: upload(scene) is not first and len(screen.keys) == 1, seconds=2.0)
    before = len(screen.pictures)
    await eventually(lambda: len(screen.pictures) > before + FPS)
    screen.assert_numbers_run_on()
    assert (scene.over, len(scene.uploads), scene.ended) == (1, 2, {})


async def test_an_upload_that_ends_leaves_its_place_to_the_one_that_connects(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually
) -> None:
    scene = await make_scene(NumberedSource())
    screen = await watched(scene, new_viewer(), eventually)
    blocked = [True]
    link = await new_link(scene.relay.port, lambda *_: blocked[0])
    scene.edit_upload = link.edit
    scene._upload("cam")
    await eventually(lambda: link.lost > 0)
    await scene.sessions.close("upload-0")
    await eventually(lambda: scene.over == 1)
    blocked[0] = False
    before = len(screen.pictures)
    await eventually(lambda: len(screen.pictures) > before + FPS)
    screen.assert_numbers_run_on()
    assert (scene.over, len(scene.uploads), scene.ended, scene.errors) == (1, 2, {}, [])


async def test_an_upload_that_never_comes_harms_nobody(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually
) -> None:
    scene = await make_scene(NumberedSource())
    screen = await watched(scene, new_viewer(), eventually)
    first = upload(scene)
    link = await new_link(scene.relay.port, lambda *_: True)
    scene.edit_upload = link.edit
    scene._upload("cam")
    await eventually(lambda: scene.over == 1, seconds=2 * REACH_SECONDS)
    before = len(screen.pictures)
    await eventually(lambda: len(screen.pictures) > before + FPS)
    screen.assert_numbers_run_on()
    assert upload(scene) is first and screen.steps() <= {0, 1} and len(scene.uploads) == 2


async def test_the_last_of_several_moves_counts(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene(NumberedSource())
    screen = await watched(scene, new_viewer(), eventually)
    for _ in range(3):
        scene._upload("cam")
    await eventually(lambda: scene.over == 3)
    before = len(screen.pictures)
    await eventually(lambda: len(screen.pictures) > before + FPS)
    screen.assert_numbers_run_on()
    assert screen.steps() <= {0, 1} and len(scene.uploads) == 4 and len(scene.relay._switchboard) == 2


async def test_an_upload_that_sends_nothing_is_given_up(
    make_scene: MakeScene,
    new_viewer: NewViewer,
    new_link: NewLink,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handover, "LIMIT_SECONDS", 1.0)
    scene = await make_scene(NumberedSource())
    screen = await watched(scene, new_viewer(), eventually)
    first = upload(scene)
    link = await new_link(scene.relay.port, lambda kind, inward: inward and kind in MEDIA)
    scene.edit_upload = link.edit
    scene._upload("cam")
    await eventually(lambda: scene.over == 1)
    assert link.lost > 0 and upload(scene) is first
    screen.assert_numbers_run_on()


async def test_an_upload_without_key_frames_takes_over_in_the_end(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "LIMIT_SECONDS", 1.0)
    scene = await make_scene(NumberedSource(obeys=False, group=1000))
    screen = await watched(scene, new_viewer(), eventually)
    first = upload(scene)
    scene._upload("cam")
    await eventually(lambda: upload(scene) is not first)
    before = len(screen.pictures)
    await eventually(lambda: len(screen.pictures) > before + FPS)
    screen.assert_numbers_run_on()
    assert scene.over == 1
