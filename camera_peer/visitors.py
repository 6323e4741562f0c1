"""Visitors: may whoever says this hello watch this camera, and until when.

A hello is signed by an installation; its keyring says that it speaks for an account, and the account is the owner's or
has a grant of his. The server has no say in any of it. What a visitor showed is kept, to be judged again whenever the
owner says something new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from camera_peer.owner import Owner
from signaling.protocol.trust import statement
from signaling.protocol.trust.grant import OutOfTime, Rights, rights
from signaling.protocol.trust.keyring import Keyring, catch_up, follow
from signaling.protocol.trust.session import Hello, check_hello
from signaling.protocol.trust.statement import Said, Untrue

LAST_SECOND = datetime.max.replace(tzinfo=UTC).timestamp() - 1
"""Of the calendar. A browser of the owner's may claim any time."""
OWED = "this camera waits for orders of its owner that the server has not delivered, so only the owner may watch"


class Shown(Protocol):
    """What a viewer shows of itself; `signaling.protocol.messages.Trust` is one."""

    @property
    def hello(self) -> str: ...
    @property
    def keyring(self) -> Sequence[str]: ...
    @property
    def chain(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Visitor:
    """`ring`: his account's, as it was when he came. `chain`: the grant, and its acceptance."""

    hello: Said[Hello]
    ring: Keyring
    chain: tuple[str, ...]
    rights: Rights


def let_in(shown: Shown, owner: Owner, now: float) -> tuple[Visitor, Owner]:
    """The visitor, and the owner with what the camera has learnt by him. Raises `Untrue`, in words for who wants to
    watch. `now`: Unix seconds by the camera's own clock."""
    if not shown.keyring:
        raise Untrue("this viewer shows no keyring")
    if statement.digest(shown.keyring[0]) == owner.ring.name:
        return _owner_in(shown, owner.followed(shown.keyring), now)
    return _guest_in(shown, owner, now)


def refusal(visitor: Visitor, owner: Owner, now: float) -> str | None:
    """Why he may not go on watching, or None."""
    name = visitor.ring.name
    ring = owner.ring if name == owner.ring.name else owner.guest(name) or visitor.ring
    if visitor.hello.by not in ring.keys:
        return "this browser was taken out of its account"
    try:
        _rights(owner, ring, visitor.chain, now)
    except Untrue as error:
        return str(error)
    return None


def _owner_in(shown: Shown, owner: Owner, now: float) -> tuple[Visitor, Owner]:
    hello = check_hello(shown.hello, owner.camera, owner.ring)
    visitor = Visitor(hello, owner.ring, (), _rights(owner, owner.ring, (), now))
    return visitor, owner.heard(hello.what.orders, hello.what.iat, hello.by)


def _guest_in(shown: Shown, owner: Owner, now: float) -> tuple[Visitor, Owner]:
    known = owner.guest(statement.digest(shown.keyring[0]))
    ring = follow(shown.keyring) if known is None else catch_up(shown.keyring, known)
    hello, chain = check_hello(shown.hello, owner.camera, ring), tuple(shown.chain)
    found = _rights(owner, ring, chain, now)
    return Visitor(hello, ring, chain, found), owner.visited(ring, found.serial if len(chain) > 1 else None)


def _rights(owner: Owner, ring: Keyring, chain: Sequence[str], now: float) -> Rights:
    if owner.strict and ring.name != owner.ring.name:
        raise Untrue(OWED)
    try:
        now = owner.time(now)
        found = rights(owner.camera, owner.ring, owner.orders, ring, chain, now)
    except OutOfTime as error:
        clock = datetime.fromtimestamp(min(now, LAST_SECOND), UTC).strftime("%d %B %Y, %H:%M")
        raise Untrue(f"{error}; by this camera's clock it is {clock} UTC") from error
    if "live" not in found.scopes:
        raise Untrue("this grant does not allow to watch live")
    return found
