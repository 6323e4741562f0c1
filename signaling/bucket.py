"""A token bucket, as plain numbers: how long to wait before the next message may be read, or whether it counts."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """`rate` tokens a second flow in, at most `burst` are kept. `tokens` may go below zero: then somebody waits."""

    rate: float
    burst: float
    tokens: float
    at: float

    def take(self, now: float, tokens: float = 1.0) -> float:
        """Use so many. Returns seconds to wait until they were really there; 0.0 within the rate."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.at) * self.rate) - tokens
        self.at = now
        return max(0.0, -self.tokens / self.rate)

    def spend(self, now: float, tokens: float = 1.0) -> bool:
        """Use so many if they are there."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = now
        if self.tokens < tokens:
            return False
        self.tokens -= tokens
        return True


def full(rate: float, burst: float, now: float) -> Bucket:
    """A bucket to begin with."""
    return Bucket(rate, burst, burst, now)
