"""Grants: what the owner allows whom, so that a camera can check it by itself.

An owner's installation signs a grant: to another account's keyring, or to the key of an invitation link, which only
whoever holds the link can use. That one signs an acceptance which names his keyring, with nobody else being online: two
links of one chain. The owner's orders name the serials that count no more. The server's own table decides only what it
offers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from signaling.protocol.trust import statement
from signaling.protocol.trust.keyring import Keyring
from signaling.protocol.trust.orders import Known
from signaling.protocol.trust.statement import Count, Key, Seconds, Untrue

GRANT = "belvedere-grant+jwt"
ACCEPTANCE = "belvedere-acceptance+jwt"
CLOCK_LEEWAY_SECONDS = 120
"""Between the clock of whoever signed and ours, for what begins just now. An end has none."""

Scope = Literal["live", "talk", "history", "manage"]
ALL: frozenset[Scope] = frozenset({"live", "talk", "history", "manage"})


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """`camera`: its key. `ring`: the owner's. `to`: a keyring, or the key of a link. `serial`: no two of one camera
    have the same, and later ones are larger."""

    camera: Key
    ring: Key
    to: Key
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=len(ALL))]
    nbf: Seconds
    serial: Count
    exp: Seconds | None = None
    link: bool = False


class Acceptance(msgspec.Struct, frozen=True):
    """Signed by the link's key. `grant`: digest of the grant. `to`: the keyring of whoever accepts."""

    grant: Key
    to: Key
    iat: Seconds


class OutOfTime(Untrue):
    """A grant that does not hold now, by the clock of whoever checks it."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a viewer may do with a camera. `until`: Unix seconds, None for as long as nothing changes."""

    scopes: frozenset[Scope]
    until: int | None = None
    serial: int | None = None


def rights(camera: Key, owner: Keyring, orders: Known, viewer: Keyring, chain: Sequence[str], now: float) -> Rights:
    """What the accounts of this keyring may do. `chain`: a grant, and the acceptance where it was for a link.

    Raises `Untrue` where they may not do anything.
    """
    if viewer.name == owner.name:
        return Rights(ALL)
    if not 1 <= len(chain) <= 2:
        raise Untrue("this viewer shows no grant")
    said = statement.read(chain[0], GRANT, Grant)
    grant = said.what
    if said.by not in owner.keys or grant.ring != owner.name:
        raise Untrue("whoever signed this grant does not own the camera")
    if grant.camera != camera:
        raise Untrue("this grant is for another camera")
    if orders.covers(grant.serial):
        raise Untrue("this grant was revoked")
    _check_time(grant, now)
    _check_taker(grant, said.digest, viewer, chain[1:])
    return Rights(frozenset(grant.scopes), grant.exp, grant.serial)


def _check_time(grant: Grant, now: float) -> None:
    if now < grant.nbf - CLOCK_LEEWAY_SECONDS:
        raise OutOfTime("this grant does not hold yet")
    if grant.exp is not None and now >= grant.exp:
        raise OutOfTime("this grant has ended")


def _check_taker(grant: Grant, digest: Key, viewer: Keyring, rest: Sequence[str]) -> None:
    if not grant.link:
        if rest or grant.to != viewer.name:
            raise Untrue("this grant is for somebody else")
        return
    if not rest:
        raise Untrue("this grant is for whoever has its link, and nobody has accepted it")
    said = statement.read(rest[0], ACCEPTANCE, Acceptance)
    if said.by != grant.to or said.what.grant != digest:
        raise Untrue("this acceptance is not of the grant's link")
    if said.what.to != viewer.name:
        raise Untrue("this grant was accepted by somebody else")
