"""Keyrings: only who belongs says who belongs."""

import pytest

from signaling.protocol.trust import keyring, statement
from signaling.protocol.trust.keyring import KIND, MAX_CHAIN_CHARS, MAX_STATEMENTS, Link
from signaling.protocol.trust.statement import Untrue
from tests.signaling.trust.people import NOW, key, misspelt, name, ring_of

CHAIN = ring_of("phone", "laptop", "paper")


def said(by: str, link: Link) -> str:
    return statement.sign(key(by), KIND, link)


def test_a_keyring_grows_and_shrinks_and_keeps_its_name() -> None:
    ring = keyring.follow(CHAIN)
    assert ring.keys == {name("phone"), name("laptop"), name("paper")} and ring.n == 2
    assert ring.name == statement.digest(CHAIN[0])
    fewer = keyring.change(key("laptop"), ring, [name("laptop"), name("paper")], NOW)
    later = keyring.follow([*CHAIN, fewer])
    assert later.keys == {name("laptop"), name("paper")} and later.name == ring.name
    assert keyring.follow([fewer], ring) == later, "whoever knows the beginning need not hear it again"


def test_who_was_taken_off_a_keyring_changes_nothing_more() -> None:
    ring = keyring.follow(CHAIN)
    fewer = keyring.change(key("laptop"), ring, [name("laptop")], NOW)
    with pytest.raises(Untrue, match="does not belong"):
        keyring.change(key("phone"), keyring.follow([*CHAIN, fewer]), [name("phone")], NOW)
    late = said("phone", Link(4, [name("phone")], NOW, ring.name, statement.digest(fewer)))
    with pytest.raises(Untrue, match="does not belong"):
        keyring.follow([*CHAIN, fewer, late])


BROKEN = {
    "nothing": [],
    "begins later": CHAIN[1:],
    "one left out": [CHAIN[0], CHAIN[2]],
    "one twice": [CHAIN[0], CHAIN[1], CHAIN[1]],
    "another's beginning": [ring_of("stranger")[0], CHAIN[1]],
    "begun for another": [said("stranger", Link(0, [name("phone")], NOW))],
    "begun with more": [said("phone", Link(0, [name("phone"), name("laptop")], NOW))],
    "begun with a past": [said("phone", Link(0, [name("phone")], NOW, before=statement.digest(CHAIN[0])))],
    "added by a stranger": [
        CHAIN[0],
        said("stranger", Link(1, [name("stranger")], NOW, statement.digest(CHAIN[0]), statement.digest(CHAIN[0]))),
    ],
    "another ring's": [CHAIN[0], said("phone", Link(1, [name("phone")], NOW, "x" * 43, statement.digest(CHAIN[0])))],
    "after another": [CHAIN[0], said("phone", Link(1, [name("phone")], NOW, statement.digest(CHAIN[0]), "x" * 43))],
    "a number skipped": [
        CHAIN[0],
        said("phone", Link(2, [name("phone")], NOW, statement.digest(CHAIN[0]), statement.digest(CHAIN[0]))),
    ],
    "a key twice": [
        CHAIN[0],
        said("phone", Link(1, [name("phone")] * 2, NOW, statement.digest(CHAIN[0]), statement.digest(CHAIN[0]))),
    ],
    "a key misspelt": [
        CHAIN[0],
        said(
            "phone",
            Link(
                1,
                [name("phone"), misspelt(name("laptop"))],
                NOW,
                statement.digest(CHAIN[0]),
                statement.digest(CHAIN[0]),
            ),
        ),
    ],
    "endless": [CHAIN[0]] * (MAX_STATEMENTS + 1),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_keyring_that_is_not_signed_throughout_is_none(what: str) -> None:
    with pytest.raises(Untrue):
        keyring.follow(BROKEN[what])


def test_nobody_goes_back_on_a_keyring() -> None:
    """A server that shows an old end to somebody who has seen a newer one."""
    ring = keyring.follow(CHAIN)
    with pytest.raises(Untrue, match="does not follow"):
        keyring.follow(CHAIN[1:], ring)
    assert keyring.follow([], ring) == ring


def test_a_signed_keyring_is_caught_up_with_from_what_was_seen() -> None:
    ring = keyring.follow(CHAIN)
    for number in range(len(CHAIN)):
        seen = keyring.follow(CHAIN[: number + 1])
        assert keyring.catch_up(CHAIN, seen) == ring
        assert keyring.catch_up(CHAIN[: number + 1], ring) == ring, "an old end changes nothing"
    assert keyring.catch_up([], ring) == ring


def test_a_signed_keyring_that_parts_from_what_was_seen_is_another() -> None:
    """A server shows an old end to somebody who has seen no newer one, and the person goes on from there."""
    ring = keyring.follow(CHAIN)
    fork = [*CHAIN[:2], keyring.change(key("laptop"), keyring.follow(CHAIN[:2]), [name("laptop")], NOW)]
    longer = [*fork, keyring.change(key("laptop"), keyring.follow(fork), [name("laptop"), name("x")], NOW)]
    for other in (fork, longer, ring_of("stranger", "a", "b"), [*CHAIN, "no statement"]):
        with pytest.raises(Untrue):
            keyring.catch_up(other, ring)


def test_a_signed_keyring_that_goes_on_is_whole() -> None:
    """What is kept of it could not be read any more."""
    ring = keyring.follow(CHAIN[:2])
    for hole in (["no statement", *CHAIN[1:]], [ring_of("stranger")[0], *CHAIN[1:]]):
        with pytest.raises(Untrue):
            keyring.catch_up(hole, ring)


def test_a_signed_keyring_has_no_more_text_than_a_message_takes() -> None:
    chain = ring_of("phone", *map(str, range(2)))
    while sum(map(len, chain)) <= MAX_CHAIN_CHARS:
        chain.append(keyring.change(key("phone"), ring := keyring.follow(chain), sorted(ring.keys), NOW))
    assert len(chain) > 45
    for read in (keyring.follow, lambda texts: keyring.catch_up(texts, ring)):
        with pytest.raises(Untrue, match="too many"):
            read(chain)


def test_a_keyring_is_never_left_empty() -> None:
    with pytest.raises(Untrue, match="never be changed"):
        keyring.change(key("phone"), keyring.follow(CHAIN), [], NOW)
