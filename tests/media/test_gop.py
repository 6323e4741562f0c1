"""The group-of-pictures cache."""

from collections.abc import Callable

import pytest

from media.gop import FRESH_SECONDS, MAX_BYTES, MAX_SECONDS, GroupCache
from media.packetiser import CutFrame

MakeFrame = Callable[..., CutFrame]


def test_a_group_begins_at_the_last_key_frame(make_frame: MakeFrame) -> None:
    cache = GroupCache()
    frames = [make_frame(number, key=number in (1, 4)) for number in range(7)]
    for frame in frames:
        cache.add(frame)
    assert cache.group(now=frames[-1].arrived_at) == tuple(frames[4:])


def test_nothing_is_cached_before_a_key_frame(make_frame: MakeFrame) -> None:
    cache = GroupCache()
    cache.add(make_frame(1))
    assert cache.group(now=100.1) == ()


def test_a_stale_group_is_not_shown(make_frame: MakeFrame) -> None:
    cache = GroupCache()
    cache.add(make_frame(0, key=True))
    assert cache.group(now=100 + FRESH_SECONDS) != ()
    assert cache.group(now=100.1 + FRESH_SECONDS) == ()


@pytest.mark.parametrize(
    ("count", "size", "fps"), [(12, MAX_BYTES // 10, 30), (int(MAX_SECONDS) + 3, 100, 1)], ids=["bytes", "seconds"]
)
def test_a_group_that_outgrows_its_bounds_waits_for_a_key_frame(
    make_frame: MakeFrame, count: int, size: int, fps: int
) -> None:
    cache = GroupCache()
    for number in range(count):
        cache.add(make_frame(number, key=number == 0, size=size, fps=fps))
    assert cache.group(now=100 + count / fps) == ()
    cache.add(make_frame(count, key=True, fps=fps))
    assert len(cache.group(now=100 + count / fps)) == 1


def test_time_that_goes_back_ends_the_group(make_frame: MakeFrame) -> None:
    cache = GroupCache()
    cache.add(make_frame(50, key=True))
    cache.add(make_frame(3))
    assert cache.group(now=100.2) == ()
