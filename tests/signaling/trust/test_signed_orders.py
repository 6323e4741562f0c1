"""Orders: only the owner gives them, and what they revoke stays revoked."""

import pytest

from signaling.protocol.trust import keyring
from signaling.protocol.trust.orders import MAX_REVOKED, MAX_STEP, Known, read_orders
from signaling.protocol.trust.statement import Untrue, digest
from tests.signaling.trust.people import granted, key, name, ordered, ring_of

CAMERA = name("camera")
CHAIN = ring_of("phone", "laptop")
OWNER = keyring.follow(CHAIN)
STANDARD = ordered(n=3, serials=(), standard=True)


def after(*texts: str) -> Known:
    known = Known()
    for text in texts:
        known = read_orders(text, CAMERA, OWNER, known)
    return known


def test_signed_orders_hold_until_newer_ones() -> None:
    assert after() == Known(-1, 0, frozenset(), standard=False, digest="")
    first = after(ordered())
    assert first == Known(0, 0, frozenset({7}), standard=False, digest=digest(ordered()))
    assert first.covers(7) and not first.covers(6) and not first.covers(8)
    older = ordered(n=0, serials=())
    assert after(ordered(), older) == first, "an old one shown again changes nothing"
    assert after(ordered(), ordered(n=5, serials=(7, 9))).covers(9)
    assert after(ordered(), ordered(n=MAX_STEP)).n == MAX_STEP


def test_a_signed_floor_revokes_everything_older() -> None:
    known = after(ordered(), ordered(n=1, floor=8, serials=()))
    assert known.covers(7) and known.covers(0) and not known.covers(8)


def test_signed_orders_allow_standard_players_and_take_it_back() -> None:
    assert not after(ordered()).standard
    assert after(STANDARD).standard
    assert not after(STANDARD, ordered(n=4, serials=())).standard
    assert not after(ordered(n=4, serials=()), STANDARD).standard, "an old permission is none"


TAKEN_BACK = {
    "a serial": [ordered(), ordered(n=1, serials=(9,))],
    "a serial above the floor": [ordered(), ordered(n=1, floor=7, serials=())],
    "a floor": [ordered(floor=8), ordered(n=1, floor=7)],
}


@pytest.mark.parametrize("what", TAKEN_BACK)
def test_signed_orders_take_back_no_revocation(what: str) -> None:
    first, second = TAKEN_BACK[what]
    with pytest.raises(Untrue, match="take back"):
        after(first, second)


NO_ORDERS = {
    "by a stranger": ordered("stranger"),
    "by a guest": ordered("guest"),
    "by the camera": ordered("camera"),
    "for another camera": ordered(camera=name("other camera")),
    "of another owner": ordered(ring=digest(ring_of("stranger")[0])),
    "a grant as orders": granted(OWNER.name),
    "too many serials": ordered(serials=tuple(range(MAX_REVOKED + 1))),
    "a number far away": ordered(n=MAX_STEP),
    "the last number": ordered(n=2**53 - 1),
    "neither allowed nor not": ordered(standard=1),
    "no statement": "",
}


@pytest.mark.parametrize("what", NO_ORDERS)
def test_only_the_owner_gives_signed_orders(what: str) -> None:
    with pytest.raises(Untrue):
        after(NO_ORDERS[what])


def test_whose_key_was_taken_off_the_keyring_gives_no_signed_orders() -> None:
    fewer = keyring.change(key("phone"), OWNER, [name("phone")], 1)
    with pytest.raises(Untrue, match="does not own"):
        read_orders(ordered("laptop"), CAMERA, keyring.follow([*CHAIN, fewer]), Known())
