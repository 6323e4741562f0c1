"""Who calls on a protected camera: its owner's phone and laptop, a guest, a stranger, and what each of them shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from camera_peer.owner import Owner, OwnerFacts, owner_of
from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import grant, keyring, session, statement
from signaling.protocol.trust.grant import Acceptance
from signaling.protocol.trust.session import Hello
from tests.signaling.trust.people import NOW, exchange_key, granted, key, name, nonce, ring_of

CAMERA = name("camera")
PHONE = ring_of("phone")
BOTH = ring_of("phone", "laptop")
GUEST = ring_of("guest")
LINK_GRANT = granted(name("link"), link=True, serial=8)


@dataclass(frozen=True)
class Caller:
    """What `belvedere.trust` has."""

    hello: str
    keyring: Sequence[str]
    chain: Sequence[str] = ()


def ring_name(texts: Sequence[str]) -> str:
    return statement.digest(texts[0])


def said(by: str, ring: Sequence[str], *, to: str = "camera", label: str = "viewer", seen: int = -1) -> str:
    """A hello in the name of this ring."""
    public = encode_bytes(exchange_key(by).public_key().public_bytes_raw())
    what = Hello(name(to), ring_name(ring), nonce(label), public, NOW, seen)
    return statement.sign(key(by), session.HELLO, what)


def caller(by: str = "phone", ring: Sequence[str] = BOTH, chain: Sequence[str] = (), **hello: object) -> Caller:
    return Caller(said(by, ring, **hello), ring, chain)  # type: ignore[arg-type]


def guest(by: str = "guest", ring: Sequence[str] = GUEST, **granting: object) -> Caller:
    """With a grant to this ring, of serial 7."""
    return caller(by, ring, [granted(ring_name(ring), **granting)])  # type: ignore[arg-type]


def by_link(by: str = "guest") -> Caller:
    """With a grant by link, of serial 8, which this one has accepted."""
    ring = ring_of(by)
    accepted = Acceptance(statement.digest(LINK_GRANT), ring_name(ring), NOW)
    return caller(by, ring, [LINK_GRANT, statement.sign(key("link"), grant.ACCEPTANCE, accepted)])


def without(chain: Sequence[str], by: str, *persons: str) -> list[str]:
    """This ring, after `by` took all but these persons out of it."""
    keys = [name(person) for person in persons]
    return [*chain, keyring.change(key(by), keyring.follow(chain), keys, NOW + len(chain))]


def owner(texts: Sequence[str] = BOTH, **facts: object) -> Owner:
    return owner_of(CAMERA, OwnerFacts(tuple(texts), **facts))  # type: ignore[arg-type]


def swapped(seen: Caller, **changed: object) -> Caller:
    return replace(seen, **changed)  # type: ignore[arg-type]
