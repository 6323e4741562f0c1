"""A name for the network that somebody comes from, by which a browser remembers what worked there.

It is a keyed hash, so it says nothing about the address to whom it is told.
"""

import hashlib
import hmac
import ipaddress

from signaling.protocol.identity import encode_bytes

IPV4_PREFIX, IPV6_PREFIX = 24, 56
"""What one line of a provider mostly keeps when its address changes (RFC 6177 §2)."""
NAME_BYTES = 8


def name_of(address: str, key: bytes) -> str | None:
    """None where the address is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    prefix = IPV4_PREFIX if parsed.version == 4 else IPV6_PREFIX
    network = ipaddress.ip_network((parsed, prefix), strict=False)
    return encode_bytes(hmac.digest(key, str(network).encode(), hashlib.sha256)[:NAME_BYTES])
