"""How many connections one subscriber may hold open at the same time."""

from collections import Counter

from signaling.rates import address_key

MAX_CONNECTIONS = 1024
"""Per address (IPv6: /64): the signaling sockets it may have (`Limits.sockets_per_address`) and as many for requests
and event streams. Without a bound one machine could take all file descriptors with connections that cost it nothing.
"""


class Crowd:
    """The open connections, counted by subscriber."""

    def __init__(self, limit: int = MAX_CONNECTIONS) -> None:
        self._limit = limit
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Whether there is room for one more; if so it is counted."""
        key = address_key(address)
        if self._open[key] >= self._limit:
            return False
        self._open[key] += 1
        return True

    def leave(self, address: str) -> None:
        """One that had entered is gone."""
        key = address_key(address)
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]
