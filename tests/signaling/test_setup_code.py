"""A setup code survives how people read and type, and finds what they get wrong."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.protocol.setup_code import ALPHABET, BadSetupCode, grouped, made_of, read


@given(st.binary(min_size=8, max_size=8))
def test_what_is_made_is_read(random: bytes) -> None:
    made = made_of(random)
    assert grouped(read(made)) == made and len(made) == 14
    assert read(f"  {made.lower().replace('-', ' ')} ") == read(made)
    assert read(made.replace("0", "o").replace("1", "l")) == read(made)


@given(st.binary(min_size=8, max_size=8), st.integers(0, 11), st.sampled_from(ALPHABET))
def test_one_wrong_sign_is_found(random: bytes, place: int, sign: str) -> None:
    plain = read(made_of(random))
    wrong = plain[:place] + sign + plain[place + 1 :]
    if wrong != plain:
        with pytest.raises(BadSetupCode, match="typing mistake"):
            read(wrong)


@given(st.binary(min_size=8, max_size=8), st.integers(0, 10))
def test_two_neighbours_that_changed_places_are_found(random: bytes, place: int) -> None:
    plain = read(made_of(random))
    wrong = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
    if wrong != plain:
        with pytest.raises(BadSetupCode, match="typing mistake"):
            read(wrong)


@pytest.mark.parametrize("text", ["", "ABCD-EFGH", "U" * 12, "ABCD-EFGH-JKM*", "A" * 500, "ÄBCD-EFGH-JKMN"])
def test_what_has_not_the_form_is_named(text: str) -> None:
    with pytest.raises(BadSetupCode, match="twelve"):
        read(text)


def test_all_signs_are_used() -> None:
    assert set("".join(read(made_of(os.urandom(8)))[:11] for _ in range(200))) == set(ALPHABET)
