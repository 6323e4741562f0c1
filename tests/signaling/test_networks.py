"""The name of a network: the same for neighbours on one line, and nothing that leads back to the address."""

import pytest

from signaling.activation import address_allowed
from signaling.networks import name_of, network_of

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.250", True),
        ("203.0.113.7", "203.0.112.7", False),
        ("2001:db8:0:aa01::1", "2001:db8:0:aaff:ffff::2", True),
        ("2001:db8:0:aa01::1", "2001:db8:0:ab01::1", False),
        ("::ffff:203.0.113.9", "203.0.113.7", True),
        ("127.0.0.1", "::1", False),
    ],
)
def test_a_line_keeps_its_name(one: str, other: str, same: bool) -> None:
    assert (name_of(one, KEY) == name_of(other, KEY)) is same


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("192.168.7.20", "192.168.7.0/24"),
        ("100.64.0.9", "100.64.0.9/32"),
        ("127.0.0.1", "127.0.0.1/32"),
        ("::1", "::/64"),
        ("fe80::7%eth0", "fe80::/64"),
        ("unknown", None),
    ],
)
def test_what_a_home_shows_of_itself(address: str, network: str | None) -> None:
    assert network_of(address) == network
    assert network is None or address_allowed(address, [network])


def test_another_server_has_other_names() -> None:
    assert name_of("203.0.113.7", KEY) != name_of("203.0.113.7", b"x" * 32)


def test_it_is_short_and_says_nothing() -> None:
    name = name_of("203.0.113.7", KEY)
    assert name is not None and len(name) == 11 and "203" not in name


@pytest.mark.parametrize("text", ["", "unknown", "unix:", "1.2.3", "203.0.113.7/24"])
def test_what_is_no_address_has_none(text: str) -> None:
    assert name_of(text, KEY) is None
