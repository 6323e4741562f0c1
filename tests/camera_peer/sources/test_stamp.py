from collections.abc import Callable

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_peer.encoder import EncoderSettings, VideoEncoder
from camera_peer.sources.stamp import CELLS, Stamp, cells_of, draw_stamp, read_stamp

STAMPS = st.builds(Stamp, st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1))


def test_the_layout_is_this_one() -> None:
    row = "".join(map(str, cells_of(Stamp(wall_ms=0x80000001, count=3))))
    assert row == "1010" + "1" + "0" * 30 + "1" + "0000000000000011" + "10001110" + "0101"
    assert len(row) == CELLS


@given(STAMPS, st.sampled_from([(320, 180), (426, 240), (640, 360), (1280, 720), (1920, 1080)]))
def test_what_is_drawn_is_read(stamp: Stamp, size: tuple[int, int]) -> None:
    luma = np.full((size[1], size[0]), 90, np.uint8)
    draw_stamp(luma, stamp)
    assert read_stamp(luma) == stamp
    assert read_stamp(np.stack([luma] * 3, axis=-1)) == stamp


@given(STAMPS, st.integers(4, CELLS - 5))
def test_a_wrong_cell_is_noticed(stamp: Stamp, cell: int) -> None:
    luma = np.zeros((180, 640), np.uint8)
    draw_stamp(luma, stamp)
    column = slice(cell * 10, cell * 10 + 10)
    luma[-6:, column] = 251 - luma[-6:, column]
    assert read_stamp(luma) is None


def test_a_picture_without_a_stamp_has_none() -> None:
    assert read_stamp(np.zeros((180, 320, 3), np.uint8)) is None
    assert read_stamp(np.random.default_rng(1).integers(0, 255, (180, 320, 3), np.uint8)) is None


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_it_survives_a_starved_encoder(
    codec: str, picture: Callable[[int, int, int], av.VideoFrame], stamps: Callable[..., list[Stamp | None]]
) -> None:
    encoder = VideoEncoder(EncoderSettings(codec, 320, 180, 30, bitrate=100_000))  # type: ignore[arg-type]
    frames = [encoder.encode(picture(320, 180, n), timestamp=n, captured_at=0, key=False) for n in range(60)]
    assert stamps([frame for frame in frames if frame]) == [Stamp(40 * n, n) for n in range(60)]
