"""nftables rulesets of a laboratory, as text. A router's interface towards the core is `wan`, all others are inside."""

from tests.natlab.behaviour import Filtering
from tests.natlab.kinds import Passes, Router, Translation

REMAP_PORTS = "20000-29999"
LEARNED = 4096
"""Ports a cone remembers at once: a laboratory's host opens some dozens."""
FLOWS = 65535
"""Remote addresses and ports that a host counts apart."""

_MASQUERADE = {
    Translation.KEEP: ['oifname "wan" masquerade'],
    Translation.RANGE: [
        f'oifname "wan" meta l4proto {{ tcp, udp }} masquerade to :{REMAP_PORTS}',
        'oifname "wan" masquerade',
    ],
    Translation.RANDOM: ['oifname "wan" masquerade random,fully-random'],
    Translation.NONE: [],
}
_BLOCKED = {
    Passes.ALL: [],
    Passes.NO_UDP: ["meta l4proto udp drop"],
    Passes.ONLY_TCP_443: ["ct state new tcp dport != 443 drop", "ct state new meta l4proto != tcp drop"],
}


def _chain(name: str, hook: str, rules: list[str]) -> str:
    body = "\n".join(f"    {rule}" for rule in [f"type {hook};", *rules])
    return f"  chain {name} {{\n{body}\n  }}\n"


def _input() -> str:
    """A router takes nothing for itself. Were a peer's early packet accepted here, its connection would occupy the
    outside port, and the host's own packet would get another one: hole punching would then always fail.
    """
    ours = ['iifname "lo" accept', "ct state established,related accept", "meta l4proto { icmp, icmpv6 } accept"]
    return _chain("input", "filter hook input priority filter; policy drop", ours)


def _is_cone(router: Router) -> bool:
    return router.translation is Translation.KEEP and router.filtering is not Filtering.ADDRESS_AND_PORT_DEPENDENT


def _memory(udp_timeout_s: int) -> str:
    """What a cone learns in the forward chain, where every packet passes (a nat chain sees only the first)."""
    size = f"size {LEARNED}; flags dynamic,timeout; timeout {udp_timeout_s}s;"
    return (
        f"  map hosts {{ type inet_service : ipv4_addr; {size} }}\n"
        f"  set spoken {{ type ipv4_addr . inet_service; {size} }}\n"
    )


def _learning() -> list[str]:
    udp_out = 'iifname != "wan" oifname "wan" meta l4proto udp'
    return [
        f"{udp_out} update @hosts {{ udp sport : ip saddr }}",
        f"{udp_out} update @spoken {{ ip daddr . udp sport }}",
    ]


def _entrances(router: Router, wan_address: str) -> list[str]:
    """Where strangers' packets are sent to the host that owns the port."""
    known = "ip saddr . udp dport @spoken " if router.filtering is Filtering.ADDRESS_DEPENDENT else ""
    rules = [f'iifname "wan" {known}meta l4proto udp dnat to udp dport map @hosts']
    if router.hairpin:
        rules.append(f'iifname != "wan" ip daddr {wan_address} meta l4proto udp dnat to udp dport map @hosts')
    return rules


def router_4(router: Router, wan_address: str, udp_timeout_s: int) -> str:
    """IPv4 of a router. `wan_address`: its own, outside. `udp_timeout_s`: after which a cone forgets a port."""
    cone = _is_cone(router)
    forward = [*_BLOCKED[router.passes], *(_learning() if cone else []), 'iifname != "wan" oifname "wan" accept']
    forward.append("ct state established,related accept")
    if cone:
        forward.append("ct status dnat accept")
    if router.filtering is Filtering.ENDPOINT_INDEPENDENT and router.translation is Translation.NONE:
        forward.append('iifname "wan" accept')
    leaving = list(_MASQUERADE[router.translation])
    if router.hairpin:
        # RFC 4787 REQ-9: the inside receiver sees the sender's outside address.
        leaving.append(f'iifname != "wan" oifname != "wan" snat to {wan_address}')
    return (
        "table ip router {\n"
        + (_memory(udp_timeout_s) if cone else "")
        + _input()
        + _chain("forward", "filter hook forward priority filter; policy drop", forward)
        + _chain("arrive", "nat hook prerouting priority dstnat", _entrances(router, wan_address) if cone else [])
        + _chain("leave", "nat hook postrouting priority srcnat", leaving)
        + "}\n"
    )


def forget(ruleset: str) -> str:
    """Empties what the router with this ruleset has learned."""
    learned = {"  map hosts ": "flush map ip router hosts\n", "  set spoken ": "flush set ip router spoken\n"}
    return "".join(command for mark, command in learned.items() if mark in ruleset)


def router_6(router: Router) -> str:
    """IPv6 of a router: no translation, and only answers come in (RFC 6092 REC-33 asks for no more)."""
    forward = [
        *_BLOCKED[router.passes],
        'iifname != "wan" oifname "wan" accept',
        "ct state established,related accept",
        "meta l4proto icmpv6 accept",
    ]
    return (
        "table ip6 router {\n"
        + _input()
        + _chain("forward", "filter hook forward priority filter; policy drop", forward)
        + "}\n"
    )


def counters() -> str:
    """On a host: bytes of IP packets per remote address, protocol and remote port, each way."""
    sets: list[str] = []
    received: list[str] = []
    sent: list[str] = []
    for family, kind in (("ip", "ipv4_addr"), ("ip6", "ipv6_addr")):
        version = 4 if family == "ip" else 6
        for way, rules, end, port in (("in", received, "saddr", "sport"), ("out", sent, "daddr", "dport")):
            name = f"{way}{version}"
            sets.append(
                f"  set {name} {{ type {kind} . inet_proto . inet_service; size {FLOWS}; flags dynamic; counter; }}\n"
            )
            key = f"{family} {end} . meta l4proto . th {port}"
            rules.append(f"meta l4proto {{ tcp, udp }} update @{name} {{ {key} }}")
    return (
        "table inet count {\n"
        + "".join(sets)
        + _chain("received", "filter hook input priority -300", received)
        + _chain("sent", "filter hook output priority -300", sent)
        + "}\n"
    )


def core() -> str:
    """The core: a chain for losses, empty until some are set."""
    return (
        "table inet core {\n  chain loss { }\n"
        + _chain("forward", "filter hook forward priority filter; policy accept", ["jump loss"])
        + "}\n"
    )


LOSS_STEPS = 10_000
"""Resolution of a loss: one hundredth of a percent."""


def losses(lost: dict[str, tuple[float, float]]) -> str:
    """Replaces all losses. `lost`: share lost (0 to 1) from and to each interface of the core."""
    rules = ["flush chain inet core loss"]
    for interface, shares in lost.items():
        for direction, share in zip(("iifname", "oifname"), shares, strict=True):
            if share > 0:
                chosen = f"numgen random mod {LOSS_STEPS} < {round(share * LOSS_STEPS)} " if share < 1 else ""
                rules.append(f'add rule inet core loss {direction} "{interface}" {chosen}drop')
    return "\n".join(rules) + "\n"
