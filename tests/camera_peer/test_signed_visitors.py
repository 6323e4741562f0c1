"""Who may watch a protected camera, by what he shows and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from camera_peer.owner import Owner
from camera_peer.visitors import OWED, let_in, refusal
from signaling.protocol.trust import keyring, statement
from signaling.protocol.trust.grant import ALL
from signaling.protocol.trust.statement import Untrue
from tests.camera_peer.callers import (
    BOTH,
    GUEST,
    PHONE,
    Caller,
    by_link,
    caller,
    guest,
    owner,
    ring_name,
    said,
    swapped,
    without,
)
from tests.signaling.trust.people import NOW, granted, key, name, ordered, ring_of

DAY = 86_400


@pytest.mark.parametrize("ring", [PHONE, BOTH])
def test_the_owners_signed_hello_lets_in_whatever_the_clock_says(ring: list[str]) -> None:
    for now in (0.0, NOW - DAY, NOW + 10 * 365 * DAY):
        visitor, after = let_in(caller("phone", ring), owner(), now)
        assert (visitor.rights.scopes, visitor.rights.until) == (ALL, None)
        assert after == owner().heard(-1, NOW, name("phone"))


def test_a_viewer_brings_the_longer_signed_ring_of_the_owner() -> None:
    visitor, after = let_in(caller("laptop"), owner(PHONE), NOW)
    assert visitor.hello.by == name("laptop")
    assert after.facts.keyring == tuple(BOTH)


def test_a_guest_is_let_in_by_his_signed_grant_until_it_ends() -> None:
    visitor, after = let_in(guest(exp=NOW + 60), owner(), NOW)
    assert (visitor.rights.until, visitor.rights.serial) == (NOW + 60, 7)
    assert refusal(visitor, after, NOW + 59) is None
    assert "this grant has ended; by this camera's clock it is " in str(refusal(visitor, after, NOW + 60))


def test_a_clock_that_is_a_day_behind_says_so_to_a_new_guest() -> None:
    with pytest.raises(Untrue, match=r"does not hold yet; by this camera's clock it is 14 January 2027, \d\d:\d\d UTC"):
        let_in(guest(), owner(), NOW - DAY)


def test_a_signed_hello_of_no_calendar_refuses_guests_in_words() -> None:
    visitor, _ = let_in(guest(exp=NOW + 60), owner(), NOW)
    after = owner().heard(-1, 2**53 - 1, name("phone"))
    assert "this grant has ended; by this camera's clock it is 31 December 9999" in str(refusal(visitor, after, NOW))


def test_a_signed_link_lets_in_its_first_user_only() -> None:
    visitor, after = let_in(by_link("guest"), owner(), NOW)
    assert visitor.rights.serial == 8
    assert let_in(by_link("guest"), after, NOW)[1] == after
    with pytest.raises(Untrue, match="somebody else has used this link"):
        let_in(by_link("thief"), after, NOW)


TWO = ring_of("guest", "tablet")
LEFT = without(TWO, "guest", "guest")


def test_an_installation_that_a_guest_took_out_stays_out() -> None:
    tablet = guest("tablet", TWO)
    visitor, known = let_in(tablet, owner(), NOW)
    _, after = let_in(guest("guest", LEFT), known, NOW)
    assert refusal(visitor, after, NOW) == "this browser was taken out of its account"
    with pytest.raises(Untrue):
        let_in(tablet, after, NOW)
    assert let_in(guest("guest", TWO), after, NOW)[1] == after, "an older chain of one who stayed"


def test_an_installation_that_the_owner_took_out_stays_out() -> None:
    known = owner(without(BOTH, "phone", "phone"))
    for ring in (BOTH, known.facts.keyring):
        with pytest.raises(Untrue):
            let_in(caller("laptop", ring), known, NOW)
    visitor, _ = let_in(caller("laptop"), owner(), NOW)
    assert refusal(visitor, known, NOW) == "this browser was taken out of its account"


def test_a_revoked_grant_counts_no_more_also_for_who_is_inside() -> None:
    visitor, known = let_in(guest(), owner(), NOW)
    after = known.ordered(ordered())
    assert refusal(visitor, after, NOW) == "this grant was revoked"
    with pytest.raises(Untrue, match="was revoked"):
        let_in(guest(), after, NOW)


def test_grants_wait_for_orders_that_are_withheld_and_the_owner_does_not() -> None:
    strict = let_in(caller(seen=0), owner(), NOW)[1].being_strict(strict=True)
    with pytest.raises(Untrue, match=OWED):
        let_in(guest(), strict, NOW)
    let_in(caller(), strict, NOW)
    let_in(guest(), strict.ordered(ordered(serials=())), NOW)


def test_what_guests_say_of_orders_counts_nothing() -> None:
    shown = guest()
    shouting = swapped(shown, hello=said("guest", shown.keyring, seen=2**50))
    assert not let_in(shouting, owner(), NOW)[1].owed


STRANGER = ring_of("stranger")
FORGED_RING = [
    PHONE[0],
    statement.sign(key("stranger"), keyring.KIND, statement.read(BOTH[1], keyring.KIND, keyring.Link).what),
]
SWAPPED: dict[str, Callable[[], Caller]] = {
    "no hello": lambda: swapped(caller(), hello=""),
    "a hello to another camera": lambda: caller(to="stranger"),
    "another's hello with the owner's ring": lambda: swapped(caller(), hello=said("stranger", BOTH)),
    "the owner's hello with another's ring": lambda: swapped(caller(), keyring=STRANGER),
    "no ring": lambda: swapped(caller(), keyring=[]),
    "half a ring": lambda: swapped(caller("laptop"), keyring=BOTH[1:]),
    "a ring that a stranger forged": lambda: caller("laptop", FORGED_RING),
    "a stranger's ring": lambda: caller("stranger", STRANGER),
    "a stranger's ring with the owner's key on it": lambda: caller("phone", ring_of("stranger", "phone")),
    "a ring instead of a hello": lambda: swapped(caller(), hello=PHONE[0]),
    "a grant to somebody else": lambda: caller("stranger", STRANGER, [granted(ring_name(ring_of("guest")))]),
    "a grant that a stranger signed": lambda: caller("guest", GUEST, [granted(ring_name(GUEST), by="stranger")]),
    "a grant of another owner": lambda: guest(ring=ring_name(STRANGER)),
    "a grant for another camera": lambda: guest(camera=name("stranger")),
    "a grant without live": lambda: guest(scopes=["history"]),
    "a grant that is not yet": lambda: guest(nbf=NOW + DAY),
    "a grant that was": lambda: guest(exp=NOW),
    "a link's grant that nobody accepted": lambda: swapped(by_link(), chain=by_link().chain[:1]),
    "a link's grant that another accepted": lambda: swapped(by_link("stranger"), chain=by_link("guest").chain),
    "three links": lambda: swapped(by_link(), chain=[*by_link().chain, by_link().chain[1]]),
    "another's hello with a guest's ring and grant": lambda: swapped(guest(), hello=said("stranger", STRANGER)),
    "a key that is not on the guest's ring": lambda: swapped(guest(), hello=said("stranger", guest().keyring)),
}


@pytest.mark.parametrize("what", SWAPPED)
def test_swap_of_what_a_viewer_shows_keeps_him_out_and_teaches_the_camera_nothing(what: str) -> None:
    known: Owner = owner()
    shown: Any = SWAPPED[what]()
    with pytest.raises(Untrue):
        let_in(shown, known, NOW)
    assert known == owner()
