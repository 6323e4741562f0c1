"""Media that cannot flow directly goes through our coturn, with credentials as the server makes them."""

import datetime
import socket
import ssl
import time
from pathlib import Path

import pytest

from signaling import certificate
from signaling.turn import credential
from tests.natlab.addresses import SERVER_4
from tests.natlab.check import PACKET_BYTES, PACKETS, check
from tests.natlab.lab import Lab
from tests.turn.client import ANSWER_SECONDS, trusting
from tests.turn.coturn import HOST_4, PORT, SECRET, TLS_PORT, ours

pytestmark = pytest.mark.namespace

TLS_TEST_PORT = 3550


@pytest.mark.parametrize(("viewer", "transport"), [("symmetric", "udp"), ("udp-blocked", "tcp")])
def test_media_goes_through_turn(tmp_path: Path, viewer: str, transport: str) -> None:
    username, password = credential(SECRET, "client", "session", time.time())
    turn = {"turn_server": (HOST_4, PORT), "turn_username": username, "turn_password": password}
    with Lab(camera="symmetric", viewer=viewer) as lab, ours(lab, tmp_path):
        outcome = check(lab, {**turn, "turn_transport": transport})
        assert (outcome.way, outcome.packets) == ("turn", PACKETS)
        assert lab.bytes_between("viewer", "turn") > PACKETS * PACKET_BYTES


def self_made(folder: Path) -> dict[str, str]:
    """Settings of the entrypoint that name a certificate of our own."""
    certificate.ensure(folder, [SERVER_4.turn], datetime.datetime.now(datetime.UTC))
    return {"cert": str(folder / certificate.CERTIFICATE_FILE), "key": str(folder / certificate.KEY_FILE)}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_turn_over_tls(lab: Lab, tmp_path: Path) -> None:
    with ours(lab, tmp_path, TLS_TEST_PORT, **self_made(tmp_path)) as coturn:
        with coturn.client(transport="tls") as client:
            assert client.allocate().succeeded
        with lab.viewer.enter():
            plain = socket.create_connection((HOST_4, TLS_PORT), ANSWER_SECONDS)
        old = trusting()
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with plain, pytest.raises((ssl.SSLError, ConnectionError, TimeoutError)):
            old.wrap_socket(plain)
