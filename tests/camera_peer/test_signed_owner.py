"""What a camera believes of its owner: only what follows from what it learnt at pairing, and never an older word."""

import msgspec
import pytest

from camera_peer.owner import HOUR, MAX_GUESTS, MAX_LINKS, OwnerFacts, Spoken, again, owner_of, shrunk
from signaling.protocol.trust import keyring
from signaling.protocol.trust.orders import MAX_STEP, Known
from signaling.protocol.trust.statement import Untrue, digest
from tests.camera_peer.callers import BOTH, CAMERA, GUEST, PHONE, owner, ring_name, without
from tests.signaling.trust.people import NOW, key, name, ordered, ring_of

WITHOUT_LAPTOP = without(BOTH, "phone", "phone")


def test_a_longer_signed_chain_of_the_owner_is_taken_over_and_kept() -> None:
    after = owner(PHONE).followed(BOTH)
    assert after.ring == keyring.follow(BOTH)
    assert after.facts.keyring == tuple(BOTH)
    assert owner_of(CAMERA, after.facts).ring == after.ring


def test_a_shorter_signed_chain_changes_nothing() -> None:
    known = owner(BOTH)
    assert known.followed(PHONE) is known
    assert known.followed(BOTH) is known


FORK = [*PHONE, keyring.change(key("phone"), keyring.follow(PHONE), [name("phone"), name("thief")], NOW + 9)]
LONGER_FORK = without(FORK, "thief", "thief")


@pytest.mark.parametrize("chain", [FORK, LONGER_FORK, ring_of("stranger"), ring_of("stranger", "phone"), []])
def test_swap_of_the_owners_ring_is_refused(chain: list[str]) -> None:
    known = owner(without(BOTH, "phone", "phone")) if chain is LONGER_FORK else owner(BOTH)
    with pytest.raises(Untrue):
        known.followed(chain)


def test_signed_orders_count_by_number_and_also_when_their_signer_has_left() -> None:
    known = owner(BOTH).ordered(ordered(n=3))
    assert known.orders.covers(7)
    assert known.ordered(ordered(n=2, serials=())).orders == known.orders
    alone = known.followed(without(BOTH, "phone", "phone"))
    assert alone.ordered(ordered(n=3)) is alone, "the same text again, whose signer is no longer there"
    with pytest.raises(Untrue, match="does not own"):
        alone.ordered(ordered(n=4))
    assert owner_of(CAMERA, alone.facts).orders == known.orders


def test_what_is_kept_of_the_owner_survives_a_restart() -> None:
    known = owner(PHONE).followed(BOTH).ordered(ordered(n=0, serials=(3,))).visited(keyring.follow(GUEST), 8)
    known = known.sealing_with(4).heard(6, NOW, name("phone"))
    read = msgspec.json.decode(msgspec.json.encode(known.facts), type=OwnerFacts)
    assert read == known.facts
    assert read.links == {8: ring_name(GUEST)}
    assert (read.epoch, read.said) == (4, {name("phone"): Spoken(6, NOW // HOUR)})


def test_a_signed_link_is_for_the_ring_that_used_it_first() -> None:
    first = owner().visited(keyring.follow(GUEST), 8)
    assert first.visited(keyring.follow(GUEST), 8) is first
    with pytest.raises(Untrue, match="somebody else has used this link"):
        first.visited(keyring.follow(ring_of("thief")), 8)
    assert first.ordered(ordered(n=0, serials=(8,))).facts.links == {}, "revoked, so it need not be remembered"


def test_what_guests_bring_is_bounded() -> None:
    known = owner()
    for number in range(MAX_GUESTS + 3):
        known = known.visited(keyring.follow(ring_of(f"guest {number}")), None)
    assert len(known.facts.guests) == MAX_GUESTS
    assert known.guest(ring_name(ring_of("guest 0"))) is None
    full = owner(links=dict.fromkeys(range(MAX_LINKS), "x"))
    with pytest.raises(Untrue, match="as many links"):
        full.visited(keyring.follow(GUEST), MAX_LINKS)
    assert full.visited(keyring.follow(GUEST), None).guest(ring_name(GUEST)) is not None


def test_who_may_have_lost_a_right_is_seen() -> None:
    before = owner()
    assert shrunk(before, before.ordered(ordered()))
    assert shrunk(before, before.ordered(ordered(serials=(), floor=1)))
    assert shrunk(before, before.followed(without(BOTH, "phone", "phone")))
    assert not shrunk(owner(PHONE), owner(PHONE).followed(BOTH))
    assert not shrunk(before, before.ordered(ordered(serials=(), standard=True)))
    two = ring_of("guest", "tablet")
    visited = before.visited(keyring.follow(two), None)
    assert not shrunk(before, visited)
    assert shrunk(visited, visited.visited(keyring.follow(without(two, "guest", "guest")), None))


def test_owed_orders_are_known_until_they_come() -> None:
    waiting = owner(orders=Known(2, 0, frozenset(), standard=False, digest=digest("x"))).heard(3, NOW, name("phone"))
    assert waiting.owed
    strict = waiting.being_strict(strict=True)
    assert shrunk(waiting, strict)
    assert strict.ordered(ordered(n=2)).strict
    come = strict.ordered(ordered(n=3))
    assert not come.owed and not come.strict
    assert come.heard(1, NOW, name("phone")) is come


def test_what_a_stolen_device_said_does_not_outlive_it() -> None:
    shouted = owner().heard(2**50, 2**50, name("laptop"))
    assert shouted.expected == MAX_STEP - 1
    assert shouted.time(NOW) > NOW
    after = shouted.followed(WITHOUT_LAPTOP)
    assert not after.owed
    assert after.time(NOW) == NOW
    assert after.facts == owner(WITHOUT_LAPTOP).facts


def test_what_another_device_said_outlives_the_one_that_is_taken_off() -> None:
    waiting = owner().heard(3, NOW, name("phone")).being_strict(strict=True)
    after = waiting.heard(2**50, 2**50, name("laptop")).followed(WITHOUT_LAPTOP)
    assert after.owed and after.strict, "a shrinking ring alone does not free the server from the orders it withholds"
    assert after.expected == 3
    assert after.time(0) == NOW // HOUR * HOUR
    assert not after.ordered(ordered(by="phone", n=3)).strict


def test_a_ring_that_grows_frees_nobody_from_what_is_owed() -> None:
    after = owner(PHONE).heard(3, NOW, name("phone")).being_strict(strict=True).followed(BOTH)
    assert after.owed and after.strict
    assert after.time(0) == NOW // HOUR * HOUR


def test_strictness_ends_with_the_device_that_alone_spoke_of_orders() -> None:
    waiting = owner().heard(3, NOW, name("laptop")).being_strict(strict=True)
    assert not waiting.followed(WITHOUT_LAPTOP).strict


def test_what_was_said_by_nobody_known_is_forgotten_once_any_device_leaves() -> None:
    """As files tell it that were written before the speaker was kept."""
    old = owner(expected=3, hour=NOW // HOUR)
    assert old.owed and old.time(0) == NOW // HOUR * HOUR
    assert old.heard(2, NOW - HOUR, name("phone")).expected == 3
    after = old.followed(WITHOUT_LAPTOP)
    assert not after.owed and after.time(0) == 0
    assert owner(PHONE, expected=3).followed(BOTH).owed


def test_time_does_not_go_back_behind_the_owners_browsers() -> None:
    known = owner().heard(-1, NOW, name("phone"))
    assert known.time(NOW - 86_400) == NOW // HOUR * HOUR
    assert known.time(NOW + 5) == NOW + 5


def test_standard_players_do_not_profit_from_orders_that_are_withheld() -> None:
    known = owner().ordered(ordered(serials=(), standard=True))
    assert known.standard
    assert not known.heard(1, NOW, name("phone")).standard
    assert known.heard(1, NOW, name("phone")).ordered(ordered(n=1, serials=(), standard=True)).standard


def test_pairing_anew_by_the_same_ring_takes_back_nothing() -> None:
    before = owner().ordered(ordered(n=3)).visited(keyring.follow(GUEST), 8).sealing_with(5).facts
    assert again(OwnerFacts(tuple(PHONE)), before) == before, "the longer ring stays as well"
    longer = tuple(without(BOTH, "phone", "phone"))
    assert again(OwnerFacts(longer), before) == msgspec.structs.replace(before, keyring=longer)
    spoke = owner(said={name("phone"): Spoken(3, 7), name("laptop"): Spoken(4, 8)}).facts
    assert again(OwnerFacts(longer), spoke).said == {name("phone"): Spoken(3, 7)}, "as where a longer chain comes"
    other = OwnerFacts(tuple(ring_of("stranger")))
    assert again(other, before) == msgspec.structs.replace(other, epoch=5)
    fork = OwnerFacts(tuple(FORK))
    assert again(fork, before) == msgspec.structs.replace(fork, epoch=5)
    assert again(other, None) == other
