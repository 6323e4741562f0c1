"""Which way did the bytes go? Counted by the kernel on the hosts, never taken from anybody's statistics."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from tests.natlab import namespace
from tests.natlab.addresses import SERVERS

SETS = ("in4", "out4", "in6", "out6")
DIRECT, ELSEWHERE = "direct", "elsewhere"


@dataclass(frozen=True)
class Flow:
    """What a host exchanged with one remote address and port. `protocol`: `udp` or `tcp`; bytes of whole IP packets."""

    remote: str
    protocol: str
    port: int
    received: int = 0
    sent: int = 0


def parse(listing: str) -> list[Flow]:
    """Flows from the JSON of `nft list table inet count`."""
    found: dict[tuple[str, str, int], list[int]] = {}
    for entry in json.loads(listing)["nftables"]:
        if "set" not in entry:
            continue
        way = 0 if entry["set"]["name"].startswith("in") else 1
        for element in entry["set"].get("elem", []):
            remote, protocol, port = element["elem"]["val"]["concat"]
            found.setdefault((remote, protocol, port), [0, 0])[way] += element["elem"]["counter"]["bytes"]
    return [Flow(*key, received, sent) for key, (received, sent) in sorted(found.items())]


def read(name: str) -> list[Flow]:
    """Everything that the host in namespace `name` has exchanged since the last `clear`."""
    return parse(namespace.nft_list(name, "table inet count"))


def clear(name: str) -> None:
    """Starts counting anew."""
    namespace.nft(name, "".join(f"flush set inet count {each}\n" for each in SETS))


def role(remote: str, other_home: Iterable[str]) -> str:
    """Who a remote address is: the server's role, `direct` for the other home, else `elsewhere`."""
    for server in SERVERS.values():
        for name, address in server.roles().items():
            if address == remote:
                return name
    return DIRECT if remote in other_home else ELSEWHERE


def received(flows: Iterable[Flow], other_home: Iterable[str]) -> dict[str, int]:
    """Bytes that arrived, per role; roles that nothing came from are left out. What was sent proves nothing: checks to
    addresses that cannot be reached are sent, too."""
    home = frozenset(other_home)
    total: dict[str, int] = {}
    for flow in flows:
        if flow.received:
            name = role(flow.remote, home)
            total[name] = total.get(name, 0) + flow.received
    return total
