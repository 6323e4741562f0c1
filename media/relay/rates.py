"""How often strangers may be answered: a budget for each network, because one address costs an attacker nothing."""

from collections import OrderedDict
from ipaddress import ip_address

PER_SECOND = 20.0
"""Plain STUN answers a second for one network: a household that loads a page asks two or three times."""
BURST = 100.0
"""Answers at once: a carrier's NAT puts many households behind one /24."""
MAX_NETWORKS = 4096
"""Networks remembered; the one longest unseen is forgotten first. Forged sources cannot make more than this."""


def network_of(host: str) -> bytes:
    """The /24 or /56 an address belongs to."""
    address = ip_address(host)
    if address.version == 6:
        mapped = address.ipv4_mapped
        if mapped is None:
            return address.packed[:7]
        address = mapped
    return address.packed[:3]


def subscriber_of(host: str) -> bytes:
    """An IPv4 address, which many may share, or the /56 of an IPv6 one, which one has to itself."""
    address = ip_address(host)
    return network_of(host) if address.version == 6 and address.ipv4_mapped is None else address.packed


class NetworkRates:
    """One token bucket for each network."""

    def __init__(self, per_second: float = PER_SECOND, burst: float = BURST) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def admits(self, host: str, now: float) -> bool:
        """Take one token of the address's network, if there is one."""
        network = network_of(host)
        tokens, since = self._buckets.pop(network, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, now - since) * self._per_second)
        admitted = tokens >= 1.0
        self._buckets[network] = (tokens - admitted, now)
        if len(self._buckets) > MAX_NETWORKS:
            self._buckets.popitem(last=False)
        return admitted
