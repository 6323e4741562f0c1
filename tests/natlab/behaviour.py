"""How a network treats its hosts, in the words of RFC 4787: what a probe measures and what a kind declares."""

from dataclasses import dataclass
from enum import StrEnum


class Mapping(StrEnum):
    """When a new outside port is chosen for the same inside address and port (RFC 4787 §4.1)."""

    NONE = "none"
    ENDPOINT_INDEPENDENT = "endpoint-independent"
    ADDRESS_DEPENDENT = "address-dependent"
    ADDRESS_AND_PORT_DEPENDENT = "address-and-port-dependent"


class Filtering(StrEnum):
    """Whom the router lets answer on an outside port in use (RFC 4787 §5)."""

    ENDPOINT_INDEPENDENT = "endpoint-independent"
    ADDRESS_DEPENDENT = "address-dependent"
    ADDRESS_AND_PORT_DEPENDENT = "address-and-port-dependent"


@dataclass(frozen=True)
class Udp:
    """UDP of one IP family."""

    mapping: Mapping
    filtering: Filtering
    keeps_port: bool
    hairpin: bool = False

    def __str__(self) -> str:
        marks = [
            f"{self.mapping} mapping",
            f"{self.filtering} filtering",
            "port kept" if self.keeps_port else "new port",
        ]
        return ", ".join([*marks, "hairpin"] if self.hairpin else marks)


@dataclass(frozen=True)
class Behaviour:
    """A whole network. `udp4`, `udp6`: None where no UDP of that family gets an answer; `tcp_ports`: those of
    `addresses.TCP_PORTS` that can be reached outside."""

    udp4: Udp | None
    udp6: Udp | None
    tcp_ports: frozenset[int]

    def __str__(self) -> str:
        ports = " ".join(map(str, sorted(self.tcp_ports))) or "none"
        return f"IPv4 {self.udp4 or 'no UDP'}; IPv6 {self.udp6 or 'no UDP'}; TCP {ports}"
