"""Media that must be relayed is counted as such: the real coturn between two hosts that cannot meet."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import coturn
from tests.natlab.addresses import SERVER_4
from tests.natlab.check import PACKET_BYTES, PACKETS, check
from tests.natlab.lab import Lab

pytestmark = pytest.mark.namespace

TURN_PORT = 3478


@contextmanager
def turnserver(lab: Lab, folder: Path) -> Iterator[dict[str, object]]:
    """coturn at the server's `turn` address; what aioice needs to use it."""
    options = ("--lt-cred-mech", "--user=camera:secret", "--no-cli", "--no-tls", "--no-dtls")
    with coturn.by_hand(folder, SERVER_4.turn, TURN_PORT, *options, where=lab.server).running():
        yield {
            "turn_server": (SERVER_4.turn, TURN_PORT),
            "turn_username": "camera",
            "turn_password": "secret",
        }


@pytest.mark.parametrize("viewer", ["symmetric", "udp-blocked"])
def test_relayed_media_is_counted_at_the_turn_address(viewer: str, tmp_path: Path) -> None:
    with Lab(camera="symmetric", viewer=viewer, delay_ms=5) as lab, turnserver(lab, tmp_path) as turn:
        outcome = check(lab, {**turn, "turn_transport": "tcp" if viewer == "udp-blocked" else "udp"})
        assert (outcome.way, outcome.packets) == ("turn", PACKETS)
        assert lab.bytes_between("viewer", "turn") > PACKETS * PACKET_BYTES
        assert lab.bytes_between("viewer", "camera") == 0
        protocols = {flow.protocol for flow in lab.viewer.flows() if flow.remote == SERVER_4.turn and flow.received}
        assert protocols == {"tcp" if viewer == "udp-blocked" else "udp"}
