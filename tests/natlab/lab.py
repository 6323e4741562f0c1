"""A laboratory: camera, viewer and server, each in a network of its own, on one machine.

    with Lab(camera="symmetric", viewer="udp-blocked", delay_ms=20) as lab:
        turn = lab.server.popen(["turnserver", …])
        agent = lab.camera.popen([sys.executable, "-m", "camera_peer", …])
        lab.clear_counts()
        …
        assert lab.bytes_between("viewer", "turn") > 100_000
        assert lab.bytes_between("viewer", "camera") == 0

The server host is always there, at `lab.servers[4]` and `lab.servers[6]` (one address per role: stun, turn, relay,
web); a STUN server answers at `stun`, port 3478. Needs root. Laboratories may stand side by side; nothing outside of
their own namespaces is touched, and all is removed even when this process is killed.
"""

import ipaddress
import itertools
import subprocess
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tests.natlab import build, conntrack, counting, namespace, rules, warden
from tests.natlab.addresses import SERVERS, bare
from tests.natlab.behaviour import Behaviour
from tests.natlab.host import Host
from tests.natlab.kinds import pair
from tests.natlab.plan import CAMERA, CORE, HOSTS, SERVER, VIEWER, plan
from tests.natlab.probe import probe
from tests.natlab.stun_server import StunServer

UDP_TIMEOUT_SECONDS = 30
"""After which a router forgets an idle UDP mapping: Linux's own figure. RFC 4787 REQ-5 asks for 120 s."""
STOP_SECONDS = 5.0
_serials = itertools.count(1)


class Lab:
    """`camera`, `viewer`: names of kinds. `delay_ms`: one way, on the line of each home (a round trip from camera to
    viewer is four times that, with the server half way). Raises UnknownKind, namespace.LaboratoryError."""

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
        self._delays: subprocess.Popen[str] | None = None
        self._cleanup = ExitStack()
        self.warden_pid = 0
        self.camera, self.viewer, self.server = (self._host(name) for name in HOSTS)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._build(stack)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes everything, and ends every process still running in it. May be called twice."""
        self._cleanup.close()

    @property
    def hosts(self) -> dict[str, Host]:
        return {CAMERA: self.camera, VIEWER: self.viewer, SERVER: self.server}

    @property
    def homes(self) -> dict[str, set[str]]:
        """Every address that stands for camera or viewer, by host name."""
        return self._plan.homes

    def measure(self, name: str) -> Behaviour:
        """What the network does to the host `name` (camera, viewer), by probe."""
        host = self.hosts[name]
        return host.call(lambda: probe(host.addresses)).result()

    def received(self, name: str) -> dict[str, int]:
        """Bytes that reached camera or viewer since the last `clear_counts`: `direct` from the other, from each role
        of the server, and from `elsewhere`. Counted by the kernel; whole IP packets."""
        other = VIEWER if name == CAMERA else CAMERA
        return counting.received(self.hosts[name].flows(), self._plan.homes[other])

    def bytes_between(self, host: str, other: str) -> int:
        """Bytes between `host` (camera, viewer) and `other`. With the other host: what arrived at either, directly;
        with a role of the server (stun, stun-other, turn, relay, web): what `host` sent and received."""
        if other not in (*self._plan.homes, *SERVERS[4].roles()):
            raise ValueError(f"{other!r} is neither a home nor a role of the server: nothing would ever be counted")
        if other in self._plan.homes:
            return sum(self.received(name).get(counting.DIRECT, 0) for name in (host, other))
        flows = self.hosts[host].flows()
        return sum(flow.sent + flow.received for flow in flows if counting.role(flow.remote, ()) == other)

    def clear_counts(self) -> None:
        for host in self.hosts.values():
            host.clear_counts()

    def lose(self, name: str, *, up: float = 0.0, down: float = 0.0) -> None:
        """Loses a share (0 to 1) of the packets on a host's line from now on: `up` from the host, `down` to it."""
        self._lost[self._plan.lines[name]] = (up, down)
        namespace.nft(self._namespace(CORE), rules.losses(self._lost))

    def cut(self, name: str) -> None:
        """Cuts a host's line. With `server`: it is lost to both, and what flows directly goes on."""
        self.lose(name, up=1.0, down=1.0)

    def mend(self, name: str) -> None:
        self.lose(name)

    def set_delay(self, name: str, delay_ms: float) -> None:
        """Changes the delay of a home's line. The laboratory must have been made with a delay."""
        if self._delays is None or self._delays.stdin is None or name == SERVER:
            raise namespace.LaboratoryError("only homes' lines of a laboratory made with delay_ms can be delayed")
        self._delays.stdin.write(f"{self._plan.lines[name]} {delay_ms}\n")
        self._delays.stdin.flush()

    def reboot(self, name: str) -> None:
        """The routers between a host and the core forget every port and connection, as after a power cut."""
        for node in self._plan.routers[name]:
            router = self._namespace(node)
            namespace.nft(router, rules.forget(self._plan.nodes[node].ruleset))
            conntrack.flush(router)

    def move(self, name: str) -> None:
        """Gives a host other addresses in place of its own, as on joining another network; its routes stay."""
        node, host = self._plan.nodes[name], self.hosts[name]
        moved = [(interface, next_address(address)) for interface, address in node.addresses]
        lines = [build.address_line("del", *each) for each in node.addresses]
        lines += [build.address_line("add", *each) for each in moved]
        namespace.ip([*lines, *(f"route replace {words}" for words in node.routes)], host.namespace)
        node.addresses = moved
        host.addresses = by_family(moved)
        self._plan.homes[name].update(bare(address) for _, address in moved)

    def _namespace(self, node: str) -> str:
        return self._prefix + node

    def _host(self, name: str) -> Host:
        return Host(name, self._namespace(name), by_family(self._plan.nodes[name].addresses))

    def _build(self, stack: ExitStack) -> None:
        """`stack`: what must be undone, also if this fails half way."""
        warden.sweep()
        for host in self.hosts.values():
            stack.callback(host.reap)
        keeper = warden.Warden([self._namespace(name) for name in self._plan.nodes], spared=warden.owner())
        stack.callback(keeper.dismiss)
        self.warden_pid = keeper.pid
        build.build(self._plan, self._namespace, self._udp_timeout_s)
        delayed = [link for link in self._plan.links if link.line and self.delay_ms > 0]
        namespace.ip(build.cable(link, self._namespace) for link in self._plan.links if link not in delayed)
        if delayed:
            self._delays = build.start_delays(delayed, self._namespace, self.delay_ms)
            stack.callback(self._delays.communicate, timeout=STOP_SECONDS)
        for node in self._plan.nodes.values():
            build.configure(node, self._plan.links, self._namespace(node.name))
        with self.server.enter():
            stack.callback(StunServer().close)


def by_family(addresses: list[tuple[str, str]]) -> dict[int, list[str]]:
    """Addresses without interface and prefix, by IP family."""
    families: dict[int, list[str]] = {}
    for _, address in addresses:
        families.setdefault(6 if ":" in address else 4, []).append(bare(address))
    return families


def next_address(address: str) -> str:
    """The one after it, same prefix length."""
    interface = ipaddress.ip_interface(address)
    return f"{interface.ip + 1}/{interface.network.prefixlen}"
