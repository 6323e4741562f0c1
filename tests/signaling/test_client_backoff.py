"""Who lost a server comes back later each time, up to a bound, and not in step with others."""

import random

from signaling.client_backoff import full_jitter

BASE, CEILING = 1.0, 60.0


def test_the_longest_wait_doubles_up_to_its_bound() -> None:
    longest = [full_jitter(n, base=BASE, ceiling=CEILING, random=lambda: 1.0) for n in range(8)]
    assert longest == [1, 2, 4, 8, 16, 32, 60, 60]
    assert full_jitter(10**6, base=BASE, ceiling=CEILING, random=lambda: 1.0) == CEILING


def test_a_thousand_that_lost_one_server_are_spread_over_the_whole_wait() -> None:
    chance = random.Random(1)
    waits = [full_jitter(9, base=BASE, ceiling=CEILING, random=chance.random) for _ in range(1000)]
    seconds = {int(wait) for wait in waits}
    assert seconds == set(range(int(CEILING))), "in no second none"
