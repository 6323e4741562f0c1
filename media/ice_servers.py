"""STUN and TURN servers as signaling names them (RFC 7064, RFC 7065)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs

from signaling.protocol.messages import IceServer

PORT, TLS_PORT = 3478, 5349
MAX_TURN_SERVERS = 8
"""URLs worth trying: UDP, TCP and TLS on two ports, twice."""


@dataclass(frozen=True, slots=True)
class StunServer:
    """Where to ask for our public address."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class TurnServer:
    """One way to a TURN server. Two with other credentials are equal: credentials are made for each session."""

    host: str
    port: int
    transport: Literal["udp", "tcp"]
    tls: bool


@dataclass(frozen=True, slots=True)
class Credential:
    """Made for one session, good for minutes (the REST API scheme of TURN servers)."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class IceServers:
    """What one party may use. `turn`: in the order to try them, those that work without UDP first, for a party whose
    UDP goes through needs no TURN server on its own side."""

    stun: StunServer | None = None
    turn: tuple[tuple[TurnServer, Credential], ...] = ()

    def credential(self, server: TurnServer) -> Credential | None:
        """The credential for this server, if it is still offered."""
        return dict(self.turn).get(server)

    def turn_hosts(self) -> frozenset[str]:
        return frozenset(server.host for server, _ in self.turn)


def read_ice_servers(servers: Iterable[IceServer]) -> IceServers:
    """Malformed entries, and schemes we do not speak, are skipped."""
    stun: StunServer | None = None
    turn: list[tuple[TurnServer, Credential]] = []
    for server in servers:
        for url in server.urls:
            scheme, _, rest = url.partition(":")
            if scheme == "stun":
                stun = stun or _stun(rest)
            elif scheme in ("turn", "turns") and server.username is not None and server.credential is not None:
                found = _turn(rest, tls=scheme == "turns")
                if found is not None:
                    turn.append((found, Credential(server.username, server.credential)))
    turn.sort(key=lambda entry: entry[0].transport == "udp")
    return IceServers(stun, tuple(turn[:MAX_TURN_SERVERS]))


def _stun(rest: str) -> StunServer | None:
    place = _place(rest.partition("?")[0], PORT)
    return StunServer(*place) if place is not None else None


def _turn(rest: str, *, tls: bool) -> TurnServer | None:
    """TURN over DTLS (`turns` with UDP) is not spoken by our library."""
    address, _, query = rest.partition("?")
    place = _place(address, TLS_PORT if tls else PORT)
    transport = parse_qs(query).get("transport", ["tcp" if tls else "udp"])[0]
    if place is None or transport not in ("udp", "tcp") or (tls and transport == "udp"):
        return None
    return TurnServer(*place, "tcp" if transport == "tcp" else "udp", tls)


def _place(text: str, default: int) -> tuple[str, int] | None:
    """Host and port; an IPv6 address stands in brackets (RFC 3986 §3.2.2)."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    if not port:
        return (host, default) if host else None
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        return None
    return host, int(port)
