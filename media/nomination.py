"""Which candidate pair carries the media. Decides, does no I/O.

The first pair that answers is not the best one: checks through a TURN server need no hole punched and often win a race
that a direct way loses by one retransmission. So the camera, the controlling agent (RFC 8445 §8.1.1), takes a direct
pair as soon as it answers, lets a relayed one wait a little while direct ones are still tried, and moves to a direct
one that answers later. Within a way a nearer pair replaces a farther one (a LAN, and not the router's outside); of two
as near, IPv4 and IPv6 say, the first to answer stays, for each change is one that the peer may miss.
"""

from collections.abc import Callable, Hashable
from enum import IntEnum
from typing import NamedTuple

HOLD_ROUND_TRIPS = 1.5
"""A direct way is about as long as the one through the server. Its checks need one more half turn than those to a TURN
server, when the first is lost at a router that the peer has not opened yet."""
HOLD_SECONDS = 0.1
"""For that first retransmission, and for a peer that is busy: 50 ms each."""


class Way(IntEnum):
    """How a pair's datagrams travel, best first."""

    DIRECT = 0
    TURN = 1
    TUNNEL = 2


class Rank(NamedTuple):
    """Less is better. `reach`: minus the type preferences of both ends (RFC 8445 §5.1.2.2); `priority`: minus the
    pair's priority (§6.1.2.3)."""

    way: Way
    reach: int
    priority: int

    def betters(self, other: "Rank") -> bool:
        """Whether it is worth a change. The priority alone is not."""
        return (self.way, self.reach) < (other.way, other.reach)


class _Answer(NamedTuple):
    due: float
    pair: Hashable


class Nomination:
    """`rank`: of a pair, as known now: a remote address may turn out to be a TURN server's."""

    def __init__(self, rank: Callable[[Hashable], Rank]) -> None:
        self._rank = rank
        self._waiting: list[_Answer] = []
        self.chosen: Hashable | None = None

    def improves(self, pair: Hashable) -> bool:
        """Whether this pair would replace the present one."""
        return self.chosen is None or self._rank(pair).betters(self._rank(self.chosen))

    def answered(self, pair: Hashable, round_trip: float, now: float) -> None:
        """A check on the pair succeeded; it took `round_trip` seconds."""
        hold = HOLD_ROUND_TRIPS * round_trip + HOLD_SECONDS if self._rank(pair).way is Way.TURN else 0.0
        self._waiting.append(_Answer(now + hold, pair))

    def decide(self, now: float, *, direct_tried: bool) -> Hashable | None:
        """The pair to move to now, if any. `direct_tried`: a direct pair may still answer."""
        ripe = [answer.pair for answer in self._waiting if answer.due <= now or not direct_tried]
        best = min(ripe, key=self._rank, default=None)
        moves = best is not None and self.improves(best)
        if moves:
            self.chosen = best
        self._waiting = [answer for answer in self._waiting if self.improves(answer.pair)]
        return best if moves else None

    def next_due(self) -> float | None:
        """When to ask again though nothing happens."""
        return min((answer.due for answer in self._waiting), default=None)
