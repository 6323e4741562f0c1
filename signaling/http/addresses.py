"""Where a request came from. Headers of proxies count only from proxies we were told to trust."""

import ipaddress
import re

from aiohttp import web

from signaling.settings import Network, Settings

MAX_FORWARDED = 16
"""Hops; a longer list is somebody's game."""
WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](:\d{1,5})?|(?P<four>[\d.]+):\d{1,5}", re.ASCII)


def client_address(request: web.Request, settings: Settings) -> str:
    """The caller's IP address as text; a proxy's, where no proxy says whose it is (`is_hidden`)."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    address = str(peer[0]) if isinstance(peer, tuple) else "unknown"
    if not settings.behind_proxy:
        return address
    return forwarded(address, request.headers.getall("X-Forwarded-For", []), settings.trusted_proxies)


def is_hidden(address: str, settings: Settings) -> bool:
    """Whether this is no more than one of our proxies, as every visitor's would be. Nobody may be told apart by it."""
    return settings.behind_proxy and (_parsed(address) is None or _in(address, settings.trusted_proxies))


def is_served(peer: str, settings: Settings) -> bool:
    """Whether this peer may speak plain HTTP to us where a proxy ends TLS: one of our proxies, or this machine."""
    parsed = _parsed(peer)
    return parsed is not None and (parsed.is_loopback or _in(peer, settings.trusted_proxies))


def forwarded(address: str, headers: list[str], trusted: tuple[Network, ...]) -> str:
    """Walk from our end of X-Forwarded-For through the proxies we trust to the first address we do not."""
    hops = [hop.strip() for header in headers for hop in header.split(",")][-MAX_FORWARDED:]
    for hop in reversed(hops):
        if not _in(address, trusted):
            return address
        named = _without_port(hop)
        if _parsed(named) is None or "%" in named:  # a zone is of any length, and means nothing on another machine
            return address
        address = named
    return address


def _without_port(hop: str) -> str:
    """Some proxies name the port as well: `192.0.2.7:51234`, `[2001:db8::7]:443` (RFC 7239 §6 writes them so)."""
    found = WITH_PORT.fullmatch(hop)
    return (found["six"] or found["four"]) if found else hop


def _in(address: str, networks: tuple[Network, ...]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IPv4 address that came in the form of IPv6 is one (RFC 4291 §2.5.5.2)."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed
