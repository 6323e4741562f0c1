"""Whether two devices use one camera's key: what tells a copied key from a camera that comes and goes.

Each process of our camera agent says a random word of its own (`instance`) whenever it registers. A camera that changes
its network, loses its line or wakes up comes back with the same word; one that is restarted comes with a new word and
never again with the old. So a word that comes back after another one had taken its place was spoken by a process that
had lived on: two devices have the key. A thief who says nothing, or a new word each time, does not hide by that: it is
the word of the real camera that comes back.

Plain functions. What is known of a camera lies in its row; devices that say no word cannot be told apart.
"""

import msgspec

RETURNS = 3
"""One may be an update that overlaps with the version before it."""
WINDOW_SECONDS = 24 * 3600.0
"""Whoever takes turns more slowly than that sees next to nothing."""
MAX_WORDS = 8
"""Words remembered for a camera. Those whose connections lasted longest stay, so that many new ones push none out."""


class Arrival(msgspec.Struct, frozen=True):
    """A camera that registered. `epoch`: of its presence. `address`: where from, for its owner."""

    epoch: int
    instance: str
    address: str


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """`newest`: who speaks for the camera, `since` when. `lasted`: seconds of the longest connection of each word that
    was here before. `returns`: when one came back, newest last. `addresses`: of the two who met last."""

    newest: Arrival | None = None
    since: float = 0.0
    lasted: dict[str, float] = {}
    returns: list[float] = []
    addresses: list[str] = []


def met(known: Known, arrival: Arrival, now: float) -> Known:
    """What is known after this arrival. News of an older connection than the newest says nothing."""
    newest = known.newest
    if newest is None:
        return Known(arrival, now)
    if arrival.epoch <= newest.epoch:
        return known
    if arrival.instance == newest.instance:
        return msgspec.structs.replace(known, newest=arrival)
    returns, addresses = known.returns, known.addresses
    if arrival.instance and arrival.instance in known.lasted:
        recent = [moment for moment in returns if moment > now - WINDOW_SECONDS]
        returns, addresses = [*recent, now][-RETURNS:], [newest.address, arrival.address]
    return Known(arrival, now, _longest(known, newest.instance, now), returns, addresses)


def contested(known: Known) -> bool:
    """Whether two devices take turns."""
    return len(known.returns) >= RETURNS


def _longest(known: Known, left: str, now: float) -> dict[str, float]:
    if not left:
        return known.lasted
    lasted = known.lasted | {left: max(known.lasted.get(left, 0.0), now - known.since)}
    kept = sorted(lasted, key=lambda word: lasted[word], reverse=True)[:MAX_WORDS]
    return {word: lasted[word] for word in kept}
