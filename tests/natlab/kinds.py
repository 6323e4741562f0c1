"""The kinds of network a camera or a viewer may live in, and what each declares about itself.

A declaration is a claim: `probe.py` measures it, and a test compares both for every kind.
"""

from dataclasses import dataclass
from enum import StrEnum

from tests.natlab.addresses import TCP_PORTS
from tests.natlab.behaviour import Behaviour, Filtering, Mapping, Udp

_EI, _AD, _APD = Filtering


class Translation(StrEnum):
    """How a router chooses the outside port."""

    NONE = "none"
    KEEP = "keep"
    RANGE = "range"
    RANDOM = "random"


class Passes(StrEnum):
    """What a router lets out."""

    ALL = "all"
    NO_UDP = "no-udp"
    ONLY_TCP_443 = "only-tcp-443"


class Shared(StrEnum):
    """Kinds in which camera and viewer have a router in common."""

    LAN = "one LAN"
    SEGMENTS = "one router, two LANs that do not see each other (a guest Wi-Fi)"
    CARRIER = "two homes behind one carrier's NAT"


@dataclass(frozen=True)
class Router:
    """IPv4 of one router. IPv6 is never translated, and answers only come back to whom asked (RFC 6092)."""

    translation: Translation
    filtering: Filtering = Filtering.ADDRESS_AND_PORT_DEPENDENT
    passes: Passes = Passes.ALL
    hairpin: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of network. `declared`: what a probe must find."""

    name: str
    meaning: str
    router: Router
    declared: Behaviour
    carrier: Router | None = None
    families: frozenset[int] = frozenset({4})
    shared: Shared | None = None


_KEEP = Router(Translation.KEEP)
_RANGE = Router(Translation.RANGE)
_PORT_RESTRICTED = Udp(Mapping.ENDPOINT_INDEPENDENT, _APD, keeps_port=True)
_REMAPPED = Udp(Mapping.ENDPOINT_INDEPENDENT, _APD, keeps_port=False)
_FIREWALLED_6 = Udp(Mapping.NONE, _APD, keeps_port=True)


def _four(udp4: Udp | None, tcp_ports: frozenset[int] = TCP_PORTS) -> Behaviour:
    return Behaviour(udp4, None, tcp_ports)


_KINDS = (
    Kind(
        "none",
        "a public address, nothing filtered",
        Router(Translation.NONE, _EI),
        _four(Udp(Mapping.NONE, _EI, keeps_port=True)),
    ),
    Kind(
        "full-cone",
        "whoever knows the outside port gets in",
        Router(Translation.KEEP, _EI),
        _four(Udp(Mapping.ENDPOINT_INDEPENDENT, _EI, keeps_port=True)),
    ),
    Kind(
        "restricted",
        "only addresses spoken to get in",
        Router(Translation.KEEP, _AD),
        _four(Udp(Mapping.ENDPOINT_INDEPENDENT, _AD, keeps_port=True)),
    ),
    Kind("port-restricted", "only addresses and ports spoken to get in", _KEEP, _four(_PORT_RESTRICTED)),
    Kind("port-remap", "port-restricted, and the outside port is another one", _RANGE, _four(_REMAPPED)),
    Kind(
        "symmetric",
        "another outside port for each destination",
        Router(Translation.RANDOM),
        _four(Udp(Mapping.ADDRESS_AND_PORT_DEPENDENT, _APD, keeps_port=False)),
    ),
    Kind(
        "carrier-grade",
        "a home router behind a carrier's NAT of its own",
        _KEEP,
        _four(_REMAPPED),
        carrier=_RANGE,
    ),
    Kind("udp-blocked", "TCP only", Router(Translation.KEEP, passes=Passes.NO_UDP), _four(None)),
    Kind(
        "only-tcp-443",
        "nothing but TCP to port 443",
        Router(Translation.KEEP, passes=Passes.ONLY_TCP_443),
        _four(None, frozenset({443})),
    ),
    Kind(
        "ipv6-only",
        "no IPv4 and no NAT64",
        _KEEP,
        Behaviour(None, _FIREWALLED_6, TCP_PORTS),
        families=frozenset({6}),
    ),
    Kind(
        "dual-stack",
        "port-restricted IPv4, firewalled IPv6",
        _KEEP,
        Behaviour(_PORT_RESTRICTED, _FIREWALLED_6, TCP_PORTS),
        families=frozenset({4, 6}),
    ),
    Kind("same-lan", "both on one LAN", _KEEP, _four(_PORT_RESTRICTED), shared=Shared.LAN),
    Kind(
        "hairpin",
        "both behind one full-cone router with hairpin, on two LANs that do not see each other",
        Router(Translation.KEEP, _EI, hairpin=True),
        _four(Udp(Mapping.ENDPOINT_INDEPENDENT, _EI, keeps_port=True, hairpin=True)),
        shared=Shared.SEGMENTS,
    ),
    Kind(
        "shared-carrier",
        "two homes behind one carrier's NAT without hairpin",
        _KEEP,
        _four(_REMAPPED),
        carrier=_RANGE,
        shared=Shared.CARRIER,
    ),
)

KINDS = {kind.name: kind for kind in _KINDS}
HOMES = tuple(kind.name for kind in _KINDS if kind.shared is None)
"""Kinds that go with any other on the other side."""
SHARED = tuple(kind.name for kind in _KINDS if kind.shared is not None)
"""Kinds that camera and viewer can only have both."""
CELLS = tuple((camera, viewer) for camera in HOMES for viewer in HOMES) + tuple((name, name) for name in SHARED)
"""Every pair there is, as (camera, viewer)."""


class UnknownKind(ValueError):
    """The caller named a pair of networks that does not exist; the text says which do."""


def pair(camera: str, viewer: str) -> tuple[Kind, Kind]:
    """The kinds of both sides. Raises UnknownKind."""
    for name in (camera, viewer):
        if name not in KINDS:
            raise UnknownKind(f"no kind of network is called {name!r}; there are: {', '.join(KINDS)}")
    if (camera, viewer) not in CELLS:
        raise UnknownKind(
            f"{' and '.join(SHARED)} are for both sides at once; {camera} and {viewer} do not go together"
        )
    return KINDS[camera], KINDS[viewer]
