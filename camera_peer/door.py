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
TAKEN = "a session of this name is open"
NO_PROOF = "the viewer's answer is not signed"
GRACE_SECONDS = 10.0
"""For orders to come of which the owner's hello spoke: both were sent at the same moment, by different ways."""
CLOSED_TO_PLAYERS = "the owner no longer allows standard players"


class Over(Untrue):
    """Nobody lied: the session has ended while it was being made."""


@dataclass(slots=True, eq=False)
class Entrance:
    """One session of our own, for as long as it is that: names are the server's, and it could give one to two of them.

    `visitor`: who watches directly; None for a standard player. `upload`: it goes to a relay, which proves nothing;
    `sealed`: and gets sealed frames. `offered`: what we signed for the visitor."""

    name: str
    visitor: Visitor | None = None
    upload: bool = False
    sealed: bool = False
    offered: Said[Offer] | None = None


@dataclass(slots=True)
class _Greeted:
    """A viewer of the relay's. `visitor`: None for a standard player. `has_key`: he was told a key last, not that there
    is none."""

    visitor: Visitor | None
    has_key: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What follows from news, by session. `over`: direct ones that end; `out`: viewers of the relay who get no more
    keys; each with the reason. `again`: viewers of the relay who have to come again, for what was sealed no longer is.
    `anew`: uploads that have to begin anew, because sealing began or ended since they did. `turn`: a new key is due.
    `tell`: viewers of the relay stay who have yet to hear of the key. `learnt`: there is something to keep. `withheld`:
    orders of which the owner has spoken do not come."""

    over: dict[str, str] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)
    again: tuple[str, ...] = ()
    anew: tuple[str, ...] = ()
    turn: bool = False
    tell: bool = False
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
        self._lost = False  # whether somebody who could watch may be out, since the last judgement
        self._inside: dict[str, Entrance] = {}
        self._greeted: dict[str, _Greeted] = {}

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

    # --- sessions of our own ---

    def enter(self, name: str, shown: Shown | None) -> Entrance:
        """A viewer wants to be offered a session of this name. Raises `Untrue`."""
        self._unused(name)
        entrance = self._inside[name] = Entrance(name, self._let_in(shown))
        return entrance

    def upload(self, name: str) -> Entrance:
        """A relay is to be offered one. Raises `Untrue`."""
        self._unused(name)
        entrance = self._inside[name] = Entrance(name, upload=True, sealed=self.sealing)
        return entrance

    def knows(self, name: str) -> bool:
        """Whether a session of our own may have this name."""
        return name in self._inside

    def sign(self, entrance: Entrance, sdp: str) -> str | None:
        """The statement that goes with our offer; None to a standard player and a relay. Raises `Over`."""
        self._present(entrance)
        if entrance.visitor is None:
            return None
        nonce = encode_bytes(self._random_bytes(NONCE_BYTES))
        text = session.offer(self._key, entrance.visitor.hello, entrance.name, sdp, nonce, int(self._wall()))
        entrance.offered = statement.read(text, OFFER, Offer)
        return text

    def check(self, entrance: Entrance, sdp: str, proof: str | None) -> str | None:
        """The fingerprint that the viewer has signed; None where nobody signs. Raises `Untrue`."""
        self._present(entrance)
        if entrance.visitor is None:
            return None
        if entrance.offered is None or proof is None:
            raise Untrue(NO_PROOF)
        return session.check_answer(proof, entrance.offered, entrance.visitor.hello.by, sdp).what.fingerprint

    def leave(self, name: str) -> None:
        """The session of our own that has this name is over."""
        self._inside.pop(name, None)

    def release(self, entrance: Entrance) -> None:
        """This one is, whoever else has its name by now."""
        if self._inside.get(entrance.name) is entrance:
            del self._inside[entrance.name]

    # --- over the relay ---

    def greet(self, name: str, shown: Shown | None, counter: int) -> str | None:
        """A viewer of the relay's says hello; what is answered, None for nothing. Raises `Untrue`.

        `counter`: of the next sealed frame.
        """
        if name in self._inside:
            raise Untrue(TAKEN)
        visitor = self._let_in(shown)
        self._greeted.pop(name, None)
        if len(self._greeted) >= MAX_VISITORS:
            self._greeted.pop(next(iter(self._greeted)))
        greeted = self._greeted[name] = _Greeted(visitor)
        return self._letter(greeted, counter)

    def letters(self, counter: int) -> dict[str, str]:
        """What all viewers of the relay's are told now, by session."""
        told = ((name, self._letter(greeted, counter)) for name, greeted in self._greeted.items())
        return {name: letter for name, letter in told if letter is not None}

    def gone(self, name: str) -> None:
        """A viewer of the relay's has left, as the server says."""
        self._greeted.pop(name, None)

    def turn(self) -> SenderKey:
        """A new key. Nobody has it before `letters`."""
        key = self._epochs.rotate(self._monotonic())
        self._know(self._owner.sealing_with(key.epoch))
        return key

    # --- both ---

    def order(self, keyring: Sequence[str], orders: str | None) -> None:
        """What the server says that the owner says. Raises `Untrue`, having taken what is true up to there."""
        if keyring:
            self._know(self._owner.followed(keyring))
        if orders is not None:
            self._know(self._owner.ordered(orders))

    def receipt(self) -> str:
        """What the camera has taken, for the owner."""
        return receipt(self._key, self._owner.orders, self._owner.ring.head, int(self._wall()))

    def judge(self, *, online: bool) -> Judgement:
        """What has changed since the last time, by news or by the clock. Those who have to go are gone from here.

        `online`: whether keys can be handed out; a key that is merely worn waits for that.
        """
        self._look_for_orders()
        before, after, lost = self._judged, self._owner, self._lost
        self._judged, self._lost = after, False
        over = {name: why for name, each in self._inside.items() if (why := self._why_over(each, before))}
        out = {name: why for name, each in self._greeted.items() if (why := self._why(each.visitor, before))}
        again = () if self.sealing else tuple(name for name, each in self._greeted.items() if each.has_key)
        anew = tuple(name for name, each in self._inside.items() if each.upload and each.sealed != self.sealing)
        for name in (*over, *anew):
            self.leave(name)
        for name in (*out, *again):
            self.gone(name)
        worn = online and self._epochs.worn(self._monotonic())
        return Judgement(
            over,
            out,
            tuple(name for name in again if name not in out),
            anew,
            turn=(lost and self._epochs.held) or self._epochs.outlived(self._wall()) or worn,
            tell=self.sealing and any(not each.has_key for each in self._greeted.values() if each.visitor is not None),
            learnt=before.facts != after.facts,
            withheld=after.strict and not before.strict,
        )

    def _wall(self) -> float:
        return self._owner.time(self._clock())

    def _look_for_orders(self) -> None:
        """Be strict once orders have been owed for too long."""
        if not self._owner.owed:
            self._owed_since = None
        elif self._owed_since is None:
            self._owed_since = self._monotonic()
        elif self._monotonic() - self._owed_since >= GRACE_SECONDS:
            self._know(self._owner.being_strict(strict=True))

    def _know(self, owner: Owner) -> None:
        """Between two judgements somebody may come and go."""
        self._lost = self._lost or shrunk(self._owner, owner)
        self._owner = owner

    def _unused(self, name: str) -> None:
        if name in self._inside or name in self._greeted:
            raise Untrue(TAKEN)

    def _why_over(self, entrance: Entrance, before: Owner) -> str | None:
        return None if entrance.upload else self._why(entrance.visitor, before)

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
        visitor, owner = let_in(shown, self._owner, self._wall())
        self._know(owner)
        return visitor

    def _present(self, entrance: Entrance) -> None:
        if self._inside.get(entrance.name) is not entrance:
            raise Over("this session is over")

    def _letter(self, greeted: _Greeted, counter: int) -> str | None:
        visitor, now = greeted.visitor, int(self._wall())
        if visitor is None:
            return None
        greeted.has_key = self.sealing
        if not self.sealing:
            return plain(self._key, visitor.hello, now)
        exchange = X25519PrivateKey.from_private_bytes(self._random_bytes(EXCHANGE_BYTES))
        text = envelope.seal(self._key, visitor.hello, exchange, self._epochs.key, counter, now)
        self._epochs.given(visitor.rights.until)
        return text
