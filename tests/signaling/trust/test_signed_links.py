"""Links: whoever holds one knows whose camera it is for; the server, which is shown a part, does not."""

import pytest

from signaling.protocol.identity import decode_bytes
from signaling.protocol.trust import link, statement
from signaling.protocol.trust.proof import is_proof
from tests.signaling.trust.people import granted, name, ring_of, seed

SEED = seed("link seed")[:16]
KEYS = link.link_keys(SEED)
GRANT = granted(statement.name_of(KEYS.key), link=True)
OWNER = statement.digest(ring_of("phone")[0])
FACTS = (SEED, name("camera"), OWNER, statement.digest(GRANT))
OTHER = (seed("other")[:16], name("stranger"), statement.digest(ring_of("stranger")[0]), statement.digest(""))


def test_a_link_has_three_keys_that_tell_nothing_of_each_other() -> None:
    assert len(decode_bytes(KEYS.secret)) == 16 and len(KEYS.seed) == len(KEYS.mac) == 32
    assert len({decode_bytes(KEYS.secret), KEYS.seed[:16], KEYS.mac[:16], SEED}) == 4
    assert link.link_keys(SEED) == KEYS and link.link_keys(OTHER[0]) != KEYS
    assert KEYS.secret not in repr(KEYS)


@pytest.mark.parametrize("at", range(4))
def test_swap_of_anything_behind_a_link_is_seen(at: int) -> None:
    swapped = (*FACTS[:at], OTHER[at], *FACTS[at + 1 :])
    assert is_proof(link.link_proof(*FACTS), link.link_proof(*FACTS))
    assert not is_proof(link.link_proof(*FACTS), link.link_proof(*swapped))  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_a_link_has_sixteen_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        link.link_keys(bytes(length))


def test_words_behind_a_link_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="NUL"):
        link.link_proof(SEED, "a\0b", OWNER, "c")
