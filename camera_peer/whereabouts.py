"""What a change of our addresses means. Decides, does no I/O."""

from enum import Enum

AT_ONCE = 20
"""Changes that are acted on as they come: a move is a handful of them, and a way out and home again some more."""
SLOW_SECONDS = 12.0
"""For each one beyond: an address that flaps, or routes that never rest, must not call every try to reach the server
away before it is through (`CONNECT_SECONDS` of the client)."""


class Change(Enum):
    """`NEW`: we can be reached in one more way. `MOVED`: an address is gone, and what used it is dead. `ROUTE`: the
    addresses are the same, but what was not reachable may be now."""

    NEW = "new"
    MOVED = "moved"
    ROUTE = "route"


class Whereabouts:
    """Follows the set of our addresses. While there is none, there is nothing to be done yet."""

    def __init__(self, addresses: frozenset[str]) -> None:
        self._known = addresses
        self._lost = False

    def see(self, addresses: frozenset[str]) -> Change | None:
        """The addresses as of now; called whenever the system says that something changed."""
        gone, came = self._known - addresses, addresses - self._known
        self._known = addresses
        self._lost = self._lost or bool(gone)
        if not addresses:
            return None
        if self._lost:
            self._lost = False
            return Change.MOVED
        return Change.NEW if came else Change.ROUTE


class Restraint:
    """How long to let further changes gather."""

    def __init__(self, now: float) -> None:
        self._left, self._at = float(AT_ONCE), now

    def acted(self, now: float) -> float:
        """A change was acted on; seconds until the next one may be."""
        self._left = min(self._left + (now - self._at) / SLOW_SECONDS, AT_ONCE) - 1.0
        self._at = now
        return max(0.0, (1.0 - self._left) * SLOW_SECONDS)
