"""From the camera through the relay to viewers that do ICE and DTLS: uploads begin, are shared, and end."""

import asyncio
import itertools
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiortc.rtcdtlstransport import SRTP_AES128_CM_SHA1_80

from media.answer import BadAnswer
from media.liveness import DEAD_SECONDS
from media.relay import node
from media.relay.admission import RelayFull
from media.relay.node import CameraUnavailable, NotWanted, UnknownViewer
from media.relay.publisher_sdp import BadOffer
from media.relay.settings import RelaySettings

MakeScene = Callable[..., Awaitable[Any]]
NewViewer = Callable[[], Any]
Eventually = Callable[..., Awaitable[None]]
NewLink = Callable[..., Awaitable[Any]]


async def test_one_upload_serves_all_viewers(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    viewers = [new_viewer() for _ in range(3)]
    for number, viewer in enumerate(viewers):
        await scene.watch(str(number), viewer)
    await eventually(lambda: all(viewer.packets > 200 for viewer in viewers))
    assert len(scene.uploads) == 1 and len(scene.sessions) == 1
    assert scene.ended == {} and scene.errors == []


async def test_the_upload_ends_soon_after_the_last_viewer(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    for name in ("a", "b"):
        await scene.watch(name, new_viewer())
    scene.relay.close_viewer("a")
    await asyncio.sleep(1)
    assert scene.over == 0 and len(scene.sessions) == 1
    scene.relay.close_viewer("b")
    await eventually(lambda: scene.over == 1 and len(scene.sessions) == 0, seconds=2)
    await scene.watch("c", new_viewer())
    assert len(scene.uploads) == 2


async def test_a_viewer_that_leaves_is_noticed(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    viewer = new_viewer()
    await scene.watch("a", viewer)
    await eventually(lambda: viewer.packets > 20)
    await viewer.close()
    await eventually(lambda: scene.ended == {"a": "the other side left"})


async def test_who_falls_silent_is_noticed_and_nobody_else(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually
) -> None:
    """The other one says nothing by itself, but answers."""
    scene = await make_scene()
    cut = [False]
    link = await new_link(scene.relay.port, lambda *_: cut[0])
    gone, quiet = new_viewer(), new_viewer()
    await scene.watch("gone", gone, edit=link.edit)
    await scene.watch("quiet", quiet)
    quiet.connection._query_consent_task.cancel()
    await eventually(lambda: gone.packets > 20 and quiet.packets > 20)
    cut[0] = True
    await eventually(lambda: scene.ended == {"gone": "the viewer fell silent"}, seconds=10)
    before = quiet.packets
    await asyncio.sleep(3.5)
    assert quiet.packets > before + 100 and scene.ended == {"gone": "the viewer fell silent"}


async def test_a_stall_of_the_relay_is_nobodys_silence(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    viewer = new_viewer()
    await scene.watch("a", viewer)
    await eventually(
        lambda: viewer.packets > 20 and all(leg.liveness.answers for _, leg in scene.relay._viewers.values())
    )
    time.sleep(DEAD_SECONDS + 0.5)
    before = viewer.packets
    await eventually(lambda: viewer.packets > before + 200)
    assert scene.ended == {}


async def test_viewers_stay_while_the_camera_connects_anew(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    viewer = new_viewer()
    seen: list[tuple[int, int]] = []
    viewer.connection.on_media = lambda data: seen.append((data[1], int.from_bytes(data[2:4], "big")))
    await scene.watch("a", viewer)
    await eventually(lambda: viewer.packets > 50)
    await scene.sessions.close("upload-0")
    await eventually(lambda: len(scene.uploads) == 2)
    before = viewer.packets
    await eventually(lambda: viewer.packets > before + 50)
    video = [sequence for kind, sequence in seen if kind & 0x7F == 102]
    steps = {(after - first) % 65536 for first, after in itertools.pairwise(video)}
    assert steps == {1}
    assert scene.ended == {} and scene.over == 1


async def test_uploads_that_fail_at_once_are_not_asked_for_in_a_circle(
    make_scene: MakeScene, new_viewer: NewViewer
) -> None:
    scene = await make_scene()
    scene.edit_upload = lambda sdp: re.sub(r"sha-256 ..", "sha-256 00", sdp)
    await scene.relay.viewer_offer("cam", "a", "owner")
    await asyncio.sleep(2.5)
    assert 1 <= len(scene.uploads) <= 4


async def test_a_camera_that_never_offers_is_unavailable(
    make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "OFFER_SECONDS", 0.2)
    scene = await make_scene()
    with pytest.raises(CameraUnavailable):
        await scene.relay.viewer_offer("another", "a", "owner")
    with pytest.raises(UnknownViewer):
        scene.relay.viewer_answer("a", "")


async def test_an_upload_nobody_watches_is_refused(make_scene: MakeScene) -> None:
    scene = await make_scene()
    offer = await scene.sessions.open("uncalled", [], lambda *_: None)
    with pytest.raises(NotWanted):
        await scene.relay.publisher_answer("cam", offer)


async def test_a_useless_offer_is_a_sentence_and_harms_nobody(make_scene: MakeScene, new_viewer: NewViewer) -> None:
    scene = await make_scene()
    await scene.watch("a", new_viewer())
    with pytest.raises(BadOffer, match=r"neither H\.264 nor VP8"):
        await scene.relay.publisher_answer("cam", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n")
    assert scene.relay._channels["cam"].publisher is not None


async def test_a_wrong_fingerprint_ends_the_viewer_before_any_media(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    viewer = new_viewer()
    answer = await viewer.answer(await scene.relay.viewer_offer("cam", "a", "owner"))
    scene.relay.viewer_answer("a", re.sub(r"sha-256 ..", "sha-256 00", answer))
    await eventually(lambda: "certificate" in scene.ended.get("a", ""))
    assert viewer.packets == 0


async def test_a_bad_answer_ends_the_viewer(make_scene: MakeScene) -> None:
    scene = await make_scene()
    await scene.relay.viewer_offer("cam", "a", "owner")
    with pytest.raises(BadAnswer):
        scene.relay.viewer_answer("a", "nonsense")
    with pytest.raises(UnknownViewer):
        scene.relay.viewer_answer("a", "nonsense")


async def test_viewers_with_another_cipher_form_a_group_of_their_own(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    decrypted = {"gcm": 0, "cm": 0}
    for name in decrypted:
        viewer = new_viewer()

        def take(data: bytes, name: str = name, viewer: Any = viewer) -> None:
            if viewer.dtls._rx_srtp is not None and not 192 <= data[1] < 224:
                decrypted[name] += bool(viewer.dtls._rx_srtp.unprotect(data))

        viewer.connection.on_media = take
        offer = await scene.relay.viewer_offer("cam", name, "owner")
        answer = await viewer.answer(offer)
        if name == "cm":
            viewer.dtls._srtp_profiles = [SRTP_AES128_CM_SHA1_80]
        scene.relay.viewer_answer(name, answer)
    await eventually(lambda: min(decrypted.values()) > 200)
    assert scene.relay._channels["cam"]._audience.groups == 2
    assert {leg.srtp.tag for _, leg in scene.relay._viewers.values()} == {10, 16}


async def test_limits_are_told_clearly_and_places_come_free(make_scene: MakeScene) -> None:
    scene = await make_scene(settings=RelaySettings(addresses=("127.0.0.1",), viewers_per_camera=1))
    await scene.relay.viewer_offer("cam", "a", "owner")
    with pytest.raises(RelayFull, match="this camera has 1 viewers") as full:
        await scene.relay.viewer_offer("cam", "b", "owner")
    assert full.value.scope == "camera"
    scene.relay.close_viewer("a")
    await scene.relay.viewer_offer("cam", "b", "owner")


async def test_other_codecs_end_the_viewers_of_the_old_ones(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    await scene.watch("a", new_viewer())
    scene.source.audio_codec = "opus"
    await scene.sessions.close("upload-0")
    await eventually(lambda: scene.ended == {"a": "the camera changed its codecs"})


async def test_nothing_is_left_after_many_joins(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    await scene.watch("stays", new_viewer())
    tasks = len(asyncio.all_tasks())
    for number in range(10):
        viewer = new_viewer()
        await scene.watch(str(number), viewer)
        await viewer.close()
        await eventually(lambda name=str(number): name in scene.ended)
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks)
    assert len(scene.relay._switchboard) == 2
    assert len(scene.relay._switchboard._by_source) <= 2 * 16
    assert scene.relay._channels["cam"]._audience.groups <= 1
