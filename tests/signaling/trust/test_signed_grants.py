"""Grants: the camera itself knows who may watch."""

import pytest

from signaling.protocol.trust import grant, keyring, statement
from signaling.protocol.trust.grant import (
    ACCEPTANCE,
    ALL,
    CLOCK_LEEWAY_SECONDS,
    REVOCATION,
    Acceptance,
    Revocation,
    Revoked,
    Rights,
)
from signaling.protocol.trust.statement import Untrue
from tests.signaling.trust.people import NOW, granted, key, name, ring_of

CAMERA = name("camera")
OWNER = keyring.follow(ring_of("phone", "laptop"))
GUEST = keyring.follow(ring_of("guest"))
STRANGER = keyring.follow(ring_of("stranger"))
LINK = granted(name("link"), link=True)


def rights(*chain: str, viewer: keyring.Keyring = GUEST, now: float = NOW, revoked: Revoked | None = None) -> Rights:
    return grant.rights(CAMERA, OWNER, revoked or Revoked(), viewer, chain, now)


def accepted(by: str = "link", of: str = LINK, to: str = GUEST.name) -> str:
    return statement.sign(key(by), ACCEPTANCE, Acceptance(statement.digest(of), to, NOW))


def revocation(by: str = "laptop", *, n: int = 0, floor: int = 0, serials: tuple[int, ...] = (7,), **other: str) -> str:
    about = {"camera": CAMERA, "ring": OWNER.name} | other
    return statement.sign(key(by), REVOCATION, Revocation(**about, n=n, floor=floor, serials=list(serials)))


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
    "a revocation as a grant": [revocation()],
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
        grant.rights(CAMERA, later, Revoked(), GUEST, [text], NOW)


def test_a_revoked_grant_stays_revoked() -> None:
    known = grant.revoke(revocation(), CAMERA, OWNER, Revoked())
    assert known == Revoked(0, 0, frozenset({7}))
    with pytest.raises(Untrue, match="revoked"):
        rights(FOR_GUEST, revoked=known)
    assert rights(granted(GUEST.name, serial=8), revoked=known).serial == 8
    older = revocation(n=0, serials=())
    assert grant.revoke(older, CAMERA, OWNER, known) == known, "an old one shown again changes nothing"
    with pytest.raises(Untrue, match="takes back"):
        grant.revoke(revocation(n=1, serials=(9,)), CAMERA, OWNER, known)
    assert grant.revoke(revocation(n=1, serials=(7, 9)), CAMERA, OWNER, known).covers(9)


def test_a_floor_revokes_everything_older() -> None:
    known = grant.revoke(revocation(), CAMERA, OWNER, Revoked())
    known = grant.revoke(revocation(n=1, floor=8, serials=()), CAMERA, OWNER, known)
    assert known.covers(7) and known.covers(0) and not known.covers(8)
    with pytest.raises(Untrue, match="takes back"):
        grant.revoke(revocation(n=2, floor=7, serials=()), CAMERA, OWNER, known)


@pytest.mark.parametrize(
    "text",
    [
        revocation("stranger"),
        revocation("guest"),
        revocation(camera=name("other camera")),
        revocation(ring=STRANGER.name),
        FOR_GUEST,
        revocation(serials=tuple(range(grant.MAX_REVOKED + 1))),
    ],
)
def test_only_the_owner_revokes_by_a_signed_statement(text: str) -> None:
    with pytest.raises(Untrue):
        grant.revoke(text, CAMERA, OWNER, Revoked())
