"""A dead viewer is noticed, a living one on a bad line is not: ten minutes at a time, in virtual time."""

import heapq
import random
from collections.abc import Callable

import pytest

from media.liveness import DEAD_SECONDS, QUIET_SECONDS, Liveness, Sign

PROMISED_SECONDS = 3.0
TEN_MINUTES = 600.0
REPORT_SECONDS = 1.0
"""Chromium reports on video about once a second."""


def gone_at(
    round_trip: float, loss: float, seed: int, until: float, report: float = REPORT_SECONDS, killed_at: float = 1e9
) -> float | None:
    """When the camera gives a viewer up, which reports and answers until it is killed. None if it never does."""
    dice = random.Random(seed)
    arrivals: list[float] = []

    def travel(at: float, use: Callable[[float], None]) -> None:
        if dice.random() >= loss:
            use(at + round_trip / 2)

    def said(at: float) -> None:
        if at < killed_at:
            travel(at, lambda arrived: heapq.heappush(arrivals, arrived))

    next_report, heard_at, now = report, 0.0, 0.0
    liveness = Liveness(now)
    while now < until:
        sign, again = liveness.look(heard_at, now)
        if sign is Sign.GONE:
            return now
        if sign is Sign.ASK:
            travel(now, said)
        now = min(again, next_report, arrivals[0] if arrivals else again)
        if now >= next_report:
            said(next_report)
            next_report += report * (0.5 + dice.random())
        while arrivals and arrivals[0] <= now:
            heard_at = heapq.heappop(arrivals)
    return None


@pytest.mark.parametrize("report", [REPORT_SECONDS, 1e9], ids=["reporting", "silent"])
def test_no_false_alarm_in_ten_minutes_at_ten_percent_loss_and_600_ms(report: float) -> None:
    alarms = [gone_at(0.6, 0.1, seed, TEN_MINUTES, report) for seed in range(60)]
    assert alarms == [None] * 60


def test_the_simulation_would_show_a_false_alarm() -> None:
    assert any(gone_at(0.6, 0.75, seed, TEN_MINUTES) is not None for seed in range(5))


@pytest.mark.parametrize("round_trip", [0.001, 0.04, 0.15])
@pytest.mark.parametrize("killed_at", [5.0, 5.37, 5.99])
def test_a_killed_viewer_is_given_up_in_time(round_trip: float, killed_at: float) -> None:
    for seed in range(20):
        found = gone_at(round_trip, 0.1, seed, 60.0, killed_at=killed_at)
        assert found is not None
        assert 0 < found - killed_at <= PROMISED_SECONDS


def test_a_viewer_that_speaks_is_not_asked() -> None:
    now, asked = 0.0, 0
    liveness = Liveness(now)
    for _ in range(100):
        heard_at, end = now, now + 0.7
        while now < end:
            sign, again = liveness.look(heard_at, now)
            asked += sign is Sign.ASK
            now = min(again, end)
    assert asked == 0


def silent_until(end: float) -> Sign:
    """What is found at `end`, after nothing was heard since 0."""
    liveness, now = Liveness(0.0), 0.0
    while now < end:
        now = min(liveness.look(0.0, now).again, end)
    return liveness.look(0.0, now).sign


def test_the_end_comes_exactly_then() -> None:
    assert silent_until(DEAD_SECONDS - 0.001) is not Sign.GONE
    assert silent_until(DEAD_SECONDS) is Sign.GONE


def test_a_camera_that_was_held_up_asks_before_it_judges() -> None:
    liveness = Liveness(0.0)
    liveness.look(0.0, 0.0)
    assert liveness.look(0.0, 10.0).sign is Sign.ASK
    now = 10.0
    while liveness.look(0.0, now).sign is not Sign.GONE:
        now += 0.1
    assert now == pytest.approx(10.0 + DEAD_SECONDS - QUIET_SECONDS, abs=0.1)


@pytest.mark.parametrize("every", [0.5, 1.0, 1.5, 2.0])
def test_a_camera_that_is_held_up_all_the_time_gives_a_silent_peer_up_all_the_same(every: float) -> None:
    liveness, now, stall_at = Liveness(0.0), 0.0, every
    while (found := liveness.look(0.0, now)).sign is not Sign.GONE:
        now = found.again
        if now >= stall_at:
            now += 0.4
            stall_at = now + every
        assert now < 15.0


def test_whoever_is_heard_between_two_hold_ups_stays() -> None:
    liveness, now = Liveness(0.0), 0.0
    for _ in range(100):
        assert liveness.look(now, now).sign is Sign.WAIT
        assert liveness.look(now, now + 10.0).sign is Sign.ASK
        now += 10.1
