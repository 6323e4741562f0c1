"""The address plan of a laboratory.

Public addresses look public on purpose: a hardened TURN server and browsers treat private and documentation ranges
specially. Nothing leaves the namespaces, so they meet nobody.
"""

from dataclasses import dataclass

STUN_PORT = 3478
STUN_OTHER_PORT = 3479
"""The second port of the probe server (RFC 5780 §3)."""
TCP_PORTS = frozenset({443, 3478})
"""Where the probe server accepts TCP: the port that strict networks leave open, and one that they do not."""


@dataclass(frozen=True)
class Server:
    """Addresses of the server host of one IP family, one per role, so that traffic can be counted by role."""

    stun: str
    stun_other: str
    turn: str
    relay: str
    web: str

    def roles(self) -> dict[str, str]:
        return {
            "stun": self.stun,
            "stun-other": self.stun_other,
            "turn": self.turn,
            "relay": self.relay,
            "web": self.web,
        }


SERVER_4 = Server(*(f"11.0.9.{last}" for last in (10, 11, 20, 30, 40)))
SERVER_6 = Server(*(f"2a11:9::{last}" for last in (10, 11, 20, 30, 40)))
SERVERS = {4: SERVER_4, 6: SERVER_6}


@dataclass(frozen=True)
class Wire:
    """Both ends of a link in both families, with prefix: `near` towards the core, `far` towards the hosts."""

    near4: str
    far4: str
    near6: str
    far6: str


def bare(address: str) -> str:
    """An address without its prefix length."""
    return address.partition("/")[0]


def line(number: int) -> Wire:
    """From the core to the outermost router of home `number` (1, 2)."""
    return Wire(f"11.0.{number}.1/30", f"11.0.{number}.2/30", f"2a11:{number}::1/64", f"2a11:{number}::2/64")


def carrier_line(number: int) -> Wire:
    """From a carrier's NAT to a home's router, in the shared address space (RFC 6598)."""
    return Wire(f"100.64.{number}.1/30", f"100.64.{number}.2/30", f"2a11:64:{number}::1/64", f"2a11:64:{number}::2/64")


def lan(number: int, host: int, *, public: bool) -> Wire:
    """From a home's router to its host; `host`: last part of the address."""
    four = f"11.1.{number}" if public else f"192.168.{number}"
    six = f"2a11:1{number}:"
    return Wire(f"{four}.1/24", f"{four}.{host}/24", f"{six}:1/64", f"{six}:{host}/64")


SERVER_LINE = Wire("11.0.9.1/24", f"{SERVER_4.stun}/24", "2a11:9::1/64", f"{SERVER_6.stun}/64")
