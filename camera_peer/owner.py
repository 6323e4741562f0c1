"""Whose this camera is, and what the owner has said about it, as far as it can check that by itself (DESIGN §11).

At pairing it learns the owner's keyring. From then on it believes what follows from that: longer chains of the same
ring, orders that a key of the ring has signed. Who brings them, the server or a viewer, does not matter. Of guests it
keeps the newest keyring that it has seen, so that an installation which a guest took away stays away, and who was the
first to use a link.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from signaling.protocol.trust import statement
from signaling.protocol.trust.keyring import Keyring, catch_up, follow
from signaling.protocol.trust.orders import MAX_STEP, Known, read_orders
from signaling.protocol.trust.statement import Key, Untrue

MAX_GUESTS = 32
"""Keyrings of others that are kept, the newest last: a household shares a camera with a handful."""
HOUR = 3600
"""Finer than that the owner's time is not kept: each is a write to the disk."""
MAX_LINKS = 256
"""Grants by link whose first user is kept; those that were revoked are forgotten."""


class Spoken(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an installation of the owner's has said in its hellos. `orders`: number of the newest orders it spoke of.
    `hour`: Unix time of the latest, in hours."""

    orders: int = -1
    hour: int = 0


class OwnerFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of it is kept over restarts. `links`: serial of a grant by link to the ring that used it. `said`: by which
    key of his ring, at most one for each. `expected` and `hour`: the same of nobody known, as in files that were
    written before the speaker was kept. `epoch`: of the last sender key (`camera_peer.epochs`)."""

    keyring: tuple[str, ...]
    orders: Known = Known()
    guests: tuple[Keyring, ...] = ()
    links: dict[int, Key] = {}
    said: dict[Key, Spoken] = {}
    expected: int = -1
    hour: int = 0
    epoch: int = -1


@dataclass(frozen=True, slots=True)
class Owner:
    """`camera`: the camera's own key. `ring`: where the keyring of `facts` leads to. `strict`: orders were withheld for
    too long, so nobody's grant counts before they come."""

    camera: Key
    facts: OwnerFacts
    ring: Keyring
    strict: bool = False

    @property
    def orders(self) -> Known:
        return self.facts.orders

    @property
    def expected(self) -> int:
        """Number of the newest orders that the owner has spoken of; -1 for none."""
        return max((self.facts.expected, *(spoken.orders for spoken in self.facts.said.values())))

    @property
    def owed(self) -> bool:
        """Whether the owner has spoken of orders that have not come."""
        return self.expected > self.orders.n

    @property
    def standard(self) -> bool:
        """Whether standard players may watch. What is owed may take that back."""
        return self.orders.standard and not self.owed

    def time(self, clock: float) -> float:
        """By which grants are judged, in Unix seconds: our clock, which nobody can turn back further than the owner's
        browsers have seen it."""
        hour = max((self.facts.hour, *(spoken.hour for spoken in self.facts.said.values())))
        return max(clock, hour * HOUR)

    def followed(self, texts: Sequence[str]) -> "Owner":
        """After somebody has shown this chain of the owner's ring: a longer one is taken over, a shorter one changes
        nothing. Raises `Untrue` for another ring, and for one that parts from what is known."""
        if not texts or statement.digest(texts[0]) != self.ring.name:
            raise Untrue("this keyring is not of the camera's owner")
        ring = catch_up(texts, self.ring)
        if ring.n == self.ring.n:
            return self
        after = replace(self, ring=ring, facts=_along(self.facts, self.ring, ring, texts))
        return after.being_strict(strict=self.strict and after.owed)

    def ordered(self, text: str) -> "Owner":
        """After these orders; older ones than the last change nothing. Raises `Untrue`."""
        if statement.digest(text) == self.orders.digest:
            # Whoever signed it may have left the ring since; it counted when it came.
            return self
        known = read_orders(text, self.camera, self.ring, self.orders)
        links = {serial: ring for serial, ring in self.facts.links.items() if not known.covers(serial)}
        after = self._with(msgspec.structs.replace(self.facts, orders=known, links=links))
        return after.being_strict(strict=self.strict and after.owed)

    def heard(self, orders: int, at: int, by: Key) -> "Owner":
        """After a hello at this Unix time, which spoke of orders with this number, by this key of the owner's ring."""
        before = self.facts.said.get(by, Spoken())
        spoken = Spoken(max(before.orders, min(orders, self.orders.n + MAX_STEP)), max(before.hour, at // HOUR))
        return self._with(msgspec.structs.replace(self.facts, said=self.facts.said | {by: spoken}))

    def being_strict(self, *, strict: bool) -> "Owner":
        return self if strict == self.strict else replace(self, strict=strict)

    def guest(self, name: Key) -> Keyring | None:
        """The newest keyring of this name that a guest has shown."""
        return next((ring for ring in self.facts.guests if ring.name == name), None)

    def visited(self, ring: Keyring, link: int | None) -> "Owner":
        """After a guest of this ring was let in. `link`: serial of his grant, if he got it by a link. Raises `Untrue`
        where another one has used that before."""
        links, guests = self.facts.links, self.facts.guests
        if link is not None:
            links = _claimed(links, link, ring.name)
        if ring not in guests:
            others = [other for other in guests if other.name != ring.name]
            guests = (*others[-MAX_GUESTS + 1 :], ring)
        return self._with(msgspec.structs.replace(self.facts, links=links, guests=guests))

    def sealing_with(self, epoch: int) -> "Owner":
        """After a sender key of this number was made."""
        return self._with(msgspec.structs.replace(self.facts, epoch=epoch))

    def _with(self, facts: OwnerFacts) -> "Owner":
        return self if facts == self.facts else replace(self, facts=facts)


def owner_of(camera: Key, facts: OwnerFacts) -> Owner:
    """Raises `Untrue` where the keyring that was kept is none."""
    return Owner(camera, facts, follow(facts.keyring))


def again(facts: OwnerFacts, former: OwnerFacts | None) -> OwnerFacts:
    """What is known of an owner who has paired the camera anew: what he had said stays said, so that no server is rid
    of it by that. Of another owner's only the number of the last key stays."""
    if former is None:
        return facts
    if not is_same(facts, former):
        return msgspec.structs.replace(facts, epoch=former.epoch)
    longer = max(facts.keyring, former.keyring, key=len)
    return _along(former, follow(former.keyring), follow(longer), longer)


def is_same(shown: OwnerFacts, known: OwnerFacts) -> bool:
    """Whether these are of one ring, and what is shown does not part from what is known."""
    try:
        ring = follow(known.keyring)
        catch_up(shown.keyring, ring)
    except Untrue:
        return False
    return statement.digest(shown.keyring[0]) == ring.name


def shrunk(before: Owner, after: Owner) -> bool:
    """Whether somebody who could watch before may be out now. Errs on that side."""
    old, new = before.orders, after.orders
    if new.floor > old.floor or new.serials - old.serials or before.ring.keys - after.ring.keys:
        return True
    guests = [(ring, after.guest(ring.name)) for ring in before.facts.guests]
    left = any(now is not None and ring.keys - now.keys for ring, now in guests)
    return left or (after.strict and not before.strict)


def _along(facts: OwnerFacts, before: Keyring, after: Keyring, texts: Sequence[str]) -> OwnerFacts:
    """Once the ring has gone on. What was said of orders and time by who is no longer there goes with him, so that a
    stolen device does not outlive its removal in that; what the others said stays."""
    said = {key: spoken for key, spoken in facts.said.items() if key in after.keys}
    facts = msgspec.structs.replace(facts, keyring=tuple(texts), said=said)
    return msgspec.structs.replace(facts, expected=-1, hour=0) if before.keys - after.keys else facts


def _claimed(links: dict[int, Key], serial: int, ring: Key) -> dict[int, Key]:
    first = links.get(serial)
    if first is None and len(links) >= MAX_LINKS:
        raise Untrue("this camera has been shared by as many links as it can remember; revoke some")
    if first not in (None, ring):
        raise Untrue("somebody else has used this link")
    return links if first is not None else links | {serial: ring}
