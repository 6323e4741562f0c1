"""What a change of our addresses means. Decides, does no I/O."""

from enum import Enum


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
