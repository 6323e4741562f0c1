"""One frame, cut once."""

import pytest

from media.frames import AudioCodec, EncodedFrame
from media.packetiser import MAX_PAYLOAD, cut


def test_a_video_frame_keeps_its_times_and_loses_nothing() -> None:
    data = b"\x00\x00\x00\x01\x65" + b"\x88" * 3000
    piece = cut(EncodedFrame("h264", data, 9000, True, 1.5), now=2.0)
    assert (piece.timestamp, piece.keyframe, piece.captured_at, piece.arrived_at) == (9000, True, 1.5, 2.0)
    assert piece.is_video and len(piece.payloads) == 3
    assert piece.size == sum(map(len, piece.payloads))


@pytest.mark.parametrize("codec", ["opus", "pcmu", "pcma"])
def test_sound_is_one_payload_as_it_is(codec: AudioCodec) -> None:
    piece = cut(EncodedFrame(codec, b"sound", 960, True, 0.0), now=0.0)
    assert piece.payloads == (b"sound",) and not piece.is_video


@pytest.mark.parametrize("data", [b"", bytes(MAX_PAYLOAD + 1)])
def test_sound_that_fits_no_packet_gives_none(data: bytes) -> None:
    assert cut(EncodedFrame("opus", data, 0, True, 0.0), now=0.0).payloads == ()


def test_vp8_is_cut_too() -> None:
    assert len(cut(EncodedFrame("vp8", bytes(2 * MAX_PAYLOAD), 0, True, 0.0), now=0.0).payloads) == 3
