"""Orders: what the owner says now about one camera: which grants count no more, and whether standard players may watch.

Signed by an installation of the owner and numbered; the camera keeps the newest it has seen and answers with a receipt.
A revoked grant stays revoked whatever comes later. A server that withholds orders is noticed by the missing receipt,
and by the camera as soon as the owner's hello names a later number than it knows.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

import msgspec

from signaling.protocol.trust import statement
from signaling.protocol.trust.keyring import Keyring
from signaling.protocol.trust.statement import Count, Key, Untrue

KIND = "belvedere-orders+jwt"
MAX_REVOKED = 64
"""Named singly; what is older than all that stands goes below `floor`."""
MAX_STEP = 65_536
"""By which a number may be larger than the last one. Whoever has a stolen device could use up all numbers at once, and
nothing could be revoked any more after it was taken off the keyring."""


class Orders(msgspec.Struct, frozen=True, omit_defaults=True):
    """`n` counts up. Grants below `floor` are revoked as well. `standard`: players without this language may watch,
    who take the server's word, and whom the server could pretend to be."""

    camera: Key
    ring: Key
    n: Count
    floor: Count
    serials: Annotated[list[Count], msgspec.Meta(max_length=MAX_REVOKED)]
    standard: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What a camera knows of orders: nothing, at first. `digest`: of their text, empty where there are none.

    To be kept as it is: the text may not count again, once whoever signed it was taken off the keyring.
    """

    n: int = -1
    floor: int = 0
    serials: frozenset[int] = frozenset()
    standard: bool = False
    digest: str = ""

    def covers(self, serial: int) -> bool:
        """Whether the grant of this number is revoked."""
        return _covers(self.floor, self.serials, serial)


def read_orders(text: str, camera: Key, owner: Keyring, known: Known) -> Known:
    """What holds after this statement. One that is no newer than what is known changes nothing. Raises `Untrue`."""
    said = statement.read(text, KIND, Orders)
    what = said.what
    if (what.camera, what.ring) != (camera, owner.name):
        raise Untrue("these orders are about another camera")
    if said.by not in owner.keys:
        raise Untrue("whoever signed these orders does not own the camera")
    if what.n <= known.n:
        return known
    if what.n > known.n + MAX_STEP:
        raise Untrue("these orders have a number that no owner has come to")
    if what.floor < known.floor or not all(_covers(what.floor, what.serials, serial) for serial in known.serials):
        raise Untrue("these orders take back what earlier ones revoked")
    return Known(what.n, what.floor, frozenset(what.serials), what.standard, said.digest)


def _covers(floor: int, serials: Collection[int], serial: int) -> bool:
    return serial < floor or serial in serials
