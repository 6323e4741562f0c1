"""The owner of two cameras with his devices, and a guest; what each of them shows, and what the owner has signed."""

import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from signaling.protocol.messages import Trust
from signaling.protocol.trust import grant, orders, statement
from signaling.protocol.trust.grant import Acceptance, Grant
from signaling.protocol.trust.orders import Orders
from signaling.protocol.trust.statement import Key
from tests.trust_viewer import Installation

REVOKED = 13
"""Serial of a grant that the owner has taken back."""


@dataclass
class People:
    """`tablet`: was the owner's and is off the ring, of which it shows the end where it still belonged. `link`: the key
    of an invitation."""

    phone: Installation = field(default_factory=Installation.first)
    guest: Installation = field(default_factory=Installation.first)
    link: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def __post_init__(self) -> None:
        self.laptop = Installation(Ed25519PrivateKey.generate(), [])
        self.tablet = Installation(Ed25519PrivateKey.generate(), [])
        self.tablet.ring = self.phone.with_keys(self.phone.name, self.laptop.name, self.tablet.name)
        self.laptop.ring = self.phone.with_keys(self.phone.name, self.laptop.name)

    def granted(self, camera: Key, to: Key, serial: int = 7, by: Installation | None = None, **said: object) -> str:
        """By the owner, or by somebody who says that he is."""
        who = by or self.phone
        fields: dict[str, object] = {"scopes": ["live"], "nbf": int(time.time()) - 86_400} | said
        what = Grant(camera=camera, ring=who.ring_name, to=to, serial=serial, **fields)  # type: ignore[arg-type]
        return statement.sign(who.key, grant.GRANT, what)

    def accepted(self, granted: str, to: Key, by: Ed25519PrivateKey | None = None) -> list[str]:
        """A grant by link, and the yes in the name of a ring."""
        what = Acceptance(statement.digest(granted), to, 0)
        return [granted, statement.sign(by or self.link, grant.ACCEPTANCE, what)]

    def ordered(self, camera: Key, n: int, *, standard: bool = False) -> str:
        """Each time one more grant is taken back, so that the camera turns its key."""
        what = Orders(camera, self.phone.ring_name, n, 0, [REVOKED + more for more in range(n + 1)], standard)
        return statement.sign(self.phone.key, orders.KIND, what)


def shown(who: Installation, camera: Key, chain: list[str] | None = None, ring: list[str] | None = None) -> Trust:
    """What this one shows a camera; `chain` and `ring` in place of his own."""
    hello = who.hello(camera, X25519PrivateKey.generate())
    return Trust(hello, who.ring if ring is None else ring, who.chain if chain is None else chain)
