"""Whether two devices use one camera's key: what tells a copied key from a camera that comes and goes.

Each process of our camera agent says a random word of its own (`instance`) whenever it registers. A camera that changes
its network, loses its line or wakes up comes back with the same word; one that is restarted comes with a new word and
never again with the old. So a word that comes back after another one had taken its place was spoken by a process that
had lived on: two devices have the key. A thief who says nothing, or a new word each time, does not hide by that: it is
the word of the real camera that comes back.

Devices that are not ours say no word. There it counts when one takes the place of a connection that still answers
(`Outlived`), several times within minutes: of a camera that moved, restarted or lost its line, the old connection
answers no more.

Plain functions. What is known of a camera lies in its row.
"""

import msgspec

RETURNS = 3
"""One may be an update that overlaps with the version before it."""
WINDOW_SECONDS = 24 * 3600.0
"""Whoever takes turns more slowly than that sees next to nothing."""
TURNS = 5
"""Without words. One or two are a camera that changes between two good lines."""
TURN_SECONDS = 900.0
"""Whoever is thrown out comes back within a minute or two, so two devices need less; changes of line are rarer."""
MAX_WORDS = 8
"""Words remembered for a camera. Those whose connections lasted longest stay, so that many new ones push none out."""


class Arrival(msgspec.Struct, frozen=True):
    """A camera that registered. `epoch`: of its presence. `address`: where from, for its owner."""

    epoch: int
    instance: str
    address: str


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """`newest`: who speaks for the camera, `since` when. `lasted`: seconds of the longest connection of each word that
    was here before. `returns`: when one came back, newest last. `turns`: when a connection was outlived, of a device
    without words. `addresses`: of the two who met last."""

    newest: Arrival | None = None
    since: float = 0.0
    lasted: dict[str, float] = {}
    returns: list[float] = []
    turns: list[float] = []
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
    lasted = _longest(known, newest.instance, now)
    return Known(arrival, now, lasted, returns, known.turns, addresses)


def outlived(known: Known, arrival: Arrival, now: float) -> Known:
    """What is known once the connection of `arrival` still answered after a newer one had taken its place."""
    newest = known.newest
    if newest is None or newest.epoch <= arrival.epoch or (newest.instance and arrival.instance):
        return known
    recent = [moment for moment in known.turns if moment > now - TURN_SECONDS]
    addresses = [arrival.address, newest.address]
    return msgspec.structs.replace(known, turns=[*recent, now][-TURNS:], addresses=addresses)


def contested(known: Known) -> bool:
    """Whether two devices take turns."""
    return len(known.returns) >= RETURNS or len(known.turns) >= TURNS


def _longest(known: Known, left: str, now: float) -> dict[str, float]:
    if not left:
        return known.lasted
    lasted = known.lasted | {left: max(known.lasted.get(left, 0.0), now - known.since)}
    kept = sorted(lasted, key=lambda word: lasted[word], reverse=True)[:MAX_WORDS]
    return {word: lasted[word] for word in kept}
