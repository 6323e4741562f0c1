"""The lens: reads codes that are held badly, tells foreign ones apart, and stays within its bounds."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from structlog.testing import capture_logs

from camera_peer.lens import READS_PER_SECOND, Frame, Lens, texts_in
from camera_peer.sensor import HEIGHT, WIDTH, View, frames_of_file, render
from signaling.protocol.qr import read
from tests.benchmarks.qr_trials import BAD_LIGHT, FORMS, HEIGHT_SHARE, LARGEST_VERSION, draw, read_rate

BLANK = np.zeros((2, 2), dtype=np.uint8)


class Seconds:
    """A clock that moves by `step` at each look."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


async def film(frames: list[Frame]) -> AsyncGenerator[Frame, None]:
    for frame in frames:
        yield frame
        await asyncio.sleep(0)


@pytest.mark.parametrize("label", ["compact", "compact+k,x,h"])
def test_the_compact_form_is_read_blurred_and_low_in_contrast_every_time(label: str) -> None:
    """Judged: 40 % of the frame's height, 720p; here tilted up to 25° and turned freely as well."""
    assert read_rate(draw(label), BAD_LIGHT, share=HEIGHT_SHARE, tilt=25, trials=40) == 1.0


def test_no_form_needs_a_code_too_large_to_read() -> None:
    assert all(draw(label, level).version <= LARGEST_VERSION for label in FORMS for level in "LM")


def test_colour_frames_are_read_as_well() -> None:
    frame = render(draw("compact").image, View(size=0.6), np.random.default_rng(1))
    assert texts_in(np.repeat(frame[:, :, None], 3, axis=2)) == [FORMS["compact"]]


def test_a_wall_has_no_code() -> None:
    assert texts_in(render(None, View(noise=20), np.random.default_rng(1))) == []


async def test_scanning_goes_on_past_foreign_codes_and_says_each_once() -> None:
    texts = [["https://menu.example"], [], ["https://menu.example"], ["another"], [FORMS["compact"]]]
    looks = iter(texts)
    with capture_logs() as logs:
        code = await Lens(film([BLANK] * 9), monotonic=Seconds(1), decode=lambda _: next(looks)).scan()
    assert code == read(FORMS["compact"])
    assert [line["event"] for line in logs] == ["foreign_code", "foreign_code"]
    assert "menu.example" not in str(logs)


async def test_two_codes_in_one_picture_find_ours() -> None:
    both = ["WIFI:S:guest;P:12345678;;", FORMS["long"]]
    code = await Lens(film([BLANK]), monotonic=Seconds(1), decode=lambda _: both).scan()
    assert code == read(FORMS["long"])


async def test_a_code_that_was_refused_is_passed_over() -> None:
    looks = iter([[FORMS["compact"]], [FORMS["long"]]])
    used = read(FORMS["compact"])
    lens = Lens(film([BLANK] * 3), monotonic=Seconds(1), decode=lambda _: next(looks), skip=lambda code: code == used)
    assert await lens.scan() == read(FORMS["long"])


async def test_no_more_frames_are_looked_at_than_allowed() -> None:
    looked = 0

    def decode(_: Frame) -> list[str]:
        nonlocal looked
        looked += 1
        return []

    clock = Seconds(1 / 60)
    assert await Lens(film([BLANK] * 600), monotonic=clock, decode=decode).scan() is None
    assert looked <= clock.now * READS_PER_SECOND + 1


async def test_a_slow_processor_rests_as_long_as_it_looks() -> None:
    clock = Seconds(0.01)
    looked = 0

    def decode(_: Frame) -> list[str]:
        nonlocal looked
        looked += 1
        clock.now += 1.0
        return []

    await Lens(film([BLANK] * 1000), monotonic=clock, decode=decode).scan()
    assert looked > 1
    assert looked * 1.0 <= clock.now / 2 + 1


async def test_foreign_codes_do_not_fill_the_memory() -> None:
    numbers = iter(range(10_000))
    lens = Lens(film([BLANK] * 200), monotonic=Seconds(1), decode=lambda _: [f"poster {next(numbers)}"])
    with capture_logs() as logs:
        await lens.scan()
    assert len(logs) == 32


async def test_the_sensor_shows_what_is_dropped_before_it(tmp_path: Path) -> None:
    picture = tmp_path / "before-the-lens.png"
    frames = frames_of_file(picture, seed=7)
    assert texts_in(await anext(frames)) == []
    picture.write_bytes(b"half a PNG")
    assert texts_in(await anext(frames)) == []
    draw("compact").image.save(picture)
    code = await Lens(frames, monotonic=Seconds(1)).scan()
    await frames.aclose()
    assert code == read(FORMS["compact"])


def test_a_frame_can_be_made_again() -> None:
    shown = draw("compact").image
    view = View(size=0.5, pitch=20, blur=1, noise=5)
    first, second = (render(shown, view, np.random.default_rng(3)) for _ in range(2))
    assert first.shape == (HEIGHT, WIDTH)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, render(shown, view, np.random.default_rng(4)))


def test_the_picture_is_where_and_as_large_as_the_view_says() -> None:
    black = Image.new("L", (100, 100), 0)
    frame = render(black, View(size=0.5, x=0.25, y=0.5), np.random.default_rng(0))
    rows, columns = np.nonzero(frame < 40)
    assert abs(rows.max() - rows.min() - HEIGHT / 2) < 6
    assert abs(columns.mean() - WIDTH / 4) < 3
    assert abs(rows.mean() - HEIGHT / 2) < 3
