"""The sealed lane of a broadcast, in virtual time: what is sealed, when, how often, and what never is sent."""

import os
from typing import Any

import pytest
from structlog.testing import capture_logs

from camera_peer.broadcast import Broadcast
from media.frames import AudioCodec, EncodedFrame, FrameSink, VideoCodec
from media.packetiser import CutFrame
from media.sealed_frames import CLEAR_OPUS
from signaling.protocol.trust.envelope import SenderKey
from tests.media.opener import Opener
from tests.media.recording import entropy, joined

FIRST, SECOND = SenderKey(1_700_000_000, os.urandom(32)), SenderKey(1_700_000_001, os.urandom(32))
HEADER = 8
"""At least as many bytes as an SFrame header has here."""
PARAMETERS = b"\x00\x00\x00\x01\x67\x4d\x40\x1f\x8d\x00\x00\x00\x01\x68\xce\x3c\x80"


def picture(number: int, *, key: bool = False) -> EncodedFrame:
    body = bytes((0x65 if key else 0x41, 0x9A)) + number.to_bytes(2, "big") + b"picture" * 300
    return EncodedFrame("h264", (PARAMETERS if key else b"") + b"\x00\x00\x00\x01" + body, number * 3000, key, 0.0)


class HandedSource:
    """Delivers what it is handed, as long as its broadcast runs."""

    def __init__(self, video: VideoCodec = "h264", audio: AudioCodec | None = None) -> None:
        self.video_codec, self.audio_codec = video, audio
        self.wishes = 0
        self.deliver: FrameSink

    async def run(self, sink: FrameSink) -> None:
        self.deliver = sink

    def demand(self, wanted: bool) -> None: ...

    def request_keyframe(self) -> None:
        self.wishes += 1


class Watcher:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.frames: list[CutFrame] = []
        self.rekeys = 0
        self.in_touch = True

    def deliver(self, frame: CutFrame) -> None:
        self.frames.append(frame)

    def rekeyed(self) -> None:
        self.rekeys += 1


def handed(**codecs: Any) -> tuple[HandedSource, Broadcast]:
    source = HandedSource(**codecs)
    broadcast = Broadcast(source, lambda: 100.0)
    source.deliver = broadcast._take
    return source, broadcast


def data_of(piece: CutFrame) -> bytes:
    return joined(piece.codec, piece.payloads)


def is_sealed(piece: CutFrame) -> bool:
    return not any(b"picturepicture" in payload for payload in piece.payloads)


def test_sframe_seals_each_frame_once_for_all_uploads() -> None:
    source, broadcast = handed()
    broadcast.seal(FIRST)
    source.deliver(picture(0, key=True))
    uploads = [Watcher() for _ in range(3)]
    groups = [broadcast.join(upload, sealed=True) for upload in uploads]
    source.deliver(picture(1))
    assert broadcast.sealed_counter == 3, "parameter sets and two slices"
    assert groups[0][0] is groups[1][0] is groups[2][0]
    assert all(upload.frames[0] is uploads[0].frames[0] for upload in uploads)
    opener = Opener({FIRST.epoch: FIRST.secret})
    sent = [data_of(piece) for piece in (*groups[0], *uploads[0].frames)]
    assert [opener.open_h264(frame) for frame in sent] == [picture(0, key=True).data, picture(1).data]
    assert opener.counters == [0, 1, 2]


def test_sframe_seals_nothing_while_no_relay_watches_and_leaves_direct_viewers_alone() -> None:
    source, broadcast = handed()
    broadcast.seal(FIRST)
    direct = Watcher()
    broadcast.join(direct)
    source.deliver(picture(0, key=True))
    assert broadcast.sealed_counter == 0
    upload = Watcher()
    broadcast.join(upload, sealed=True)
    source.deliver(picture(1))
    broadcast.leave(upload)
    source.deliver(picture(2))
    assert broadcast.sealed_counter == 3
    assert [data_of(piece) for piece in direct.frames] == [picture(n, key=n == 0).data for n in range(3)]


@pytest.mark.parametrize("taken_back", [False, True])
def test_sframe_without_a_key_sends_nothing_rather_than_a_clear_picture(*, taken_back: bool) -> None:
    source, broadcast = handed()
    upload = Watcher()
    if taken_back:
        broadcast.seal(FIRST)
        broadcast.join(upload, sealed=True)
        broadcast.seal(None)
    source.deliver(picture(0, key=True))
    if not taken_back:
        assert broadcast.join(upload, sealed=True) == ()
    source.deliver(picture(1))
    assert upload.frames == [] and broadcast.group(sealed=True) == () and upload.rekeys == taken_back


def test_sframe_drops_what_it_cannot_seal_and_says_so_once() -> None:
    source, broadcast = handed(audio="pcmu")
    broadcast.seal(FIRST)
    direct, upload = Watcher(), Watcher()
    broadcast.join(direct)
    broadcast.join(upload, sealed=True)
    with capture_logs() as logs:
        for number in range(3):
            source.deliver(EncodedFrame("pcmu", b"picture" * 20, number * 160, True, 0.0))
            source.deliver(picture(number, key=not number))
    assert [line["codec"] for line in logs if line["event"] == "frame_not_sealed"] == ["pcmu"]
    assert {piece.codec for piece in upload.frames} == {"h264"} and len(upload.frames) == 3
    assert all(map(is_sealed, upload.frames)) and len(direct.frames) == 6


def test_sframe_of_a_new_epoch_opens_with_its_key_alone() -> None:
    source, broadcast = handed()
    broadcast.seal(FIRST)
    upload = Watcher()
    source.deliver(picture(0, key=True))
    before = broadcast.join(upload, sealed=True)
    broadcast.seal(SECOND)
    assert upload.rekeys == 1 and broadcast.sealed_counter == 0
    source.deliver(picture(1))
    (key, delta) = group = broadcast.group(sealed=True)
    assert delta is upload.frames[0] and key.payloads != before[0].payloads and broadcast.sealed_counter == 3
    for piece in group:
        with pytest.raises(ValueError, match="nobody sent"):
            Opener({FIRST.epoch: FIRST.secret}).open_h264(data_of(piece))
    opener = Opener({SECOND.epoch: SECOND.secret})
    assert opener.open_h264(data_of(delta)) == picture(1).data


def test_sframe_group_that_begins_again_has_new_counters() -> None:
    """Viewers take no counter twice: after an upload that ended, and where the relay asks for the group anew."""
    source, broadcast = handed()
    broadcast.seal(FIRST)
    upload = Watcher()
    source.deliver(picture(0, key=True))
    groups = [broadcast.join(upload, sealed=True)]
    broadcast.leave(upload)
    groups.append(broadcast.join(upload, sealed=True))
    groups.append(broadcast.group(sealed=True, again=True))
    opener = Opener({FIRST.epoch: FIRST.secret})
    assert {opener.open_h264(data_of(group[0])) for group in groups} == {picture(0, key=True).data}
    assert opener.counters == list(range(6))


def test_sframe_beside_an_upload_that_flows_is_the_same_to_the_last_bit() -> None:
    """By which a relay knows that its viewers have seen the group (`media.relay.handover`)."""
    source, broadcast = handed()
    broadcast.seal(FIRST)
    source.deliver(picture(0, key=True))
    flows = Watcher()
    one, two = broadcast.join(flows, sealed=True), broadcast.join(Watcher(), sealed=True)
    assert one[0] is two[0]


@pytest.mark.parametrize("how", ["silent", "moved"])
def test_sframe_beside_an_upload_that_leads_nowhere_is_sealed_again(how: str) -> None:
    source, broadcast = handed()
    broadcast.seal(FIRST)
    source.deliver(picture(0, key=True))
    dead = Watcher()
    before = broadcast.join(dead, sealed=True)
    if how == "moved":
        broadcast.moved()
    dead.in_touch = how == "moved"
    assert broadcast.join(Watcher(), sealed=True)[0].payloads != before[0].payloads


@pytest.mark.parametrize(("codec", "size"), [("vp8", 9), ("vp8", 0), ("opus", 0)])
def test_sframe_of_frames_too_short_to_be_opened_is_not_sent(codec: str, size: int) -> None:
    source, broadcast = handed(video="vp8", audio="opus")
    broadcast.seal(FIRST)
    upload = Watcher()
    broadcast.join(upload, sealed=True)
    source.deliver(EncodedFrame(codec, bytes(size), 0, True, 0.0))  # type: ignore[arg-type]
    assert upload.frames == []


def test_sframe_of_sound_is_noise_to_a_relay() -> None:
    source, broadcast = handed(audio="opus")
    broadcast.seal(FIRST)
    upload = Watcher()
    broadcast.join(upload, sealed=True)
    sound = b"\xf8" + b"the same sound" * 70
    for number in range(130):
        source.deliver(EncodedFrame("opus", sound, number * 960, True, 0.0))
    packets = [payload for piece in upload.frames for payload in piece.payloads]
    noise = b"".join(packet[CLEAR_OPUS + HEADER :] for packet in packets)
    assert len(noise) > 100_000 and entropy(noise) > 7.99
    opener = Opener({FIRST.epoch: FIRST.secret})
    assert {opener.open_opus(packet) for packet in packets} == {sound}
