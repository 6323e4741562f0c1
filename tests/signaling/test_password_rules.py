"""Which passwords are refused, and that judging one stays cheap."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from signaling.password_rules import ADVICE, MAX_LENGTH, MIN_GUESSES, MIN_LENGTH, check_password_rules
from signaling.rates import RULES
from signaling.refusals import Refused

EMAIL = "maria.huber@example.org"
YEAR_HOURS = 365 * 24
COMMONEST = 3000


def refusal(password: str) -> str:
    """The sentence; empty where the password may be used."""
    try:
        check_password_rules(password, EMAIL)
    except Refused as refused:
        return refused.detail if refused.code == "password_unsuitable" else refused.code
    return ""


@pytest.mark.parametrize(
    "password", ["correct horse battery", "drei Birnen im Keller", "x7#kQ9ab", "口に出せない文句です"]
)
def test_what_nobody_guesses_is_taken(password: str) -> None:
    assert refusal(password) == ""


@pytest.mark.parametrize(
    "password",
    [
        "12345678",
        "password1",
        "qwertyuiop",
        "Passw0rd!",
        "iloveyou1",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "Katze1234",
        "belvedere",
        "cameras2026",
        "maria.huber",
        "Huber1999",
        EMAIL,
        EMAIL.upper(),
        "example.org",
        "19.05.1987",
    ],
)
def test_what_is_guessed_in_a_year_is_refused_with_advice(password: str) -> None:
    assert ADVICE in refusal(password)


def test_what_others_lost_in_breaches_is_refused() -> None:
    """The commonest of those that are long enough for us. What nobody can use costs nothing to leave out."""
    leaked = [password for password in FREQUENCY_LISTS["passwords"] if len(password) >= MIN_LENGTH]
    assert len(leaked) > 10_000
    taken = [password for password in leaked[:COMMONEST] if not refusal(password)]
    assert taken == [] and all(refusal(password) for password in leaked[COMMONEST::100])


def test_the_sentence_says_why() -> None:
    assert "(this is a top-10 common password)" in refusal("12345678")
    assert f"{MIN_LENGTH} to {MAX_LENGTH}" in refusal("seven c") == refusal("x" * (MAX_LENGTH + 1))


def test_the_bound_is_what_a_year_of_guessing_reaches() -> None:
    assert RULES["login_account"][-1].get_expiry() == 3600
    assert RULES["login_account"][-1].amount * YEAR_HOURS < MIN_GUESSES


def test_the_words_of_one_person_are_not_held_against_another() -> None:
    check_password_rules("maria.huber-cello", "somebody@example.com")
    assert refusal("maria.huber")
    check_password_rules("violet tractor", "somebody@example.com")


def test_a_long_password_costs_no_more_than_a_short_one() -> None:
    """The worst that is known, two hundred times as long as what is judged: work by length alone would take minutes."""
    started = time.process_time()
    for hostile in ("4@$s1!" * 170, "1/1/91-" * 146, "password1990" * 85):
        refusal(hostile)
    assert time.process_time() - started < 5.0


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=[]), min_size=MIN_LENGTH, max_size=60))
def test_whatever_is_typed_is_judged(password: str) -> None:
    assert re.fullmatch(r"|this password is too easy to guess.*", refusal(password))
