"""Grants: the camera itself knows who may watch."""

import pytest

from signaling.protocol.trust import grant, keyring, orders, statement
from signaling.protocol.trust.grant import (
    ACCEPTANCE,
    ALL,
    CLOCK_LEEWAY_SECONDS,
    Acceptance,
    Rights,
)
from signaling.protocol.trust.orders import Known
from signaling.protocol.trust.statement import Untrue
from tests.signaling.trust.people import NOW, granted, key, name, ordered, ring_of

CAMERA = name("camera")
OWNER = keyring.follow(ring_of("phone", "laptop"))
GUEST = keyring.follow(ring_of("guest"))
STRANGER = keyring.follow(ring_of("stranger"))
LINK = granted(name("link"), link=True)


def rights(*chain: str, viewer: keyring.Keyring = GUEST, now: float = NOW, known: Known | None = None) -> Rights:
    return grant.rights(CAMERA, OWNER, known or Known(), viewer, chain, now)


def accepted(by: str = "link", of: str = LINK, to: str = GUEST.name) -> str:
    return statement.sign(key(by), ACCEPTANCE, Acceptance(statement.digest(of), to, NOW))


def test_the_owner_may_do_everything_without_a_grant() -> None:
    assert rights(viewer=OWNER) == Rights(ALL)


def test_a_signed_grant_gives_what_it_says_until_it_ends() -> None:
    text = granted(GUEST.name, by="laptop", scopes=["live", "talk"], exp=NOW + 60)
    assert rights(text) == Rights(frozenset({"live", "talk"}), NOW + 60, 7)
    assert rights(text, now=NOW + 59.9) and rights(text, now=NOW - CLOCK_LEEWAY_SECONDS)
    for out_of_time in (NOW + 60, NOW + 1e9, NOW - CLOCK_LEEWAY_SECONDS - 1):
        with pytest.raises(Untrue, match=r"ended|not hold yet"):
            rights(text, now=out_of_time)


def test_a_link_is_accepted_by_whoever_holds_its_key() -> None:
    assert rights(LINK, accepted()) == Rights(frozenset({"live"}), None, 7)


FOR_GUEST = granted(GUEST.name)
NO_RIGHTS = {
    "nothing": [],
    "an acceptance alone": [accepted()],
    "a grant for another": [granted(STRANGER.name)],
    "by a stranger": [granted(GUEST.name, by="stranger")],
    "by the guest": [granted(GUEST.name, by="guest")],
    "by the camera": [granted(GUEST.name, by="camera")],
    "for another camera": [granted(GUEST.name, camera=name("other camera"))],
    "of another owner's ring": [granted(GUEST.name, ring=STRANGER.name)],
    "a link that nobody accepted": [LINK],
    "a link accepted by another key": [LINK, accepted(by="stranger")],
    "a link accepted by the guest alone": [LINK, accepted(by="guest")],
    "a link accepted for another": [LINK, accepted(to=STRANGER.name)],
    "an acceptance of another link": [LINK, accepted(of=granted(name("link"), link=True, serial=8))],
    "an acceptance beside a direct grant": [FOR_GUEST, accepted(of=FOR_GUEST)],
    "three": [LINK, accepted(), accepted()],
    "two grants": [FOR_GUEST, FOR_GUEST],
    "orders as a grant": [ordered()],
    "a link's key as a keyring": [granted(name("link"))],
    "no scope": [granted(GUEST.name, scopes=[])],
    "an unknown scope": [granted(GUEST.name, scopes=["own"])],
    "a keyring as a link": [granted(GUEST.name, link=True)],
}


@pytest.mark.parametrize("what", NO_RIGHTS)
def test_what_is_no_signed_grant_gives_nothing(what: str) -> None:
    with pytest.raises(Untrue):
        rights(*NO_RIGHTS[what])


def test_whose_key_was_taken_off_the_keyring_granted_nothing() -> None:
    text = granted(GUEST.name, by="laptop")
    chain = ring_of("phone", "laptop")
    fewer = keyring.change(key("phone"), keyring.follow(chain), [name("phone")], NOW)
    later = keyring.follow([*chain, fewer])
    with pytest.raises(Untrue, match="does not own"):
        grant.rights(CAMERA, later, Known(), GUEST, [text], NOW)


def test_a_revoked_grant_is_signed_in_vain() -> None:
    known = orders.read_orders(ordered(), CAMERA, OWNER, Known())
    with pytest.raises(Untrue, match="revoked"):
        rights(FOR_GUEST, known=known)
    assert rights(granted(GUEST.name, serial=8), known=known).serial == 8
    later = orders.read_orders(ordered(n=1, floor=9), CAMERA, OWNER, known)
    with pytest.raises(Untrue, match="revoked"):
        rights(granted(GUEST.name, serial=8), known=later)
