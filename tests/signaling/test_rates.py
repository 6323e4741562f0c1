"""Rates: what counts as one address, and that nobody is locked out for good."""

import time

import pytest

from signaling.rates import RULES, Rates, address_key, network_key

NOON = 1_800_014_400.0
"""Windows of the library begin at whole multiples of their length; at this second all of ours do."""


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("nonsense", "unknown"),
    ],
)
def test_what_one_subscriber_holds(address: str, key: str) -> None:
    assert address_key(address) == key


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::9", "2001:db8:1::/48"),
        ("192.0.2.7", None),
        ("::ffff:192.0.2.7", None),
        ("nonsense", None),
    ],
)
def test_what_one_customer_may_hold(address: str, key: str | None) -> None:
    assert network_key(address) == key


def test_no_window_is_longer_than_an_hour() -> None:
    assert max(item.get_expiry() for items in RULES.values() for item in items) <= 3600


async def test_a_burst_waits_shorter_than_a_siege(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOON + 1)
    rates = Rates()
    burst = [await rates.hit("login_pair", "key") for _ in range(RULES["login_pair"][0].amount + 1)][-1]
    siege = [await rates.hit("login_pair", "key") for _ in range(RULES["login_pair"][1].amount)][-1]
    assert 0 < burst <= 60 < siege <= 3600
