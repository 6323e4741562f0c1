"""The judge of the times of sign-ins sees what it is meant to see."""

import random
import statistics

from tests.benchmarks.bench_timing import BOUND, auc, half_width


def test_auc() -> None:
    assert auc([2.0, 3.0], [0.0, 1.0]) == 1.0 and auc([0.0], [1.0]) == 0.0
    assert auc([1.0, 1.0], [1.0, 1.0]) == 0.5 and auc([1.0, 3.0], [2.0]) == 0.5


def test_equal_times_are_within_the_interval() -> None:
    chance = random.Random(7)
    found = [auc(*([chance.gauss(250, 20) for _ in range(100)] for _ in range(2))) for _ in range(200)]
    within = sum(abs(each - 0.5) <= half_width(100, 100) for each in found)
    assert 180 <= within <= 199
    assert abs(statistics.mean(found) - 0.5) < 0.02


def test_a_difference_that_a_person_would_not_see_is_beyond_the_bound() -> None:
    """Five of 250 ms, less than the times themselves vary."""
    chance = random.Random(7)
    known, unknown = [chance.gauss(255, 20) for _ in range(500)], [chance.gauss(250, 20) for _ in range(500)]
    assert auc(known, unknown) - 0.5 > BOUND > half_width(500, 500)
