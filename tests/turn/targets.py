"""Addresses that no TURN client may reach: private and internal ones, in every way that IPv4 and IPv6 write them."""

import ipaddress
import random
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address


def words(text: str) -> tuple[str, ...]:
    """A long list, readable."""
    return tuple(text.split())


INTERNAL_4 = words(
    """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4
    240.0.0.0/4
    """
)
"""IANA IPv4 special-purpose registry, what is not globally reachable in it; and multicast."""
INTERNAL_6 = words(
    """
    ::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:2::/48 2001:10::/28
    2001:20::/28 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fd00::/8 fe80::/10 fec0::/10
    ff00::/8
    """
)
"""IANA IPv6 special-purpose registry, the same; site-local (RFC 3879) and multicast."""
SERVICES_4 = words(
    """
    169.254.169.254 169.254.170.2 169.254.0.23 100.100.100.200 192.0.0.192 168.63.129.16 192.168.0.1
    192.168.1.1 10.0.0.1 10.96.0.1 172.17.0.1 172.31.0.2 127.0.0.53 0.0.0.0 255.255.255.255 224.0.0.251
    239.255.255.250
    """
)
"""What there is to find: metadata of clouds, routers, cluster and container hosts, resolvers, discovery groups."""
SERVICES_6 = words(
    """
    fd00:ec2::254 fd20:ce::254 ::1 :: fe80::1 ff02::1 ff02::fb ff05::2 fec0:0:0:ffff::1
    """
)
WRAPPED = words(
    """
    127.0.0.1 10.0.0.1 192.168.1.1 172.16.0.1 169.254.169.254 100.64.0.1 0.0.0.0 168.63.129.16
    """
)
"""Written in each of the ways that carry IPv4 in IPv6."""


SAMPLES = 6
"""Addresses out of each range that nobody chose."""


def four() -> list[str]:
    """For an IPv4 allocation: both ends, the middle and something within each range, and the known services."""
    return _distinct([*_within(INTERNAL_4), *SERVICES_4])


def six() -> list[str]:
    """For an IPv6 allocation: the same, and IPv4 wrapped in IPv6."""
    wrapped = [str(wrap) for text in WRAPPED for wrap in wrappings(IPv4Address(text))]
    return _distinct([*_within(INTERNAL_6), *SERVICES_6, *wrapped])


def wrappings(address: IPv4Address) -> list[IPv6Address]:
    """Mapped and compatible (RFC 4291 §2.5.5), translated (RFC 2765, 6052, 8215), 6to4 (RFC 3056), Teredo as server
    and as client (RFC 4380), ISATAP (RFC 5214)."""
    value = int(address)
    hidden = value ^ 0xFFFFFFFF
    forms = [
        0xFFFF << 32 | value,
        value,
        0xFFFF << 48 | value,
        0x64FF9B << 96 | value,
        0x64FF9B0001 << 80 | value,
        0x2002 << 112 | value << 80,
        0x2002 << 112 | value << 80 | 1,
        0x20010000 << 96 | value << 64,
        0x20010000 << 96 | 0x41424344 << 64 | hidden,
        0xFE80 << 112 | 0x5EFE << 32 | value,
        0xFC00 << 112 | 0x02005EFE << 32 | value,
    ]
    return [IPv6Address(form) for form in forms]


def routes() -> list[str]:
    """Lines of `ip` that make every target one of this machine's own addresses, so that there is somebody to reach."""
    given = [text for text in [*INTERNAL_4, *INTERNAL_6] if not ipaddress.ip_network(text).is_multicast]
    return [f"route replace local {text} dev lo" for text in [*given, "168.63.129.16/32", "::ffff:0:0:0/96"]]


def _within(networks: Iterable[str]) -> list[str]:
    dice = random.Random(1)
    found = []
    for network in map(ipaddress.ip_network, networks):
        first, size = network[0], network.num_addresses
        places = [0, 1, size // 2, size - 1, *(dice.randrange(size) for _ in range(SAMPLES))]
        found += [str(first + place) for place in places]
    return found


def _distinct(addresses: list[str]) -> list[str]:
    return list(dict.fromkeys(str(ipaddress.ip_address(text)) for text in addresses))
