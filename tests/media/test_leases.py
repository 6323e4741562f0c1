"""Leases and tickets: how long a session may go on without the server."""

import pytest

from media.leases import DEFAULT_SECONDS, MAX_SECONDS, Leases


def test_a_lease_ends_when_nobody_extends_it() -> None:
    leases = Leases()
    leases.grant("a", 60, "ticket a", now=100)
    leases.grant("b", None, None, now=100)
    assert leases.expired(159.9) == []
    assert leases.expired(160) == ["a"]
    assert leases.expired(100 + DEFAULT_SECONDS) == ["a", "b"]


def test_an_extension_counts_from_now_and_keeps_the_ticket_unless_there_is_a_new_one() -> None:
    leases = Leases()
    leases.grant("a", 60, "first", now=0)
    leases.grant("a", 60, None, now=50)
    assert leases.expired(109.9) == []
    assert leases.expired(110) == ["a"]
    assert leases.tickets() == ["first"]
    leases.grant("a", 60, "second", now=50)
    assert leases.tickets() == ["second"]


def test_a_session_that_is_over_has_no_ticket() -> None:
    leases = Leases()
    leases.grant("a", 60, "ticket", now=0)
    assert "a" in leases
    assert leases.drop("a")
    assert not leases.drop("a")
    assert leases.tickets() == leases.sessions() == []


@pytest.mark.parametrize(("asked", "given"), [(10.0**9, MAX_SECONDS), (-5, 0)])
def test_a_lease_is_bounded(asked: float, given: float) -> None:
    leases = Leases()
    leases.grant("a", asked, None, now=0)
    assert leases.expired(given - 1) == []
    assert leases.expired(given) == ["a"]
