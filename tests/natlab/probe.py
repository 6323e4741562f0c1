"""Measures how a network treats its host (RFC 5780 §4.3 and §4.4), with plain sockets, from inside.

A missing answer only counts once a later question has been answered by the same server on the same path (UDP where it
works, TCP where not): queues on the way keep the order, so a slow machine does not look like a filter.
"""

import select
import socket
import time

from aioice import stun

from tests.natlab.addresses import SERVERS, STUN_OTHER_PORT, STUN_PORT, TCP_PORTS, Server
from tests.natlab.behaviour import Behaviour, Filtering, Mapping, Udp
from tests.natlab.stun_server import CHANGE_ADDRESS, CHANGE_PORT

GRACE_SECONDS = 0.05
"""For packets that overtake each other between processors."""
PATIENCE_SECONDS = 5.0
"""Longest wait for an answer that must come."""
AGAIN_SECONDS = 0.25
OPEN_PORT = 443
"""TCP that every kind lets out."""
DATAGRAM_BYTES = 1500

type_of = {4: socket.AF_INET, 6: socket.AF_INET6}
Address = tuple[str, int]


class ProbeFailed(Exception):
    """The probe server does not answer at all; the network is broken rather than of some kind."""


def _request(change: int = 0) -> stun.Message:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    if change:
        request.attributes["CHANGE-REQUEST"] = change
    return request


class _Asker:
    """One UDP socket, and the mapped addresses it was told, by transaction."""

    def __init__(self, own: str, family: int) -> None:
        self.socket = socket.socket(type_of[family], socket.SOCK_DGRAM)
        self.socket.bind((own, 0))
        self.own: Address = self.socket.getsockname()[:2]
        self.told: dict[bytes, Address] = {}
        self.others = 0

    def send(self, request: stun.Message, server: Address) -> bytes:
        self.socket.sendto(bytes(request), server)
        return request.transaction_id

    def listen(self, seconds: float) -> None:
        """Takes what arrives, until something has or the time is over."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return
        data = self.socket.recv(DATAGRAM_BYTES)
        try:
            answer = stun.parse_message(data)
        except ValueError:
            self.others += 1
            return
        self.told[answer.transaction_id] = answer.attributes["XOR-MAPPED-ADDRESS"]

    def linger(self) -> None:
        end = time.monotonic() + GRACE_SECONDS
        while (left := end - time.monotonic()) > 0:
            self.listen(left)

    def ask(self, server: Address) -> Address:
        """The mapped address that `server` sees. Raises ProbeFailed."""
        request = _request()
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            transaction = self.send(request, server)
            self.listen(AGAIN_SECONDS)
            if transaction in self.told:
                return self.told[transaction]
        raise ProbeFailed(f"no answer from {server}")


def tcp_ports(own: str, family: int, server: str) -> frozenset[int]:
    """Ports of TCP_PORTS that can be reached. Raises ProbeFailed if not even OPEN_PORT."""
    tries: dict[int, socket.socket] = {}
    for port in sorted(TCP_PORTS, key=lambda port: port == OPEN_PORT):
        made = socket.socket(type_of[family], socket.SOCK_STREAM)
        made.bind((own, 0))
        made.setblocking(False)
        made.connect_ex((server, port))
        tries[port] = made
    if not select.select([], [tries[OPEN_PORT]], [], PATIENCE_SECONDS)[1]:
        raise ProbeFailed(f"no TCP to {server} port {OPEN_PORT}")
    time.sleep(GRACE_SECONDS)
    ready = select.select([], tries.values(), [], 0)[1]
    found = {
        port
        for port, made in tries.items()
        if made in ready and made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    }
    for made in tries.values():
        made.close()
    return frozenset(found)


def udp_passes(own: str, family: int, server: str) -> bool:
    """Whether UDP gets an answer by the time that a later TCP connection to the same server stands."""
    asker = _Asker(own, family)
    try:
        for _ in range(3):
            asker.send(_request(), (server, STUN_PORT))
        tcp_ports(own, family, server)
        asker.linger()
        return bool(asker.told)
    finally:
        asker.socket.close()


def mapping(own: str, family: int, server: Server) -> tuple[Mapping, bool]:
    """How outside ports are chosen, and whether they are the inside ones."""
    asker = _Asker(own, family)
    try:
        first = asker.ask((server.stun, STUN_PORT))
        other_address = asker.ask((server.stun_other, STUN_PORT))
        other_port = asker.ask((server.stun_other, STUN_OTHER_PORT))
    finally:
        asker.socket.close()
    keeps_port = first[1] == asker.own[1]
    if first == asker.own and other_address == first and other_port == first:
        return Mapping.NONE, keeps_port
    if first == other_address == other_port:
        return Mapping.ENDPOINT_INDEPENDENT, keeps_port
    return (
        Mapping.ADDRESS_DEPENDENT if other_address == other_port else Mapping.ADDRESS_AND_PORT_DEPENDENT
    ), keeps_port


def filtering(own: str, family: int, server: Server) -> Filtering:
    """Who may answer, on a port that has only spoken to the server's first address and port."""
    asker = _Asker(own, family)
    primary = (server.stun, STUN_PORT)
    try:
        from_elsewhere = asker.send(_request(CHANGE_ADDRESS | CHANGE_PORT), primary)
        from_other_port = asker.send(_request(CHANGE_PORT), primary)
        asker.ask(primary)
        asker.linger()
    finally:
        asker.socket.close()
    if from_elsewhere in asker.told:
        return Filtering.ENDPOINT_INDEPENDENT
    return Filtering.ADDRESS_DEPENDENT if from_other_port in asker.told else Filtering.ADDRESS_AND_PORT_DEPENDENT


def hairpin(own: str, family: int, server: Server) -> bool:
    """Whether one socket of this host reaches another by the other's outside address (RFC 4787 §6)."""
    sender, receiver = _Asker(own, family), _Asker(own, family)
    try:
        outside = receiver.ask((server.stun, STUN_PORT))
        if outside == receiver.own:
            return False
        sender.socket.sendto(b"hairpin", outside)
        sender.ask((server.stun, STUN_PORT))
        receiver.linger()
        return receiver.others > 0
    finally:
        sender.socket.close()
        receiver.socket.close()


def _udp(own: str, family: int, server: Server) -> Udp | None:
    if not udp_passes(own, family, server.stun):
        return None
    chosen, keeps_port = mapping(own, family, server)
    return Udp(chosen, filtering(own, family, server), keeps_port, hairpin(own, family, server))


def probe(addresses: dict[int, list[str]]) -> Behaviour:
    """Measures the network that this thread is in. `addresses`: the host's own by IP family. Raises ProbeFailed."""
    udp = {family: _udp(own[0], family, SERVERS[family]) for family, own in addresses.items()}
    ports = [tcp_ports(own[0], family, SERVERS[family].stun) for family, own in addresses.items()]
    return Behaviour(udp.get(4), udp.get(6), frozenset.intersection(*ports))
