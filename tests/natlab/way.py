"""Which way did the picture take? From bytes that the kernel counted, never from anybody's statistics."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.natlab import counting
from tests.natlab.counting import DIRECT, Flow
from tests.natlab.product import HTTPS_PORT, RELAY_PORT

RELAY, TURN = "relay", "turn"
SHARE = 0.9
"""Of the bytes that reach the viewer: the rest is signaling, checks, and the end of a worse way."""


@dataclass(frozen=True)
class Leg:
    """Bytes by way (`direct`, `turn`, `relay udp`, `relay tcp`, `https` …), one direction on one host."""

    bytes: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.bytes.values())

    @property
    def best(self) -> str:
        """Where most bytes went."""
        return max(self.bytes, key=lambda name: self.bytes[name], default="nothing")

    def share(self, name: str) -> float:
        return self.bytes.get(name, 0) / (self.total or 1)

    def amount(self, beginning: str) -> int:
        """Of all ways that begin so: `turn` is `turn udp` and `turn tcp`."""
        return sum(size for name, size in self.bytes.items() if name.startswith(beginning))

    def share_of(self, beginning: str) -> float:
        return self.amount(beginning) / (self.total or 1)

    def __str__(self) -> str:
        parts = sorted(self.bytes.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {size / 1000:.0f} kB" for name, size in parts) or "nothing"


def name(flow: Flow, other_home: Iterable[str]) -> str:
    """The way that a flow belongs to. HTTPS is signaling, and the relay's share of port 443."""
    role = counting.role(flow.remote, other_home)
    if role == "web":
        if flow.port == RELAY_PORT:
            return f"{RELAY} {flow.protocol}"
        return "https" if flow.port == HTTPS_PORT else f"web {flow.protocol}"
    return role if role == DIRECT else f"{role} {flow.protocol}"


def received(flows: Iterable[Flow], other_home: Iterable[str]) -> Leg:
    return _leg([(name(flow, other_home), flow.received) for flow in flows])


def sent(flows: Iterable[Flow], other_home: Iterable[str]) -> Leg:
    return _leg([(name(flow, other_home), flow.sent) for flow in flows])


def _leg(parts: list[tuple[str, int]]) -> Leg:
    total: dict[str, int] = {}
    for each, size in parts:
        if size:
            total[each] = total.get(each, 0) + size
    return Leg(total)
