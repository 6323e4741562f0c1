"""A TURN server reaches whatever its host reaches. Ours carries to the internet and to nothing inside, in no encoding.

Every address that is tried is one of the host's own, with a listener; so what arrives there got through.
"""

from collections.abc import Iterator

import pytest

from signaling.doctor import stun
from tests.natlab.addresses import SERVER_4, SERVER_6
from tests.natlab.lab import Lab
from tests.turn import targets
from tests.turn.arrivals import Arrivals
from tests.turn.client import (
    CHANNEL_NUMBER,
    CONNECTION_BIND,
    CONNECTION_ID,
    EVEN_PORT,
    IPV6,
    REQUESTED_ADDRESS_FAMILY,
    RESERVATION_TOKEN,
    TCP,
    relayed,
)
from tests.turn.coturn import HOST_4, Coturn, ours, stock

pytestmark = pytest.mark.namespace

OWN_4, OWN_6 = list(SERVER_4.roles().values()), list(SERVER_6.roles().values())
NEIGHBOURS_6 = ["2a11:9::", "2a11:9::1", "2a11:9::beef", "2a11:9:0:0:1::", "2a11:9::ffff:ffff:ffff:ffff"]
"""On the host's own link, where its temporary addresses come and go."""
FOUR, SIX = [*targets.four(), *OWN_4], [*targets.six(), *OWN_6, *NEIGHBOURS_6]
STOCK_PORT, MAPPED_PORT = 3500, 3510
"""Two coturns may listen at one port, and either gets the packets: each has a port of its own here."""
FIRST_CHANNEL = 0x4000
LEAKS_AT_LEAST = 300
"""Of the targets that can be reached, how many the shipped configuration lets through: it denies loopback alone."""


@pytest.fixture(scope="module")
def arrivals(lab: Lab) -> Iterator[Arrivals]:
    for line in targets.routes():
        lab.server.run(["ip", *(["-6"] if ":" in line else []), *line.split()])
    with Arrivals(lab.server) as listening:
        yield listening


@pytest.fixture(scope="module")
def hardened(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with ours(lab, tmp_path_factory.mktemp("coturn")) as coturn:
        yield coturn


def everything(coturn: Coturn, port: int) -> list[tuple[str, str, int]]:
    """Tries every target in three ways, each from an allocation of its own, because a send that fails may spoil it.

    (way, target, error code), 0 where the server agreed.
    """
    tried = []
    for address in (*FOUR, *SIX):
        with coturn.client(six=":" in address) as client:
            family = [(REQUESTED_ADDRESS_FAMILY, IPV6)] if ":" in address else []
            answer = client.allocate(*family)
            assert answer.succeeded, (address, answer)
            peer = (address, port)
            client.send(peer, f"send {address}".encode())
            tried.append(("channel", address, client.bind(FIRST_CHANNEL, peer).error))
            client.send_channel(FIRST_CHANNEL, f"channel {address}".encode())
            tried.append(("permission", address, client.permit(peer).error))
            client.send(peer, f"permission {address}".encode())
            client.refresh(0)
    return tried


def leaked(arrivals: Arrivals) -> set[str]:
    arrived = {payload.decode() for payload in arrivals.settle()}
    return {text for text in arrived if text.startswith(("permission ", "channel ", "send "))}


def test_there_is_enough_to_reach_and_it_can_be_reached(arrivals: Arrivals) -> None:
    addresses = [*FOUR, *SIX]
    assert len(addresses) == len(set(addresses)) >= 400
    assert len(arrivals.reachable(addresses)) >= 350


def test_no_internal_target_is_reached_and_every_request_refused(hardened: Coturn, arrivals: Arrivals) -> None:
    arrivals.payloads.clear()
    tried = everything(hardened, arrivals.port)
    assert len(tried) >= 800
    assert [attempt for attempt in tried if attempt[2] not in {400, 403, 443}] == []
    assert leaked(arrivals) == set()


def test_the_shipped_configuration_reaches_them(
    lab: Lab, arrivals: Arrivals, tmp_path_factory: pytest.TempPathFactory
) -> None:
    arrivals.payloads.clear()
    with stock(lab, tmp_path_factory.mktemp("stock"), STOCK_PORT) as coturn:
        tried = everything(coturn, arrivals.port)
    through = leaked(arrivals)
    assert len({text.split()[1] for text in through}) >= LEAKS_AT_LEAST
    assert {
        "permission 10.0.0.1",
        "channel 169.254.169.254",
        "permission 11.0.9.40",
        "permission fd00:ec2::254",
    } <= through
    assert sum(error == 0 for _, _, error in tried) >= 2 * LEAKS_AT_LEAST


@pytest.mark.parametrize("six", [False, True])
def test_a_peer_on_the_internet_is_carried_to_and_from(lab: Lab, hardened: Coturn, six: bool) -> None:
    host = lab.viewer if six else lab.camera
    with Arrivals(host) as there, hardened.client(six=six) as client:
        here = relayed(client.allocate(*([(REQUESTED_ADDRESS_FAMILY, IPV6)] if six else [])))
        peer = (host.addresses[6 if six else 4][0], there.port)
        assert client.permit(peer).succeeded
        there.greet(*here)
        assert client.received() == b"hello"
        client.send(peer, b"to a camera")
        assert b"to a camera" in there.settle()


def test_one_good_peer_brings_no_bad_one_along(lab: Lab, hardened: Coturn, arrivals: Arrivals) -> None:
    good, bad = (lab.camera.addresses[4][0], arrivals.port), ("10.0.0.1", arrivals.port)
    arrivals.payloads.clear()
    with hardened.client() as client:
        assert client.allocate().succeeded
        for peers in ((good, bad), (bad, good)):
            assert client.permit(*peers).error == 403
            client.send(bad, b"brought along")
        assert client.bind(FIRST_CHANNEL, good).succeeded
        assert client.bind(FIRST_CHANNEL, bad).error in {400, 403}
        client.send_channel(FIRST_CHANNEL, b"rebound")
    assert not {b"brought along", b"rebound"} & arrivals.settle()


def test_no_tcp_connection_is_made_to_anybody(hardened: Coturn) -> None:
    with hardened.client(transport="tcp") as client:
        assert client.allocate(transport=TCP).error == 442
        assert client.allocate().succeeded
        for peer in (("10.0.0.1", 80), ("11.0.1.2", 80)):
            assert client.connect(peer).error >= 400
        assert client.request(CONNECTION_BIND, (CONNECTION_ID, bytes(4))).error >= 400


def test_a_reserved_port_is_as_closed_as_any(hardened: Coturn, arrivals: Arrivals) -> None:
    arrivals.payloads.clear()
    with hardened.client("even") as first, hardened.client("even") as second:
        answer = first.allocate((EVEN_PORT, b"\x80"))
        token = answer.get(RESERVATION_TOKEN)
        assert token is not None and relayed(answer)[1] % 2 == 0
        assert second.allocate((RESERVATION_TOKEN, token)).succeeded
        assert second.permit(("127.0.0.1", arrivals.port)).error == 403
        second.send(("127.0.0.1", arrivals.port), b"reserved")
    assert b"reserved" not in arrivals.settle()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        bytes(8),
        b"\0\x01" + bytes(18),
        b"\0\x02" + bytes(6),
        b"\0\x03" + bytes(6),
        b"\0\x00" + bytes(6),
        b"\0\x01" + bytes(2),
        b"\0\x01" + bytes(200),
    ],
    ids=lambda value: value[:24].hex() or "empty",
)
def test_an_address_that_is_none_opens_nothing(hardened: Coturn, arrivals: Arrivals, value: bytes) -> None:
    with hardened.client() as client:
        assert client.allocate().succeeded
        client.request(stun.CREATE_PERMISSION, (stun.XOR_PEER_ADDRESS, value))
        client.request(stun.CHANNEL_BIND, (CHANNEL_NUMBER, b"\x40\0\0\0"), (stun.XOR_PEER_ADDRESS, value))
        client.send_channel(FIRST_CHANNEL, b"malformed")
        client.indicate((stun.XOR_PEER_ADDRESS, value), (stun.DATA, b"malformed"))
        for address in ("0.0.0.0", "127.0.0.1", "10.0.0.1", *OWN_4):
            client.send((address, arrivals.port), b"malformed")
    assert b"malformed" not in arrivals.settle()


def test_the_address_behind_a_mapping_is_closed_too(
    lab: Lab, arrivals: Arrivals, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """coturn makes the private half of `external-ip=PUBLIC/PRIVATE` an allowed peer; our entrypoint never says that."""
    arrivals.payloads.clear()
    folder = tmp_path_factory.mktemp("mapped")
    mapped = ours(lab, folder, port=MAPPED_PORT, addresses=HOST_4, external_ip="11.0.9.77")
    with mapped as coturn, coturn.client() as client:
        assert relayed(client.allocate())[0] == "11.0.9.77"
        for own in (*OWN_4, "11.0.9.77"):
            assert client.permit((own, arrivals.port)).error == 403
            client.send((own, arrivals.port), b"own")
    assert b"own" not in arrivals.settle()
