"""Session tickets: only ours, only in time, only of their kind."""

import jwt
import pytest

from signaling.protocol import tickets
from signaling.protocol.sessions import TABLE, Event, OutOfTurn, State, advance

KEY = b"0123456789abcdef0123456789abcdef"
TICKET = tickets.Ticket("s", "c", "u", "l", 2_000)


def test_a_ticket_reads_back() -> None:
    assert tickets.read(KEY, tickets.sign(KEY, TICKET), 1_999.0) == TICKET


def test_it_ends_with_its_lease_by_the_clock_it_is_given() -> None:
    assert tickets.read(KEY, tickets.sign(KEY, TICKET), 2_000.0) is None


def test_of_another_key_it_is_nothing() -> None:
    assert tickets.read(b"another" * 5, tickets.sign(KEY, TICKET), 0.0) is None


@pytest.mark.parametrize(
    ("algorithm", "headers", "payload"),
    [
        ("HS256", {"typ": "JWT"}, {}),
        ("HS512", {"typ": tickets.TICKET_TYPE}, {}),
        ("HS256", {"typ": tickets.TICKET_TYPE}, {"exp": "later"}),
        ("HS256", {"typ": tickets.TICKET_TYPE}, {"session": None}),
    ],
)
def test_another_kind_of_token_is_no_ticket(
    algorithm: str, headers: dict[str, str], payload: dict[str, object]
) -> None:
    claims = {"session": "s", "camera": "c", "user": "u", "login": "l", "exp": 2_000} | payload
    key = KEY * 2
    assert tickets.read(key, jwt.encode(claims, key, algorithm=algorithm, headers=headers), 0.0) is None


@pytest.mark.parametrize("text", ["", "a.b.c", "x" * 5000, "é", "eyJhbGciOiJub25lIn0.e30."])
def test_nonsense_is_no_ticket(text: str) -> None:
    assert tickets.read(KEY, text, 0.0) is None


def test_every_change_to_a_ticket_is_noticed() -> None:
    text = tickets.sign(KEY, TICKET)
    for index in range(len(text) - 1):  # the last character carries two bits that mean nothing
        changed = text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]
        assert tickets.read(KEY, changed, 0.0) is None


def test_the_session_table_leads_somewhere_from_everywhere_and_nowhere_from_the_end() -> None:
    for state in State:
        rows = {event for before, event in TABLE if before is state}
        if state is State.ENDED:
            assert not rows
        else:
            assert {Event.CLOSE, Event.DEADLINE, Event.DEVICE_LOST, Event.CLIENT_LOST} <= rows
    assert set(TABLE.values()) == set(State) - {State.ASKED} | {State.ASKED}


def test_a_missing_row_is_an_error_that_names_both() -> None:
    with pytest.raises(OutOfTurn, match=r"an offer does not fit a session that is flowing"):
        advance(State.FLOWING, Event.INVITE)
