import numpy as np
import pytest

from camera_peer.sources.scene import Scene
from camera_peer.sources.stamp import BLACK, Stamp, read_stamp

NOON = 1_790_000_000.125


@pytest.mark.parametrize("size", [(1280, 720), (320, 180), (640, 480), (426, 240)])
@pytest.mark.parametrize("busy", [False, True])
def test_the_picture_has_its_size_and_stamp(size: tuple[int, int], busy: bool) -> None:
    pixels = Scene(*size, busy=busy).paint(NOON, 70_000)
    assert pixels.shape == (size[1] * 3 // 2, size[0])
    assert read_stamp(pixels[: size[1]]) == Stamp(int(NOON * 1000) % 2**32, 70_000 % 2**16)


@pytest.mark.parametrize("step", [0.04, 7.0, 39.0])
def test_what_moved_leaves_no_trace(step: float) -> None:
    old, fresh = Scene(640, 360), Scene(640, 360)
    for n in range(12):
        last = old.paint(NOON + n * step, 995 + n)
    assert np.array_equal(last, fresh.paint(NOON + 11 * step, 995 + 11))


def test_something_moves_besides_the_clock() -> None:
    scene = Scene(640, 360)
    sky = slice(30, 180)
    before = scene.paint(NOON, 1)[sky].copy()
    assert not np.array_equal(before, scene.paint(NOON + 1, 1)[sky])


def test_a_busy_picture_has_other_water_each_time() -> None:
    scene = Scene(640, 360, busy=True)
    lake = slice(230, 300), slice(500, 640)
    before = scene.paint(NOON, 1)[lake].copy()
    assert np.mean(before != scene.paint(NOON, 2)[lake]) > 0.5


def test_without_a_stamp_the_landscape_reaches_the_edge() -> None:
    pixels = Scene(640, 360, stamped=False).paint(NOON, 1)
    assert read_stamp(pixels[:360]) is None
    assert pixels[345:360].min() > BLACK, "the strip and its edge are black"
