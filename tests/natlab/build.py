"""Makes what a plan says: namespaces, cables, delayed lines, addresses, routes and rules."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.natlab import namespace
from tests.natlab.addresses import SERVERS
from tests.natlab.plan import Link, Node, Plan

ROOT = Path(__file__).parents[2]


def build(plan: Plan, name_of: Callable[[str], str], udp_timeout_s: int) -> None:
    """All but the delayed lines' devices and what lies on them. `name_of`: a node's namespace. Raises
    LaboratoryError."""
    namespace.ip(f"netns add {name_of(name)}" for name in plan.nodes)
    for node in plan.nodes.values():
        namespace.set_kernel(name_of(node.name), kernel_values(node, udp_timeout_s))
        name_servers(name_of(node.name), node.families)


def cable(link: Link, name_of: Callable[[str], str]) -> str:
    """One pair of joined interfaces, as a line of `ip`."""
    (near, near_interface), (far, far_interface) = link.near, link.far
    one, other = name_of(near), name_of(far)
    return f"link add name {near_interface} netns {one} type veth peer name {far_interface} netns {other}"


def start_delays(links: list[Link], name_of: Callable[[str], str], delay_ms: float) -> "subprocess.Popen[str]":
    """The process that holds the delayed lines; it ends with its input. Raises LaboratoryError."""
    lines = [
        [link.line, name_of(link.near[0]), link.near[1], name_of(link.far[0]), link.far[1], delay_ms] for link in links
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.natlab.delay", json.dumps(lines)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        process.communicate()
        raise namespace.LaboratoryError("the delayed lines could not be made; the reason stands above")
    return process


def configure(node: Node, links: list[Link], name: str) -> None:
    """Interfaces up, addresses, routes and rules of one node, whose cables exist. Raises LaboratoryError."""
    interfaces = {end[1] for link in links for end in (link.near, link.far) if end[0] == node.name}
    lines = ["link set lo up"]
    if node.bridged:
        lines += ["link add lan type bridge", "link set lan up"]
        lines += [f"link set {interface} master lan" for interface in node.bridged]
    lines += [f"link set {interface} up" for interface in sorted(interfaces)]
    lines += [address_line("add", interface, address) for interface, address in node.addresses]
    lines += [f"route add {words}" for words in node.routes]
    namespace.ip(lines, name)
    namespace.nft(name, node.ruleset)


def address_line(verb: str, interface: str, address: str) -> str:
    """`addr add` or `addr del`. IPv6 addresses are usable at once (`nodad`): there are no doubles to detect here."""
    return f"addr {verb} {address} dev {interface}" + (" nodad" if verb == "add" and ":" in address else "")


def kernel_values(node: Node, udp_timeout_s: int) -> dict[str, int]:
    """Sysctls of one namespace, below `net/`. Set before an interface exists, so that it takes them over."""
    values = {f"ipv6/conf/{scope}/disable_ipv6": int(6 not in node.families) for scope in ("all", "default")}
    values |= {f"ipv6/conf/default/{name}": 0 for name in ("accept_dad", "accept_ra")}
    if node.forwards:
        values |= {"ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1}
        values |= {f"netfilter/nf_conntrack_udp_timeout{each}": udp_timeout_s for each in ("", "_stream")}
        # Else bridged packets would pass the router's IP rules.
        values |= {f"bridge/bridge-nf-call-{each}tables": 0 for each in ("ip", "ip6", "arp")}
    return values


def name_servers(name: str, families: frozenset[int]) -> None:
    """Names inside: the server's roles (`turn.lab` and so on), and no others. `ip netns exec` puts these files in
    /etc. Each name also stands with a dot at its end: Chromium asks for STUN and TURN servers that way."""
    lines = ["127.0.0.1 localhost"]
    for family in sorted(families):
        for role, address in SERVERS[family].roles().items():
            lines += [f"{address} {role}.lab", f"{address} {role}.lab."]
    folder = namespace.CONFIGURATION / name
    folder.mkdir(parents=True)
    folder.joinpath("hosts").write_text("\n".join(lines) + "\n")
    # Nobody answers there, and at once.
    folder.joinpath("resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
