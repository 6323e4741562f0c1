"""Frames for tests of what handles them."""

from collections.abc import Callable

import pytest

from media.packetiser import CutFrame

MakeFrame = Callable[..., CutFrame]


@pytest.fixture
def make_frame() -> MakeFrame:
    """`make_frame(number, key=False, size=1000, fps=30)`: frame `number` of a stream that began at second 100."""

    def make(number: int, *, key: bool = False, size: int = 1000, fps: int = 30) -> CutFrame:
        at = 100 + number / fps
        return CutFrame("h264", number * 90_000 // fps, key, at, at, (bytes(size),), size)

    return make
