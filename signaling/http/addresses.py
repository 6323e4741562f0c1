"""Where a request came from. Headers of proxies count only from proxies we were told to trust."""

import ipaddress

from aiohttp import web

from signaling.settings import Network, Settings

MAX_FORWARDED = 16
"""Hops; a longer list is somebody's game."""


def client_address(request: web.Request, settings: Settings) -> str:
    """The caller's IP address as text."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    address = str(peer[0]) if isinstance(peer, tuple) else "unknown"
    if not settings.behind_proxy:
        return address
    return forwarded(address, request.headers.getall("X-Forwarded-For", []), settings.trusted_proxies)


def forwarded(address: str, headers: list[str], trusted: tuple[Network, ...]) -> str:
    """Walk from our end of X-Forwarded-For through the proxies we trust to the first address we do not."""
    hops = [hop.strip() for header in headers for hop in header.split(",")][-MAX_FORWARDED:]
    for hop in reversed(hops):
        if not _in(address, trusted):
            return address
        if not _is_address(hop) or "%" in hop:  # a zone is of any length, and means nothing on another machine
            return address
        address = hop
    return address


def _in(address: str, networks: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
