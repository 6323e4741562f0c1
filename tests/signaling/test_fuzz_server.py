"""Hostile messages at the signaling socket of the whole server: real accounts, real tickets, a real database."""

import functools
import re
import secrets
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from signaling.protocol import relay_token
from tests.servers import PASSWORD, RELAY_SECRET, Belvedere, belvedere, free_port
from tests.signaling.attack import Attack, Target
from tests.signaling.hostile import calls, garbage, trespasses

MESSAGES = 2_000
BATCH = 50
"""The victims show after each that they are in peace: within the candidates that a session may have."""
GUEST = "guest@example.org"
OUR_BUGS = ("Traceback", "socket_failed", "news_failed", "watch_failed", "request_failed")

messages = garbage | calls(st.sampled_from(["c1", "c2"])) | trespasses()


def paired(server: Belvedere, token: str) -> tuple[str, str]:
    """A camera with plain firmware: its id and its bearer."""
    _, added = server.call("POST", "/api/cameras", {"name": "A", "model": "B"}, token)
    claim = {"secret_token": added["pairing"]["token"], "my_hardware_id": "h", "my_local_ip": "10.0.0.1"}
    _, activated = server.call("POST", "/api/camera/activate", claim)
    return added["camera"]["id"], f"Bearer {activated['bearer']}"


def ticket(server: Belvedere, token: str, camera: str) -> str:
    """For one camera alone."""
    return "Ticket " + str(server.call("POST", "/api/socket-tickets", {"camera": camera}, token)[1]["ticket"])


def relay(server: Belvedere, role: str) -> str:
    """One in wrong hands; each of its tokens is good once."""
    secret = RELAY_SECRET.encode()
    token = relay_token.sign(secret, name="away", origin=server.url, jti=secrets.token_hex(8), now=time.time())
    return f"Relay {token} {role}"


def household(server: Belvedere) -> tuple[Target, str]:
    """Owner and guest with a camera each; the attackers are all but the owner's first screen and camera."""
    owner = server.sign_up()
    secret = server.call("POST", "/api/invitations", None, owner)[1]["link"].rpartition("/")[2]
    server.call("POST", "/api/accounts", {"email": GUEST, "password": PASSWORD, "invitation": secret})
    guest = server.sign_in(GUEST)
    (camera, device), (foreign, intruder) = paired(server, owner), paired(server, guest)
    second, _ = paired(server, owner)
    screens = [f"Bearer {guest}", f"Bearer {server.sign_in()}"]
    target = Target(
        url=f"{server.url}/api/signaling",
        camera=camera,
        device=device,
        viewer=f"Bearer {owner}",
        attackers=(
            lambda: intruder,
            lambda: screens[0],
            lambda: screens[1],
            functools.partial(ticket, server, owner, second),
            lambda: None,
            functools.partial(relay, server, "device"),
            functools.partial(relay, server, "client"),
        ),
        words={"c1": camera, "c2": foreign},
    )
    return target, owner


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Belvedere]:
    settings = {"rate_limits": "0", "metrics_port": str(free_port()), "relay": "0", "relay_secret": RELAY_SECRET}
    with belvedere(tmp_path, **settings) as running:
        yield running


def measured(server: Belvedere) -> dict[str, float]:
    """What the server counts on its sockets, and what it has open."""
    address = f"http://127.0.0.1:{server.settings['metrics_port']}/metrics"
    with urllib.request.urlopen(address, timeout=10) as answer:
        text = answer.read().decode()
    found = re.findall(r'belvedere_(?:open|signaling_total)\{\w+="(\w+)"\} (\S+)', text)
    return {name: float(value) for name, value in found}


@pytest.mark.timeout(300)
def test_hostile_messages_change_nothing_in_the_whole_server(server: Belvedere) -> None:
    target, owner = household(server)
    attack = Attack(target)

    @settings(
        max_examples=MESSAGES // BATCH,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(texts=st.lists(messages, min_size=BATCH, max_size=BATCH))
    def send(texts: list[str]) -> None:
        attack.run(attack.batch(texts))

    try:
        send()
        counted = measured(server)
        _, shown = server.call("GET", f"/api/cameras/{target.camera}", token=owner)
    finally:
        attack.close()
    print(f"{attack.sent} messages; {counted}")
    assert counted["message"] > MESSAGES // 2 and counted["foreign_session"] > MESSAGES // 200
    assert counted["sockets"] <= 2 + len(target.attackers) and counted["tasks"] <= 60
    assert shown["online"] and shown["state"] == "active" and shown["problem"] is None and not shown["first_frame"]
    assert [bug for bug in OUR_BUGS if bug in server.output] == []
