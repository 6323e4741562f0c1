"""The list of denied peers itself, without coturn: it covers every internal address and no public one."""

import ipaddress
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.turn import targets

CONFIGURATION = Path(__file__).parent.parent.parent / "coturn/turnserver.conf"
PUBLIC = targets.words(
    """
    1.1.1.1 8.8.8.8 9.9.9.9 11.0.9.20 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 168.63.129.15 169.253.0.1
    169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255
    198.20.0.0 223.255.255.255 2000:: 2001:200:: 2001:4860:4860::8888 2001:db7::1 2001:db9::1 2003::1 2606:4700::1111
    2a00::1 2a11:9::20 3ffe::1 3fff:1000::1
    """
)

Range = tuple[bytes, bytes]


def ranges() -> list[Range]:
    found = re.findall(r"^denied-peer-ip=(\S+)$", CONFIGURATION.read_text(), re.MULTILINE)
    pairs = [text.split("-") if "-" in text else [text, text] for text in found]
    return [(ipaddress.ip_address(first).packed, ipaddress.ip_address(last).packed) for first, last in pairs]


def numerically(address: bytes, within: Range) -> bool:
    """As one would think."""
    return len(address) == len(within[0]) and within[0] <= address <= within[1]


def bytewise(address: bytes, within: Range) -> bool:
    """As coturn 4.6 does with IPv6 (`addr_less_eq`)."""
    first, last = within
    if len(address) != len(first):
        return False
    return all(low <= byte <= high for low, byte, high in zip(first, address, last, strict=True))


@pytest.mark.parametrize("text", [*targets.four(), *targets.six()])
def test_every_internal_address_is_denied_however_it_is_compared(text: str) -> None:
    address = ipaddress.ip_address(text).packed
    if not any(address):
        return  # 0.0.0.0 and :: are denied by coturn itself
    assert any(numerically(address, within) for within in ranges())
    if len(address) == 16:
        assert any(bytewise(address, within) for within in ranges())


@pytest.mark.parametrize("text", PUBLIC)
def test_no_public_address_is_denied(text: str) -> None:
    address = ipaddress.ip_address(text).packed
    assert not any(numerically(address, within) or bytewise(address, within) for within in ranges())


def test_no_range_of_ipv6_begins_with_the_unspecified_address() -> None:
    """coturn 4.6 takes that for a range without beginning, which has all of IPv4 in it."""
    assert all(any(first) for first, _ in ranges() if len(first) == 16)


def test_ranges_are_in_order_and_go_forward() -> None:
    found = ranges()
    assert all(first <= last for first, last in found)
    four = [within for within in found if len(within[0]) == 4]
    assert all(earlier[1] < later[0] for earlier, later in pairwise(four))
