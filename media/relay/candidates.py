"""The ICE candidates of the relay (RFC 8839 §5.1, RFC 6544 §4.5)."""

UDP_PREFERENCE, TCP_PREFERENCE = 126, 90
"""Type preferences: UDP before TCP (RFC 6544 §4.2)."""
SHOWN_LOCAL_FIRST = 65_535


def candidates(
    local: list[str],
    port: int,
    public: tuple[str, ...],
    public_port: int,
    *,
    tcp: bool,
    shared: tuple[tuple[str, int], ...] = (),
) -> tuple[str, ...]:
    """One UDP and, if wanted, one passive TCP candidate for each address. Public addresses are host candidates too: an
    ICE-lite agent has no others (RFC 8445 §5.2). `shared`: further places for TCP, tried last."""
    places = [(address, port) for address in local] + [(address, public_port) for address in public]
    unique = list(dict.fromkeys(places))
    lines = [
        f"{number} 1 udp {_priority(UDP_PREFERENCE, number)} {address} {at} typ host"
        for number, (address, at) in enumerate(unique)
    ]
    streams = list(dict.fromkeys([*(unique if tcp else ()), *shared]))
    lines += [
        f"{len(unique) + number} 1 tcp {_priority(TCP_PREFERENCE, number)} {address} {at} typ host tcptype passive"
        for number, (address, at) in enumerate(streams)
    ]
    return tuple(lines)


def listened(hosts: tuple[str, ...], addresses: list[str]) -> list[str]:
    """At which addresses a server is found that listens at `hosts`, on a machine with these addresses."""
    found: list[str] = []
    for host in hosts:
        if host in {"0.0.0.0", "::"}:
            found += [address for address in addresses if (":" in address) == (":" in host)]
        else:
            found.append(host)
    return found


def _priority(kind: int, number: int) -> int:
    """RFC 8445 §5.1.2.1."""
    return kind << 24 | SHOWN_LOCAL_FIRST - number << 8 | 255
