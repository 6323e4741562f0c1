from collections.abc import Iterator

import pytest

from camera_peer.sources.encoded_video import RateLimit
from camera_peer.sources.interleave import MAX_ITEMS, interleave
from camera_peer.sources.timeline import Origin, Timeline


def test_streams_of_one_source_stay_in_step() -> None:
    origin = Origin()
    video, audio = Timeline(origin), Timeline(origin)
    assert video.place(5.0, 100.0) == 100.0
    assert audio.place(5.1, 100.3) == 100.1
    assert video.place(5.2, 100.21) == 100.2


def test_a_jump_goes_on_from_the_clock() -> None:
    line = Timeline(Origin())
    assert line.place(5.0, 100.0) == 100.0
    placed = [line.place(9000.0, 100.04), line.place(9000.04, 100.09), line.place(1.0, 100.12)]
    assert placed == pytest.approx([100.04, 100.08, 100.12])


def test_a_pause_of_the_source_is_a_pause() -> None:
    line = Timeline(Origin())
    line.place(5.0, 100.0)
    assert line.place(12.0, 107.1) == 107.0


def test_time_never_goes_back() -> None:
    line = Timeline(Origin())
    times = [0, 0.04, 0.03, 5, 4, 4.04, 0, 1e9, -1e9]
    placed = [line.place(at, 50 + n * 0.04) for n, at in enumerate(times)]
    assert placed == sorted(placed)


def test_pieces_of_sound_and_picture_come_by_time() -> None:
    items = [(0, n / 10, "v") for n in range(5)] + [(1, n / 10 + 0.01, "a") for n in range(5)]
    out = list(interleave(items, {0, 1}))
    assert [when for _, when, _ in out] == sorted(when for _, when, _ in items)


def test_a_silent_stream_holds_nothing_up_for_long() -> None:
    seen: list[int] = []

    def items() -> Iterator[tuple[int, float, int]]:
        for n in range(3000):
            seen.append(n)
            yield 0, n / 25, n

    out = interleave(items(), {0, 1})
    assert next(out)[2] == 0
    assert len(seen) < 2 * 25
    assert [next(out)[2] for _ in range(100)] == list(range(1, 101))


def test_nonsense_times_are_bounded_too() -> None:
    out = interleave(((0, 0.0, n) for n in range(5000)), {0, 1})
    assert [item for _, _, item in out] == list(range(5000))
    assert MAX_ITEMS < 5000


def test_pictures_beyond_the_rate_are_left_out_evenly() -> None:
    limit = RateLimit(30)
    assert sum(limit.take(n / 60) for n in range(600)) == 300
    limit = RateLimit(30)
    assert all(limit.take(round(n / 30, 3)) for n in range(600)), "milliseconds are no reason to drop"
    limit = RateLimit(30)
    taken = [n for n in range(500) if limit.take(n / 50)]
    assert 290 <= len(taken) <= 310
    assert limit.take(0.0), "a time that goes back starts anew"
