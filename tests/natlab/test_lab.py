"""What the laboratory offers to tests does what it says."""

import socket
import sys
import time
from contextlib import ExitStack

import pytest

from tests.natlab.addresses import SERVER_4, SERVER_6
from tests.natlab.counting import Flow
from tests.natlab.host import Host
from tests.natlab.lab import Lab
from tests.natlab.namespace import LaboratoryError

pytestmark = pytest.mark.namespace

PORT = 5000
PAYLOAD = bytes(1000)
IPV4_AND_UDP, IPV6_AND_UDP = 28, 48
PATIENCE_SECONDS = 5.0
SILENCE_SECONDS = 0.3
"""Long for a packet on the way: nothing here is delayed."""


def udp(host: Host, address: str = "", port: int = 0) -> socket.socket:
    """A UDP socket on a host."""
    own = address or host.addresses[4][0]
    with host.enter():
        made = socket.socket(socket.AF_INET6 if ":" in own else socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((own, port))
    made.settimeout(PATIENCE_SECONDS)
    return made


def arrives(
    sender: socket.socket, target: tuple[str, int], receiver: socket.socket, seconds: float = PATIENCE_SECONDS
) -> bool:
    """Whether one datagram gets through."""
    sender.sendto(b"hello", target)
    receiver.settimeout(seconds)
    try:
        return receiver.recv(100) == b"hello"
    except TimeoutError:
        return False


def is_lost(sender: socket.socket, target: tuple[str, int], receiver: socket.socket) -> bool:
    return not arrives(sender, target, receiver, SILENCE_SECONDS)


def outside_of(inner: socket.socket, server: socket.socket) -> tuple[str, int]:
    """The address that the server sees, after speaking to it."""
    inner.sendto(b"", server.getsockname())
    outside: tuple[str, int] = server.recvfrom(100)[1]
    return outside


def round_trip_ms(client: socket.socket, echo: socket.socket) -> float:
    start = time.monotonic()
    client.sendto(b"ping", echo.getsockname())
    echo.sendto(*echo.recvfrom(100))
    client.recv(100)
    return (time.monotonic() - start) * 1000


def test_bytes_are_counted_exactly() -> None:
    with Lab(camera="dual-stack", viewer="none") as lab, udp(lab.camera) as four:
        for _ in range(50):
            four.sendto(PAYLOAD, (SERVER_4.relay, PORT))
        with udp(lab.camera, lab.camera.addresses[6][0]) as six:
            for _ in range(7):
                six.sendto(PAYLOAD, (SERVER_6.relay, PORT))
        expected = 50 * (len(PAYLOAD) + IPV4_AND_UDP) + 7 * (len(PAYLOAD) + IPV6_AND_UDP)
        assert lab.bytes_between("camera", "relay") == expected
        assert lab.bytes_between("camera", "turn") == 0
        assert Flow(SERVER_4.relay, "udp", PORT, 0, 50 * (len(PAYLOAD) + IPV4_AND_UDP)) in lab.camera.flows()
        lab.clear_counts()
        assert lab.camera.flows() == []
        with pytest.raises(ValueError, match="'trun' is neither"):
            lab.bytes_between("camera", "trun")


def test_what_never_arrives_is_no_direct_way() -> None:
    with Lab(camera="none", viewer="port-restricted") as lab, udp(lab.camera) as camera:
        camera.sendto(PAYLOAD, ("11.0.2.2", PORT))
        assert lab.bytes_between("camera", "viewer") == 0
        with udp(lab.viewer) as viewer:
            viewer.sendto(PAYLOAD, camera.getsockname())
            camera.recv(2000)
        assert lab.bytes_between("camera", "viewer") == len(PAYLOAD) + IPV4_AND_UDP
        assert lab.received("camera") == {"direct": len(PAYLOAD) + IPV4_AND_UDP}


def test_losses_have_a_direction() -> None:
    sent, lost, deviations = 2000, 0.3, 6
    with Lab(camera="none", viewer="none") as lab, udp(lab.camera) as camera, udp(lab.viewer) as viewer:
        lab.lose("camera", up=lost)
        for _ in range(sent):
            camera.sendto(b"", viewer.getsockname())
            viewer.sendto(b"", camera.getsockname())
        up = lab.received("viewer")["direct"] / IPV4_AND_UDP
        down = lab.received("camera")["direct"] / IPV4_AND_UDP
        assert down == sent
        assert abs(up - sent * (1 - lost)) < deviations * (sent * lost * (1 - lost)) ** 0.5


def test_a_line_has_its_delay() -> None:
    with Lab(camera="none", viewer="none", delay_ms=20) as lab, udp(lab.camera) as camera, udp(lab.viewer) as viewer:
        with udp(lab.server, SERVER_4.web) as server:
            trips = [round_trip_ms(camera, server) for _ in range(10)]
        assert 40 <= min(trips) < 60
        trips = [round_trip_ms(camera, viewer) for _ in range(10)]
        assert 80 <= min(trips) < 100
        lab.set_delay("viewer", 0)
        trips = [round_trip_ms(camera, viewer) for _ in range(10)]
        assert 40 <= min(trips) < 60


def test_delay_must_be_asked_for_at_first() -> None:
    with Lab(camera="none", viewer="none") as lab, pytest.raises(LaboratoryError, match="delay_ms"):
        lab.set_delay("viewer", 5)


def test_a_lan_outlives_the_server() -> None:
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(camera="same-lan", viewer="same-lan"))
        camera, viewer = stack.enter_context(udp(lab.camera)), stack.enter_context(udp(lab.viewer))
        server = stack.enter_context(udp(lab.server, SERVER_4.web, PORT))
        assert arrives(camera, server.getsockname(), server)
        lab.cut("server")
        assert is_lost(camera, server.getsockname(), server)
        assert arrives(camera, viewer.getsockname(), viewer)
        lab.mend("server")
        assert arrives(camera, server.getsockname(), server)


@pytest.mark.parametrize("kind", ["full-cone", "port-restricted"])
def test_a_router_forgets_when_it_restarts(kind: str) -> None:
    with Lab(camera=kind, viewer="none") as lab, udp(lab.camera) as camera, udp(lab.server, SERVER_4.web) as server:
        outside = outside_of(camera, server)
        assert arrives(server, outside, camera)
        lab.reboot("camera")
        assert is_lost(server, outside, camera)
        assert arrives(server, outside_of(camera, server), camera)


def test_a_router_forgets_after_its_time() -> None:
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(camera="port-restricted", viewer="full-cone", udp_timeout_s=1))
        camera, viewer = stack.enter_context(udp(lab.camera)), stack.enter_context(udp(lab.viewer))
        server = stack.enter_context(udp(lab.server, SERVER_4.web))
        idle = [(host, outside_of(host, server)) for host in (camera, viewer)]
        assert all(arrives(server, outside, host) for host, outside in idle)
        time.sleep(2.5)
        assert all(is_lost(server, outside, host) for host, outside in idle)


def test_a_host_can_move() -> None:
    with Lab(camera="port-restricted", viewer="dual-stack") as lab:
        before = dict(lab.viewer.addresses)
        lab.move("viewer")
        after = lab.viewer.addresses
        assert all(set(before[family]).isdisjoint(after[family]) for family in (4, 6))
        with pytest.raises(OSError, match="assign requested address"):
            udp(lab.viewer, before[4][0])
        assert lab.measure("viewer") == lab.viewer_kind.declared


def test_laboratories_stand_side_by_side() -> None:
    with Lab("none", "none") as one, Lab("none", "none") as other, udp(one.camera) as a, udp(other.camera) as b:
        assert a.getsockname()[0] == b.getsockname()[0]
        with udp(one.viewer) as near, udp(other.viewer, port=near.getsockname()[1]) as far:
            assert arrives(a, near.getsockname(), near)
            assert is_lost(a, near.getsockname(), far)
        assert other.received("viewer") == {}


def test_commands_run_on_a_host_and_know_its_names() -> None:
    with Lab(camera="port-restricted", viewer="ipv6-only") as lab:
        assert lab.camera.run(["getent", "hosts", "turn.lab"]).stdout.split() == [SERVER_4.turn, "turn.lab"]
        assert lab.viewer.run(["getent", "hosts", "turn.lab"]).stdout.split() == [SERVER_6.turn, "turn.lab"]
        assert lab.camera.run(["getent", "hosts", "example.org"], check=False).returncode != 0
        script = "import socket; socket.create_connection(('stun.lab', 443), 5)"
        lab.camera.run([sys.executable, "-c", script])
