"""ICE candidates: which of the peer's are of use, and in which order ours are preferred."""

import ipaddress

import aioice
from aioice.candidate import candidate_priority

HIGHEST_PREFERENCE = 65535
"""Of an address among those of one type (RFC 8445 §5.1.2.1)."""


def usable_candidate(text: str) -> aioice.Candidate | None:
    """Parse `candidate:…`; none for what cannot be used: TCP, `.local` (resolving costs 1 s per set-up), unspecified
    and multicast addresses. Raises `ValueError` when it is no candidate at all."""
    candidate = aioice.Candidate.from_sdp(text.removeprefix("a=").removeprefix("candidate:"))
    if candidate.component != 1 or candidate.transport.lower() != "udp" or not 0 < candidate.port < 65536:
        return None
    if candidate.type not in ("host", "srflx", "prflx", "relay"):
        return None
    if candidate.host.endswith(".local"):
        return None
    address = ipaddress.ip_address(candidate.host)
    if address.is_unspecified or address.is_multicast:
        return None
    return candidate


def prefer(candidates: list[aioice.Candidate]) -> None:
    """Give host candidates their priorities: IPv6 and IPv4 by turns, IPv6 first (RFC 8421 §4), so that neither family
    waits for all of the other; link-local and otherwise doubtful addresses last."""
    six = sorted((c for c in candidates if ":" in c.host), key=_doubt)
    four = sorted((c for c in candidates if ":" not in c.host), key=_doubt)
    turns = {id(c): (_doubt(c), index, family) for family, row in enumerate((six, four)) for index, c in enumerate(row)}
    for place, candidate in enumerate(sorted(candidates, key=lambda c: turns[id(c)])):
        candidate.priority = candidate_priority(candidate.component, "host", HIGHEST_PREFERENCE - place)


def _doubt(candidate: aioice.Candidate) -> int:
    return int(ipaddress.ip_address(candidate.host).is_link_local)
