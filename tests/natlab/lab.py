"""A laboratory: camera, viewer and server, each in a network of its own, on one machine.

    with Lab(camera="symmetric", viewer="udp-blocked", delay_ms=20) as lab:
        turn = lab.server.popen(["turnserver", …])
        agent = lab.camera.popen([sys.executable, "-m", "camera_peer", …])
        lab.clear_counts()
        …
        assert lab.bytes_between("viewer", "turn") > 100_000
        assert lab.bytes_between("viewer", "camera") == 0

The server host is always there, at `lab.servers[4]` and `lab.servers[6]` (one address per role: stun, turn, relay,
web); a STUN server answers at `stun`, port 3478. Needs root. Laboratories may stand side by side; nothing outside of their
own namespaces is touched, and all is removed even when this process is killed.
"""

import itertools
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.natlab import counting, namespace, rules, warden
from tests.natlab.addresses import SERVERS, bare
from tests.natlab.behaviour import Behaviour
from tests.natlab.host import Host
from tests.natlab.kinds import pair
from tests.natlab.plan import CAMERA, CORE, HOSTS, SERVER, VIEWER, Link, Node, plan
from tests.natlab.probe import probe
from tests.natlab.stun_server import StunServer

ROOT = Path(__file__).parents[2]
UDP_TIMEOUT_SECONDS = 30
"""After which a router forgets an idle UDP mapping: Linux's own figure, and RFC 4787 allows no less than 120."""
_serials = itertools.count(1)


class Lab:
    """`camera`, `viewer`: names of kinds. `delay_ms`: one way, on the line of each home (a round trip from camera to viewer
    is four times that, with the server half way). Raises UnknownKind, namespace.LaboratoryError."""

    servers = SERVERS

    def __init__(
        self, camera: str, viewer: str, *, delay_ms: float = 0, udp_timeout_s: int = UDP_TIMEOUT_SECONDS
    ) -> None:
        self.camera_kind, self.viewer_kind = pair(camera, viewer)
        self.delay_ms = delay_ms
        self._udp_timeout_s = udp_timeout_s
        self._plan = plan(self.camera_kind, self.viewer_kind, udp_timeout_s)
        self._prefix = warden.prefix(next(_serials))
        self._lost: dict[str, tuple[float, float]] = {}
        self._warden: warden.Warden | None = None
        self._delays: subprocess.Popen[str] | None = None
        self._stun: StunServer | None = None
        self.camera, self.viewer, self.server = (self._host(name) for name in HOSTS)

    def __enter__(self) -> Self:
        warden.sweep()
        names = [self._namespace(name) for name in self._plan.nodes]
        self._warden = warden.Warden(names, spared=warden.owner())
        try:
            self._build(names)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes everything, and ends every process still running in it. May be called twice."""
        if self._stun is not None:
            self._stun.close()
            self._stun = None
        if self._delays is not None:
            self._delays.communicate()
            self._delays = None
        if self._warden is not None:
            self._warden.dismiss()
            self._warden = None

    @property
    def hosts(self) -> dict[str, Host]:
        return {CAMERA: self.camera, VIEWER: self.viewer, SERVER: self.server}

    def measure(self, name: str) -> Behaviour:
        """What the network does to the host `name` (camera, viewer), by probe."""
        host = self.hosts[name]
        return host.call(lambda: probe(host.addresses)).result()

    def received(self, name: str) -> dict[str, int]:
        """Bytes that reached camera or viewer since the last `clear_counts`: `direct` from the other, from each role of the
        server, and from `elsewhere`. Counted by the kernel; whole IP packets."""
        other = VIEWER if name == CAMERA else CAMERA
        return counting.received(self.hosts[name].flows(), self._plan.homes[other])

    def bytes_between(self, host: str, other: str) -> int:
        """Bytes between `host` (camera, viewer) and `other`. With the other host: what arrived at either, directly; with a
        role of the server (stun, turn, relay, web): what `host` sent and received."""
        if other in self._plan.homes:
            return sum(self.received(name).get(counting.DIRECT, 0) for name in (host, other))
        flows = self.hosts[host].flows()
        return sum(flow.sent + flow.received for flow in flows if counting.role(flow.remote, ()) == other)

    def clear_counts(self) -> None:
        for host in self.hosts.values():
            host.clear_counts()

    def lose(self, name: str, *, up: float = 0.0, down: float = 0.0) -> None:
        """Loses a share (0 to 1) of the packets on a host's line: `up` from the host, `down` to it. Replaces earlier ones."""
        self._lost[self._plan.lines[name]] = (up, down)
        namespace.nft(self._namespace(CORE), rules.losses(self._lost))

    def cut(self, name: str) -> None:
        """Cuts a host's line. With `server`: the internet is down for everybody, a LAN lives on."""
        self.lose(name, up=1.0, down=1.0)

    def mend(self, name: str) -> None:
        self.lose(name)

    def set_delay(self, name: str, delay_ms: float) -> None:
        """Changes the delay of a home's line. The laboratory must have been made with a delay."""
        if self._delays is None or self._delays.stdin is None or name == SERVER:
            raise namespace.LaboratoryError("only homes' lines of a laboratory made with delay_ms can be delayed")
        self._delays.stdin.write(f"{self._plan.lines[name]} {delay_ms}\n")
        self._delays.stdin.flush()

    def _namespace(self, node: str) -> str:
        return self._prefix + node

    def _host(self, name: str) -> Host:
        families: dict[int, list[str]] = {}
        for _, address in self._plan.nodes[name].addresses:
            families.setdefault(6 if ":" in address else 4, []).append(bare(address))
        return Host(name, self._namespace(name), families)

    def _build(self, names: list[str]) -> None:
        namespace.ip(f"netns add {name}" for name in names)
        for node in self._plan.nodes.values():
            self._prepare(node)
        delayed = [link for link in self._plan.links if link.line and self.delay_ms > 0]
        namespace.ip(self._cable(link) for link in self._plan.links if link not in delayed)
        if delayed:
            self._start_delays(delayed)
        for node in self._plan.nodes.values():
            self._configure(node)
        with self.server.enter():
            self._stun = StunServer()

    def _cable(self, link: Link) -> str:
        (near, near_interface), (far, far_interface) = link.near, link.far
        one, other = self._namespace(near), self._namespace(far)
        return f"link add name {near_interface} netns {one} type veth peer name {far_interface} netns {other}"

    def _start_delays(self, links: list[Link]) -> None:
        lines = [
            [link.line, self._namespace(link.near[0]), link.near[1], self._namespace(link.far[0]), link.far[1]]
            for link in links
        ]
        self._delays = subprocess.Popen(
            [sys.executable, "-m", "tests.natlab.delay", json.dumps([[*line, self.delay_ms] for line in lines])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._delays.stdout is not None
        if self._delays.stdout.readline() != "ready\n":
            raise namespace.LaboratoryError("the delayed lines could not be made; the reason stands above")

    def _prepare(self, node: Node) -> None:
        """What must be set before an interface exists: then it takes it over."""
        namespace.set_kernel(self._namespace(node.name), kernel_values(node, self._udp_timeout_s))
        folder = namespace.CONFIGURATION / self._namespace(node.name)
        folder.mkdir(parents=True)
        folder.joinpath("hosts").write_text(hosts_file(node.families))
        # Nobody answers there, and at once: a name that is not in `hosts` does not exist.
        folder.joinpath("resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")

    def _configure(self, node: Node) -> None:
        name = self._namespace(node.name)
        interfaces = {end[1] for link in self._plan.links for end in (link.near, link.far) if end[0] == node.name}
        lines = ["link set lo up"]
        if node.bridged:
            lines += ["link add lan type bridge", "link set lan up"]
            lines += [f"link set {interface} master lan" for interface in node.bridged]
        lines += [f"link set {interface} up" for interface in sorted(interfaces)]
        lines += [
            f"addr add {address} dev {interface}{' nodad' if ':' in address else ''}"
            for interface, address in node.addresses
        ]
        lines += [f"route add {words}" for words in node.routes]
        namespace.ip(lines, name)
        namespace.nft(name, node.ruleset)


def kernel_values(node: Node, udp_timeout_s: int) -> Mapping[str, int]:
    """Sysctls of one namespace, below `net/`."""
    six = 6 in node.families
    values = {f"ipv6/conf/{scope}/disable_ipv6": int(not six) for scope in ("all", "default")}
    values |= {f"ipv6/conf/default/{name}": 0 for name in ("accept_dad", "accept_ra")}
    if node.forwards:
        values |= {"ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1}
        values |= {f"netfilter/nf_conntrack_udp_timeout{each}": udp_timeout_s for each in ("", "_stream")}
        values |= {f"bridge/bridge-nf-call-{each}tables": 0 for each in ("ip", "ip6", "arp")}
    return values


def hosts_file(families: frozenset[int]) -> str:
    """Names of the server's roles, as `/etc/hosts`: `turn.lab` and so on."""
    lines = ["127.0.0.1 localhost"]
    for family in sorted(families):
        lines += [f"{address} {role}.lab" for role, address in SERVERS[family].roles().items()]
    return "\n".join(lines) + "\n"
