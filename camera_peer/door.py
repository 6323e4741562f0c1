"""The door of a protected camera: who is inside, what is said to whom, and who has to go (DESIGN §11).

A viewer that comes directly says hello before it is offered anything, and signs its answer before ICE or DTLS hear of
it. One that watches over the relay says hello too and is handed the key of the sealed frames in an envelope. Where the
owner allows standard players, those who say nothing are let in as well, and the relay's pictures go unsealed; nobody
but the owner can say so. Nothing here does I/O: `camera_peer.doorkeeper` acts on what is decided.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from camera_peer.epochs import Epochs
from camera_peer.owner import Owner, OwnerFacts, shrunk
from camera_peer.visitors import Shown, Visitor, let_in, refusal
from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import envelope, session, statement
from signaling.protocol.trust.envelope import SenderKey
from signaling.protocol.trust.plain import plain
from signaling.protocol.trust.receipt import receipt
from signaling.protocol.trust.session import OFFER, Offer
from signaling.protocol.trust.statement import Said, Untrue

MAX_VISITORS = 64
"""Over the relay. If a server forgets to say who has left, the oldest loses his place, and no newcomer the picture."""
NONCE_BYTES, EXCHANGE_BYTES = 16, 32
UNKNOWN = "this camera shows its picture only to viewers that prove who they are"
NO_PROOF = "the viewer's answer is not signed"
GRACE_SECONDS = 10.0
"""For orders to come of which the owner's hello spoke: both were sent at the same moment, by different ways."""
CLOSED_TO_PLAYERS = "the owner no longer allows standard players"


class Over(Untrue):
    """Nobody lied: the session has ended while it was being made."""


@dataclass(slots=True)
class _Inside:
    """Who watches directly. `visitor`: None for a standard player. `offered`: what we signed for him."""

    visitor: Visitor | None
    offered: Said[Offer] | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What follows from news, by session. `over`: direct ones that end; `out`: viewers of the relay who get no more
    keys; each with the reason. `again`: viewers of the relay who have to come again, for what was sealed no longer is.
    `turn`: a new key is due. `switched`: sealing began or ended, so the relay's upload has to begin anew. `learnt`:
    there is something to keep. `withheld`: orders of which the owner has spoken do not come."""

    over: dict[str, str] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)
    again: tuple[str, ...] = ()
    turn: bool = False
    switched: bool = False
    learnt: bool = False
    withheld: bool = False


class Door:
    """`wall`: Unix seconds; `monotonic`: seconds of a clock that nobody sets. Making it makes a sender key."""

    def __init__(
        self,
        key: Ed25519PrivateKey,
        owner: Owner,
        *,
        random_bytes: Callable[[int], bytes],
        wall: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._key = key
        self._random_bytes = random_bytes
        self._clock, self._monotonic = wall, monotonic
        self._epochs = Epochs(owner.facts.epoch, random_bytes, monotonic())
        self._owner = owner.sealing_with(self._epochs.key.epoch)
        self._judged = owner
        self._owed_since: float | None = None
        self._inside: dict[str, _Inside] = {}
        self._visitors: dict[str, Visitor | None] = {}

    @property
    def facts(self) -> OwnerFacts:
        """To be kept over restarts."""
        return self._owner.facts

    @property
    def sealing(self) -> bool:
        """Whether what goes to a relay is sealed."""
        return not self._owner.standard

    @property
    def key(self) -> SenderKey:
        return self._epochs.key

    # --- directly ---

    def enter(self, name: str, shown: Shown | None) -> None:
        """A viewer wants to be offered a session of this name. Raises `Untrue`."""
        if name in self._inside:
            raise Untrue("a session of this name is open")
        self._inside[name] = _Inside(self._let_in(shown))

    def knows(self, name: str) -> bool:
        """Whether this is a session of somebody who came directly."""
        return name in self._inside

    def sign(self, name: str, sdp: str) -> str | None:
        """The statement that goes with our offer; None to a standard player. Raises `Untrue` where he has left."""
        inside = self._known(name)
        if inside.visitor is None:
            return None
        nonce = encode_bytes(self._random_bytes(NONCE_BYTES))
        text = session.offer(self._key, inside.visitor.hello, name, sdp, nonce, int(self._wall()))
        inside.offered = statement.read(text, OFFER, Offer)
        return text

    def check(self, name: str, sdp: str, proof: str | None) -> str | None:
        """The fingerprint that the viewer has signed; None of a standard player. Raises `Untrue`."""
        inside = self._known(name)
        if inside.visitor is None:
            return None
        if inside.offered is None or proof is None:
            raise Untrue(NO_PROOF)
        return session.check_answer(proof, inside.offered, inside.visitor.hello.by, sdp).what.fingerprint

    # --- over the relay ---

    def greet(self, name: str, shown: Shown | None, counter: int) -> str | None:
        """A viewer of the relay's says hello; what is answered, None for nothing. Raises `Untrue`.

        `counter`: of the next sealed frame.
        """
        visitor = self._let_in(shown)
        self._visitors.pop(name, None)
        if len(self._visitors) >= MAX_VISITORS:
            self._visitors.pop(next(iter(self._visitors)))
        self._visitors[name] = visitor
        return None if visitor is None else self._letter(visitor, counter)

    def letters(self, counter: int) -> dict[str, str]:
        """What all viewers of the relay's are told now, by session."""
        return {name: self._letter(visitor, counter) for name, visitor in self._visitors.items() if visitor is not None}

    def turn(self) -> SenderKey:
        """A new key. Nobody has it before `letters`."""
        key = self._epochs.rotate(self._monotonic())
        self._owner = self._owner.sealing_with(key.epoch)
        return key

    # --- both ---

    def leave(self, name: str) -> None:
        """This session is over."""
        self._inside.pop(name, None)
        self._visitors.pop(name, None)

    def order(self, keyring: Sequence[str], orders: str | None) -> None:
        """What the server says that the owner says. Raises `Untrue`, having taken what is true up to there."""
        if keyring:
            self._owner = self._owner.followed(keyring)
        if orders is not None:
            self._owner = self._owner.ordered(orders)

    def receipt(self) -> str:
        """What the camera has taken, for the owner."""
        return receipt(self._key, self._owner.orders, self._owner.ring.head, int(self._wall()))

    def judge(self, *, online: bool) -> Judgement:
        """What has changed since the last time, by news or by the clock. Those who have to go are gone from here.

        `online`: whether keys can be handed out; a key that is merely worn waits for that.
        """
        self._look_for_orders()
        before, after, wall = self._judged, self._owner, self._wall()
        self._judged = after
        over = {name: why for name, inside in self._inside.items() if (why := self._why(inside.visitor, before))}
        out = {name: why for name, visitor in self._visitors.items() if (why := self._why(visitor, before))}
        switched = before.standard != after.standard
        again = tuple(name for name in self._visitors if name not in out) if switched and not self.sealing else ()
        for name in (*over, *out, *again):
            self.leave(name)
        lost = self._epochs.held and shrunk(before, after)
        turn = lost or self._epochs.outlived(wall) or (online and self._epochs.worn(self._monotonic()))
        withheld = after.strict and not before.strict
        return Judgement(over, out, again, turn, switched, before.facts != after.facts, withheld)

    def _wall(self) -> float:
        return self._owner.time(self._clock())

    def _look_for_orders(self) -> None:
        """Be strict once orders have been owed for too long."""
        if not self._owner.owed:
            self._owed_since = None
        elif self._owed_since is None:
            self._owed_since = self._monotonic()
        elif self._monotonic() - self._owed_since >= GRACE_SECONDS:
            self._owner = self._owner.being_strict(strict=True)

    def _why(self, visitor: Visitor | None, before: Owner) -> str | None:
        """The reason to go. Without news only an end of right is looked at, which needs no signature checked."""
        if visitor is None:
            return CLOSED_TO_PLAYERS if self.sealing else None
        until, wall = visitor.rights.until, self._wall()
        if before is self._owner and (until is None or wall < until):
            return None
        return refusal(visitor, self._owner, wall)

    def _let_in(self, shown: Shown | None) -> Visitor | None:
        if shown is None:
            if self.sealing:
                raise Untrue(UNKNOWN)
            return None
        visitor, self._owner = let_in(shown, self._owner, self._wall())
        return visitor

    def _known(self, name: str) -> _Inside:
        try:
            return self._inside[name]
        except KeyError:
            raise Over("this session is over") from None

    def _letter(self, visitor: Visitor, counter: int) -> str:
        now = int(self._wall())
        if not self.sealing:
            return plain(self._key, visitor.hello, now)
        exchange = X25519PrivateKey.from_private_bytes(self._random_bytes(EXCHANGE_BYTES))
        text = envelope.seal(self._key, visitor.hello, exchange, self._epochs.key, counter, now)
        self._epochs.given(visitor.rights.until)
        return text
