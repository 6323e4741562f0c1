"""The squeezed clock of a newcomer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.catchup import CLOCK_RATE, MAX_LEAD, begin
from media.pace import MAX_MULTIPLE, MIN_MULTIPLE


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
