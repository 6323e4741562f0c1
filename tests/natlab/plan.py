"""What a laboratory consists of, decided before anything is made: nodes, links, addresses, routes, rulesets."""

from dataclasses import dataclass, field

from tests.natlab import addresses, rules
from tests.natlab.addresses import SERVER_4, SERVER_6, SERVER_LINE, Wire, bare
from tests.natlab.kinds import Kind, Router, Shared, Translation

CAMERA, VIEWER, SERVER, CORE = "camera", "viewer", "server", "core"
HOSTS = (CAMERA, VIEWER, SERVER)
_NUMBERS = {CAMERA: 1, VIEWER: 2}
_HOST_PARTS = {CAMERA: 10, VIEWER: 20}
_BRIDGE = "lan"


@dataclass
class Node:
    """One namespace. `routes`: arguments of `ip route add`; `bridged`: interfaces joined to one LAN."""

    name: str
    families: frozenset[int]
    forwards: bool = False
    addresses: list[tuple[str, str]] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    bridged: list[str] = field(default_factory=list)
    ruleset: str = ""

    def address(self, interface: str, four: str, six: str) -> None:
        self.addresses += [(interface, four)] if 4 in self.families else []
        self.addresses += [(interface, six)] if 6 in self.families else []

    def default(self, wire: Wire) -> None:
        self.routes += [f"default via {bare(wire.near4)}"] if 4 in self.families else []
        self.routes += [f"default via {bare(wire.near6)}"] if 6 in self.families else []


@dataclass(frozen=True)
class Link:
    """A cable between two interfaces. `line`: name of the line that it is, if it can be delayed."""

    near: tuple[str, str]
    far: tuple[str, str]
    line: str = ""


@dataclass
class Plan:
    """`lines`: the core's interface for each host; `homes`: every address that may stand for camera or viewer;
    `routers`: nodes between each of them and the core."""

    nodes: dict[str, Node] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    lines: dict[str, str] = field(default_factory=dict)
    homes: dict[str, set[str]] = field(default_factory=lambda: {CAMERA: set(), VIEWER: set()})
    routers: dict[str, list[str]] = field(default_factory=lambda: {CAMERA: [], VIEWER: []})

    def node(self, name: str, families: frozenset[int], *, forwards: bool = False) -> Node:
        return self.nodes.setdefault(name, Node(name, families, forwards))


class _Builder:
    def __init__(self, udp_timeout_s: int) -> None:
        self.plan = Plan()
        self.udp_timeout_s = udp_timeout_s
        both = frozenset({4, 6})
        self.core = self.plan.node(CORE, both, forwards=True)
        self.core.ruleset = rules.core()
        server = self.plan.node(SERVER, both)
        self.plan.links.append(Link((CORE, SERVER), (SERVER, "eth0")))
        self.plan.lines[SERVER] = SERVER
        self.core.address(SERVER, SERVER_LINE.near4, SERVER_LINE.near6)
        for four, six in zip(SERVER_4.roles().values(), SERVER_6.roles().values(), strict=True):
            server.address("eth0", f"{four}/24", f"{six}/64")
        server.default(SERVER_LINE)

    def outermost(self, name: str, router: Router, families: frozenset[int], owners: tuple[str, ...]) -> Node:
        """A router at the core, for one owner or for both."""
        line = owners[0] if len(owners) == 1 else "home"
        wire = addresses.line(_NUMBERS[owners[0]])
        node = self.router(name, router, families, (CORE, line), wire, line)
        self.core.address(line, wire.near4, wire.near6)
        for owner in owners:
            self.plan.lines[owner] = line
            self.plan.homes[owner].add(bare(wire.far4))
            self.plan.routers[owner].append(name)
        return node

    def router(
        self, name: str, router: Router, families: frozenset[int], near: tuple[str, str], wire: Wire, line: str = ""
    ) -> Node:
        node = self.plan.node(name, families, forwards=True)
        self.plan.links.append(Link(near, (name, "wan"), line))
        node.address("wan", wire.far4, wire.far6)
        node.default(wire)
        node.ruleset += rules.router_4(router, bare(wire.far4), self.udp_timeout_s) if 4 in families else ""
        node.ruleset += rules.router_6(router) if 6 in families else ""
        return node

    def behind_carrier(self, owner: str, carrier: Node, kind: Kind) -> Node:
        wire = addresses.carrier_line(_NUMBERS[owner])
        inside = f"{owner}-line"
        carrier.address(inside, wire.near4, wire.near6)
        self.plan.routers[owner].append(f"{owner}-router")
        return self.router(f"{owner}-router", kind.router, kind.families, (carrier.name, inside), wire)

    def host(self, owner: str, router: Node, interface: str, kind: Kind, lan: int) -> None:
        """The host `owner` on LAN number `lan` behind `router`."""
        public = kind.router.translation is Translation.NONE
        wire = addresses.lan(lan, _HOST_PARTS[owner], public=public)
        gateway = _BRIDGE if router.bridged else interface
        if (gateway, wire.near4) not in router.addresses:
            router.address(gateway, wire.near4, wire.near6)
        host = self.plan.node(owner, kind.families)
        self.plan.links.append(Link((router.name, interface), (owner, "eth0")))
        host.address("eth0", wire.far4, wire.far6)
        host.default(wire)
        self.plan.homes[owner].update(bare(address) for _, address in host.addresses)
        outside = addresses.line(lan)
        if public:
            self.core.routes.append(f"{wire.near4.rpartition('.')[0]}.0/24 via {bare(outside.far4)}")
        if 6 in kind.families:
            self.core.routes.append(f"{wire.near6.rpartition('::')[0]}::/64 via {bare(outside.far6)}")

    def home(self, owner: str, kind: Kind) -> None:
        """A home of its own."""
        if kind.carrier is None:
            router = self.outermost(f"{owner}-router", kind.router, kind.families, (owner,))
        else:
            carrier = self.outermost(f"{owner}-carrier", kind.carrier, kind.families, (owner,))
            router = self.behind_carrier(owner, carrier, kind)
        self.host(owner, router, "lan", kind, _NUMBERS[owner])

    def together(self, kind: Kind, shared: Shared) -> None:
        """Two hosts with a router in common."""
        both = (CAMERA, VIEWER)
        if shared is Shared.CARRIER and kind.carrier is not None:
            carrier = self.outermost("carrier", kind.carrier, kind.families, both)
            for owner in both:
                self.host(owner, self.behind_carrier(owner, carrier, kind), "lan", kind, _NUMBERS[owner])
            return
        router = self.outermost("router", kind.router, kind.families, both)
        router.bridged = [f"port-{owner}" for owner in both] if shared is Shared.LAN else []
        for owner in both:
            if shared is Shared.LAN:
                self.host(owner, router, f"port-{owner}", kind, 1)
            else:
                self.host(owner, router, f"lan-{owner}", kind, _NUMBERS[owner])


def plan(camera: Kind, viewer: Kind, udp_timeout_s: int) -> Plan:
    """The whole laboratory for a pair that `kinds.pair` has allowed."""
    builder = _Builder(udp_timeout_s)
    if camera.shared is not None:
        builder.together(camera, camera.shared)
    else:
        builder.home(CAMERA, camera)
        builder.home(VIEWER, viewer)
    for name in HOSTS:
        builder.plan.nodes[name].ruleset += rules.counters()
    return builder.plan
