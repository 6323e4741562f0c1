"""The network that somebody comes from: the part of an address that a home shows, and a name for it.

By the name a browser remembers what worked there. It is a keyed hash, so it says nothing about the address to whom it
is told.
"""

import hashlib
import hmac
import ipaddress

from signaling.protocol.identity import encode_bytes

IPV4_PREFIX, IPV6_PREFIX = 24, 56
"""What one line of a provider mostly keeps when its address changes (RFC 6177 §2)."""
NAME_BYTES = 8
HOMES = tuple(ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918 §3."""


def network_of(address: str) -> str | None:
    """What one home shows of itself: its public IPv4 address, its IPv6 /64 (RFC 4291 §2.5.4). None where this is none.

    Inside a home (RFC 1918) each device has an address of its own, so there it is the /24 that they share.
    """
    parsed = _parsed(address)
    if parsed is None:
        return None
    inside = any(parsed in network for network in HOMES)
    prefix = 64 if parsed.version == 6 else 24 if inside else 32
    return str(ipaddress.ip_network((parsed, prefix), strict=False))


def name_of(address: str, key: bytes) -> str | None:
    """None where the address is none."""
    parsed = _parsed(address)
    if parsed is None:
        return None
    prefix = IPV4_PREFIX if parsed.version == 4 else IPV6_PREFIX
    network = ipaddress.ip_network((parsed, prefix), strict=False)
    return encode_bytes(hmac.digest(key, str(network).encode(), hashlib.sha256)[:NAME_BYTES])


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IPv4 address that came in the form of IPv6 is one (RFC 4291 §2.5.5.2)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed
