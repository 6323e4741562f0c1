"""The rules of ways: the owner's policy holds, the number of direct viewers gives way where no relay is."""

from itertools import product
from typing import get_args

import pytest

from signaling.protocol.messages import Way
from signaling.ways import Choice, Closed, Policy, Relay, Terms, choose, permits

HOME = [Relay("relay:home", 3)]
POLICIES: tuple[Policy, ...] = get_args(Policy)
WISHES: tuple[Way | None, ...] = (None, "direct", "relay")

# policy, whether the direct places are taken, whether a relay is there → the ways that are open, best first
OPEN: dict[tuple[Policy, bool, bool], tuple[Way, ...]] = {
    ("auto", False, False): ("direct",),
    ("auto", False, True): ("direct", "relay"),
    ("auto", True, False): ("direct",),
    ("auto", True, True): ("relay",),
    ("never_relay", False, False): ("direct",),
    ("never_relay", False, True): ("direct",),
    ("never_relay", True, False): ("direct",),
    ("never_relay", True, True): ("direct",),
    ("always_relay", False, False): (),
    ("always_relay", False, True): ("relay",),
    ("always_relay", True, False): (),
    ("always_relay", True, True): ("relay",),
}


def test_the_table_is_whole() -> None:
    assert set(OPEN) == set(product(POLICIES, (False, True), (False, True)))


@pytest.mark.parametrize("via", WISHES)
@pytest.mark.parametrize("case", OPEN, ids=str)
def test_what_is_asked_for_is_had_where_it_is_open(case: tuple[Policy, bool, bool], via: Way | None) -> None:
    policy, taken, there = case
    choice = choose(Terms("u1", policy, 2), 2 if taken else 1, HOME if there else [], via)
    ways = OPEN[case]
    wanted = via or (ways[0] if ways else None)
    if wanted in ways:
        assert choice == Choice(wanted, "relay:home" if wanted == "relay" else None, ways)
    else:
        assert isinstance(choice, Closed) and choice.reason


def test_no_direct_viewer_at_all_is_a_number_too() -> None:
    assert choose(Terms("u1", "auto", 0), 0, HOME, None) == Choice("relay", "relay:home", ("relay",))
    assert choose(Terms("u1", "auto", 0), 0, [], None) == Choice("direct", None, ("direct",))


def test_the_relay_with_least_to_do_is_taken() -> None:
    relays = [Relay("relay:b", 1), Relay("relay:a", 1), Relay("relay:c", 9)]
    assert choose(Terms("u1"), 0, relays, "relay") == Choice("relay", "relay:a", ("direct", "relay"))


def test_each_closed_way_has_its_own_reason() -> None:
    closed = [
        choose(Terms("u1", "never_relay"), 0, HOME, "relay"),
        choose(Terms("u1", "always_relay"), 0, HOME, "direct"),
        choose(Terms("u1"), 0, [], "relay"),
        choose(Terms("u1"), 2, HOME, "direct"),
    ]
    assert len({choice.reason for choice in closed if isinstance(choice, Closed)}) == 4


def test_a_policy_closes_one_way_at_most() -> None:
    assert [(policy, permits(policy, "direct"), permits(policy, "relay")) for policy in POLICIES] == [
        ("auto", True, True),
        ("never_relay", True, False),
        ("always_relay", False, True),
    ]
