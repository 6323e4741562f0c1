"""The squeezed clock of a newcomer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.catchup import (
    CLOCK_RATE,
    MAX_LEAD,
    MAX_MULTIPLE,
    MIN_MULTIPLE,
    UNKNOWN_PATH,
    USABLE_SHARE,
    begin,
    corrected_multiple,
    first_multiple,
    measured_multiple,
)


@given(
    first=st.integers(0, 2**34),
    length=st.integers(0, 10 * CLOCK_RATE),
    silence=st.floats(0, 3),
    multiple=st.floats(MIN_MULTIPLE, MAX_MULTIPLE),
    steps=st.lists(st.integers(1, CLOCK_RATE), max_size=30),
)
def test_the_shown_clock_never_goes_back_and_joins_the_live_one(
    first: int, length: int, silence: float, multiple: float, steps: list[int]
) -> None:
    catch_up = begin(first, first + length, silence, multiple)
    shown = [catch_up.shown(first)]
    stamp = first
    for step in steps:
        stamp += step
        shown.append(catch_up.shown(stamp))
    assert shown == sorted(shown)
    later = int(catch_up.end) + 1
    assert catch_up.shown(later) == later
    assert abs(catch_up.shown(later - 2) - later) <= multiple + 3


def test_two_seconds_at_thirty_times_take_about_seventy_milliseconds() -> None:
    catch_up = begin(0, 2 * CLOCK_RATE, 0.0, 30.0)
    assert catch_up.delay(0) == 0.0
    assert catch_up.delay(2 * CLOCK_RATE) == pytest.approx(2 / 30, abs=0.001)


def test_a_silent_source_is_not_projected_far() -> None:
    assert begin(0, 0, 100.0, 10.0).start == MAX_LEAD


def test_before_anything_is_known_a_home_uplink_is_assumed() -> None:
    assert first_multiple(2_000_000) == UNKNOWN_PATH / 2_000_000
    assert first_multiple(20_000_000) == MIN_MULTIPLE
    assert first_multiple(0) == MAX_MULTIPLE


def test_a_train_that_did_not_queue_has_room_above_it() -> None:
    assert measured_multiple(2_000_000, train=30_000, queued=0.002) == MAX_MULTIPLE


def test_a_train_that_queued_measures_the_narrowest_link() -> None:
    """30 KB in 48 ms are 5 Mbit/s: two and a half times a stream of 2 Mbit/s."""
    assert measured_multiple(2_000_000, train=30_000, queued=0.048) == pytest.approx(2.5 * USABLE_SHARE)
    assert measured_multiple(9_000_000, train=30_000, queued=0.048) == MIN_MULTIPLE


def test_later_probes_keep_the_queue_short() -> None:
    assert corrected_multiple(4.0, queued=0.001) == 8.0
    assert corrected_multiple(4.0, queued=0.050) == 4.0
    assert corrected_multiple(4.0, queued=0.100) == pytest.approx(2.8)
    assert corrected_multiple(MAX_MULTIPLE, queued=0.0) == MAX_MULTIPLE
    assert corrected_multiple(MIN_MULTIPLE, queued=1.0) == MIN_MULTIPLE
