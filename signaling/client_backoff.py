"""How long to wait before trying again: exponential with full jitter, bounded."""

from collections.abc import Callable


def full_jitter(attempt: int, *, base: float, ceiling: float, random: Callable[[], float]) -> float:
    """Seconds to wait before try number `attempt` + 1 (`attempt` counts from 0).

    Uniform in [0, min(ceiling, base · 2^attempt)], so that many cameras that lost the same server do not return in
    one wave. `random` gives a number in [0, 1).
    """
    return random() * min(ceiling, base * 2.0 ** min(attempt, 32))
