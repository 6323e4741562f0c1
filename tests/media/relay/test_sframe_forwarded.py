"""Sealed uploads through the real relay: it forwards them as it forwards everything, and cannot tell them apart."""

import ast
import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPsfbPacket

import media.relay
from camera_peer.viewer import IN_TOUCH_SECONDS
from media import sframe
from media.frames import EncodedFrame
from media.packetiser import CutFrame
from media.relay import channel
from media.rtp_stream import StreamState
from media.sealed_frames import sealed
from signaling.protocol.trust.envelope import SenderKey
from tests.camera_peer.sessions.test_viewer_session import Tap
from tests.media.opener import Opener
from tests.media.recording import frames_in, joined
from tests.media.relay.numbered import NumberedSource
from tests.media.relay.way import Way

MakeScene = Callable[..., Awaitable[Any]]
NewViewer = Callable[[], Any]
NewLink = Callable[..., Awaitable[Any]]
Eventually = Callable[..., Awaitable[None]]
KEY, NEXT = SenderKey(1_700_000_000, os.urandom(32)), SenderKey(1_700_000_001, os.urandom(32))
RELAY = Path(media.relay.__file__).parent
ON_THE_WAY = {
    "leg.py",
    "publisher.py",
    "reception.py",
    "rtp.py",
    "output.py",
    "channel.py",
    "streams.py",
    "store.py",
    "audience.py",
    "fanout.py",
    "viewer.py",
    "approach.py",
    "srtp.py",
    "udp.py",
}
"""What a packet meets between the two sockets."""


class Upload:
    """What the camera sends to relays, written down beside them."""

    in_touch = True

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def deliver(self, frame: CutFrame) -> None:
        self.frames.append(joined(frame.codec, frame.payloads))

    def rekeyed(self) -> None: ...


async def sealed_scene(make_scene: MakeScene, source: Any = None) -> tuple[Any, Upload]:
    scene = await make_scene(source)
    scene.sealed = True
    scene.broadcast.seal(KEY)
    upload = Upload()
    upload.frames += [joined(piece.codec, piece.payloads) for piece in scene.broadcast.join(upload, sealed=True)]
    return scene, upload


async def shown(scene: Any, name: str, viewer: Any, eventually: Eventually, packets: int = 120) -> list[bytes]:
    """The first frames that a viewer of the relay gets."""
    tap = Tap(viewer)
    await scene.watch(name, viewer)
    await eventually(lambda: len(tap.packets) > packets, seconds=10.0)
    return frames_in("h264", tap.packets)


async def test_sframe_leaves_the_relay_as_it_came_and_opens_at_every_viewer(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, clip: ModuleType
) -> None:
    made = clip.encode_clip(width=320, height=240, frames=60, group=30)
    scene, upload = await sealed_scene(make_scene, clip.ClipSource(made))
    units = {data.lstrip(b"\0") for data, _ in made}
    await asyncio.sleep(0.5)
    for name in ("first", "late"):
        frames = await shown(scene, name, new_viewer(), eventually, 60)
        assert frames and set(frames) <= set(upload.frames), "to the last bit"
        opener = Opener({KEY.epoch: KEY.secret})
        opened = [opener.open_h264(frame) for frame in frames]
        assert any(b"\x00\x00\x01\x65" in frame for frame in opened[:1]), "begins with a key frame"
        assert opener.counters == sorted(set(opener.counters))
        assert all(any(ours.endswith(data[-40:]) for data in units) for ours in opened)
        await asyncio.sleep(0.4)


async def test_sframe_survives_lost_packets(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually
) -> None:
    chance = random.Random(3)
    scene, _ = await sealed_scene(make_scene)
    link = await new_link(
        scene.relay.port, lambda first, inward: inward and 128 <= first <= 191 and chance.random() < 0.05
    )
    scene.edit_upload = link.edit
    tap = Tap(viewer := new_viewer())
    await scene.watch("a", viewer)
    await eventually(lambda: link.lost > 10 and len(tap.packets) > 300, seconds=15.0)
    await asyncio.sleep(0.5)
    frames = frames_in("h264", tap.packets)[:-10]
    opener = Opener({KEY.epoch: KEY.secret})
    for frame in frames:
        opener.open_h264(frame)
    assert opener.counters == list(range(opener.counters[0], opener.counters[0] + len(opener.counters)))


async def test_sframe_upload_after_a_dead_one_shows_what_is_new_to_every_viewer(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually
) -> None:
    """Its cached group, which viewers have seen in part, comes under counters that they have not taken."""
    scene = await make_scene(NumberedSource(obeys=False, group=1000))
    scene.sealed = True
    scene.broadcast.seal(KEY)
    dead = [False]
    link = await new_link(scene.relay.port, lambda *_: dead[0])
    scene.edit_upload = link.edit
    tap = Tap(viewer := new_viewer())
    await scene.watch("a", viewer)
    await eventually(lambda: len(tap.packets) > 60)
    dead[0], scene.edit_upload = True, str
    await asyncio.sleep(IN_TOUCH_SECONDS + 0.2)
    before = len(tap.packets)
    scene._upload("cam")
    await eventually(lambda: len(tap.packets) > before + 100)
    opener = Opener({KEY.epoch: KEY.secret})
    for frame in frames_in("h264", tap.packets):
        opener.open_h264(frame)
    assert len(set(opener.counters)) == len(opener.counters)


async def test_sframe_wish_for_a_key_frame_travels_to_the_source(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene, _ = await sealed_scene(make_scene)
    tap = Tap(viewer := new_viewer())
    await scene.watch("a", viewer)
    await eventually(lambda: len(tap.packets) > 100)
    await asyncio.sleep(1.0)
    wishes = scene.source.keyframe_requests
    await tap.say(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=tap.packets[0].ssrc))
    await eventually(lambda: scene.source.keyframe_requests > wishes)


async def test_sframe_new_epoch_reaches_viewers_old_and_new(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene, _ = await sealed_scene(make_scene)
    tap = Tap(viewer := new_viewer())
    await scene.watch("stays", viewer)
    await eventually(lambda: len(tap.packets) > 60)
    scene.broadcast.seal(NEXT)
    await asyncio.sleep(0.6)
    late = await shown(scene, "late", new_viewer(), eventually, 60)
    both = Opener({KEY.epoch: KEY.secret, NEXT.epoch: NEXT.secret})
    for frame in frames_in("h264", tap.packets):
        both.open_h264(frame)
    assert both.counters.count(0) == 2, "one of each epoch"
    assert len(both.counters) - both.counters.index(0, 1) > 20
    only = Opener({NEXT.epoch: NEXT.secret})
    for frame in late:
        only.open_h264(frame)


def test_sframe_is_unknown_to_the_relay() -> None:
    """No module of it reads, or asks for, anything by which a sealed frame could be told from a clear one."""
    words = {"sframe", "sealed", "sealed_frames", "sealed_lane", "trust", "envelope", "epoch"}
    for path in sorted(RELAY.rglob("*.py")):
        tree = ast.parse(path.read_text())
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                names |= {*(node.module or "").split("."), *(alias.name for alias in node.names)}
        assert not names & words, path.name


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_sframe_takes_the_same_way_through_the_relay(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same lines run for a sealed upload as for a clear one, from the camera's packet to those of viewers who share
    the live stream, catch up with it, watch over TCP and ask again. The payloads come out as they went in."""
    monkeypatch.setattr(channel, "fresh_stream", lambda: StreamState(1, 1, 1))
    chance = random.Random(5)
    clear = [picture(codec, number, chance) for number in range(90)]
    key = sframe.sealer(KEY.epoch, KEY.secret)
    ways = [Way(codec, frames) for frames in (clear, [sealed(frame, key) for frame in clear])]
    for way in ways:
        way.run()
        assert way.early.payloads == way.slow.payloads == way.went_in
        assert way.late.payloads == way.went_in[-len(way.late.payloads) :] and way.late.payloads
        assert way.early.again and way.late.again, "what was asked for came again"
    assert ways[0].lines == ways[1].lines
    assert {name for name, _ in ways[0].lines} >= ON_THE_WAY
    assert ways[0].went_in != ways[1].went_in


def picture(codec: str, number: int, chance: random.Random) -> EncodedFrame:
    key = number % 20 == 0
    body = chance.randbytes((5000 if key else 2500) + chance.randrange(40)).replace(b"\0", b"\1")
    if codec == "h264":
        parameters = b"\0\0\0\1\x67\x42\xe0\x1f\x8d\0\0\0\1\x68\xce\x3c\x80" if key else b""
        data = parameters + b"\0\0\0\1" + (b"\x65" if key else b"\x41") + body
    else:
        data = (b"\x10" if key else b"\x11") + body
    return EncodedFrame(codec, data, number * 3000, key, 0.0)  # type: ignore[arg-type]
