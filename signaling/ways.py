"""Which way a viewer's session goes: from the camera itself, or through a relay. The rules, and nothing else.

The owner's policy is a rule that holds. The camera's number of direct viewers is a wish: it spares the uplink where a
relay can carry the rest, and where none can, a picture beats it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from signaling.protocol.messages import Way

Policy = Literal["auto", "never_relay", "always_relay"]
DIRECT_VIEWERS = 2
"""Of a camera unless its owner says otherwise (DESIGN §7): a home's uplink carries so many streams."""
MAX_DIRECT_VIEWERS = 64


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what somebody may watch a camera. `owner`: its account; `policy`: of that account. `until`: seconds since
    the epoch; infinity for the owner."""

    owner: str
    policy: Policy = "auto"
    direct_viewers: int = DIRECT_VIEWERS
    until: float = math.inf


@dataclass(frozen=True, slots=True)
class Relay:
    """One that has room. `load`: how many sessions it serves now."""

    key: str
    load: int


@dataclass(frozen=True, slots=True)
class Choice:
    """`relay`: its key where `via` is "relay". `ways`: all that were open."""

    via: Way
    relay: str | None
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """None of what was asked for is open; `reason` is for a person."""

    reason: str


def permits(policy: Policy, via: Way) -> bool:
    """Whether the owner allows it at all."""
    return policy != ("never_relay" if via == "relay" else "always_relay")


def choose(terms: Terms, others: int, relays: Sequence[Relay], via: Way | None) -> Choice | Closed:
    """`others`: viewers that the camera serves directly besides this one. `via`: what this one asks for, if so."""
    relayed = bool(relays) and permits(terms.policy, "relay")
    crowded = relayed and others >= terms.direct_viewers
    direct = permits(terms.policy, "direct") and not crowded
    ways: list[Way] = []
    if direct:
        ways.append("direct")
    if relayed:
        ways.append("relay")
    chosen = via if via is not None else (ways[0] if ways else "relay")
    if chosen not in ways:
        return Closed(_why_closed(terms.policy, chosen))
    relay = min(relays, key=lambda relay: (relay.load, relay.key)).key if chosen == "relay" else None
    return Choice(chosen, relay, tuple(ways))


def _why_closed(policy: Policy, via: Way) -> str:
    if not permits(policy, via):
        word = "never" if via == "relay" else "always"
        return f"the owner of this camera wants its picture {word} to go through a relay"
    if via == "relay":
        return "no relay can take this picture now"
    return "this camera has as many direct viewers as it may have; the relay takes more"
