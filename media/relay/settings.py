"""What can be set of the relay."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """`addresses`: IP addresses to bind and offer; none: every address of this machine but loopback.
    `public_addresses`: further ones that lead here (1:1 NAT, port forward, container), offered with `public_port` or
    the same port. `port`: of UDP and TCP; 0 lets the system choose. Limits count viewers; silences are in seconds."""

    addresses: tuple[str, ...] = ()
    public_addresses: tuple[str, ...] = ()
    port: int = 0
    public_port: int | None = None
    tcp: bool = True
    viewers: int = 500
    """One core carries about that many (FACTS §3)."""
    viewers_per_owner: int = 100
    viewers_per_camera: int = 50
    linger: float = 1.0
    """The upload goes on that long after the last viewer: a reload of the page needs no new upload. At most 2."""
    publisher_silence: float = 10.0
    """Without RTP, RTCP or a check from the camera; aioice checks every 4 to 6 s."""
    viewer_silence: float = 10.0
    """Without RTCP or a check; browsers send one or the other every 1 to 3 s."""

    def __post_init__(self) -> None:
        if not 0 <= self.port < 65536 or not 0 < (self.public_port or 1) < 65536:
            raise ValueError("the relay's port must be below 65536")
        if not 0 <= self.linger <= 2:
            raise ValueError("an upload may linger for 2 seconds at most")
        if min(self.viewers, self.viewers_per_owner, self.viewers_per_camera) < 1:
            raise ValueError("the relay's limits must allow one viewer")
