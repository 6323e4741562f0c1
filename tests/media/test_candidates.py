"""Which candidates are of use, and in which order ours are tried."""

import aioice
import pytest

from media.candidates import prefer, usable_candidate


def host(address: str) -> aioice.Candidate:
    return aioice.Candidate("1", 1, "udp", 1, address, 4000, "host")


def order(*addresses: str) -> list[str]:
    candidates = [host(address) for address in addresses]
    prefer(candidates)
    assert len({candidate.priority for candidate in candidates}) == len(candidates)
    return [candidate.host for candidate in sorted(candidates, key=lambda c: -c.priority)]


def test_the_families_take_turns_and_ipv6_begins() -> None:
    assert order("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2") == [
        "2001:db8::1",
        "10.0.0.1",
        "2001:db8::2",
        "10.0.0.2",
    ]
    assert order("10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1")[:2] == ["2001:db8::1", "10.0.0.1"]


def test_an_address_that_was_made_up_comes_last() -> None:
    assert order("169.254.3.4", "10.0.0.1", "2001:db8::1") == ["2001:db8::1", "10.0.0.1", "169.254.3.4"]


def test_every_host_is_better_than_every_reflexive_one() -> None:
    candidates = [host(f"10.0.0.{number}") for number in range(1, 60)]
    prefer(candidates)
    assert min(candidate.priority for candidate in candidates) >> 24 == 126


@pytest.mark.parametrize(
    ("text", "useful"),
    [
        ("candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host", True),
        ("a=candidate:1 1 UDP 2130706431 2001:db8::1 5000 typ srflx raddr :: rport 0", True),
        ("candidate:1 1 udp 1 192.0.2.1 5000 typ relay", True),
        ("candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active", False),
        ("candidate:1 2 udp 1 192.0.2.1 5000 typ host", False),
        ("candidate:1 1 udp 1 4f3c9b1e.local 5000 typ host", False),
        ("candidate:1 1 udp 1 0.0.0.0 5000 typ host", False),
        ("candidate:1 1 udp 1 224.0.0.1 5000 typ host", False),
        ("candidate:1 1 udp 1 192.0.2.1 0 typ host", False),
        ("candidate:1 1 udp 1 192.0.2.1 70000 typ host", False),
        ("candidate:1 1 udp 1 192.0.2.1 5000 typ else", False),
    ],
)
def test_what_can_be_paired(text: str, useful: bool) -> None:
    assert (usable_candidate(text) is not None) is useful


@pytest.mark.parametrize("text", ["candidate:", "candidate:1 1 udp 1 nowhere 5000 typ host", "x y z"])
def test_what_is_no_candidate_at_all(text: str) -> None:
    with pytest.raises(ValueError, match=r"enough properties|not appear to be"):
        usable_candidate(text)
