"""What can be set of the relay."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """`addresses`: IP addresses to bind and offer; none: every address of this machine but loopback.
    `public_addresses`: further ones that lead here (1:1 NAT, port forward, container), offered with `public_port` or
    the same port. `port`: of UDP and TCP; 0 lets the system choose. `stun_port`: of plain STUN besides, likewise; None:
    there is none. Limits count viewers."""

    addresses: tuple[str, ...] = ()
    public_addresses: tuple[str, ...] = ()
    port: int = 0
    stun_port: int | None = None
    public_port: int | None = None
    tcp: bool = True
    shared_tcp_port: int | None = None
    """Where a server takes TCP for us beside its own, and hands it over: offered besides (usually 443)."""
    shared_tcp_hosts: tuple[str, ...] = ("0.0.0.0", "::")
    """Where that server listens: addresses, or all of a family."""
    shared_tcp_public_port: int | None = None
    """At the public addresses, where it is another."""
    viewers: int = 500
    """One core carries about that many (FACTS §3)."""
    viewers_per_owner: int = 100
    viewers_per_camera: int = 50
    linger: float = 1.0
    """Seconds that the upload goes on after the last viewer: a reload of the page needs no new upload. At most 2."""

    def __post_init__(self) -> None:
        ports = (self.port, self.stun_port or 0, self.public_port or 0)
        if not all(0 <= port < 65536 for port in ports) or self.public_port == 0:
            raise ValueError("the relay's ports must be below 65536")
        if not 0 <= self.linger <= 2:
            raise ValueError("an upload may linger for 2 seconds at most")
        if min(self.viewers, self.viewers_per_owner, self.viewers_per_camera) < 1:
            raise ValueError("the relay's limits must allow one viewer")
