"""Who gets an allocation, how many, for how long, and what one can carry: our configuration in the real coturn."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from signaling.doctor import stun
from signaling.turn import LIFE_SECONDS
from tests.coturn import ENTRYPOINT
from tests.natlab.host import Host
from tests.natlab.lab import Lab
from tests.turn.arrivals import Arrivals
from tests.turn.client import EVEN_PORT, Client
from tests.turn.coturn import OLD_SECRET, SECRET, Coturn, ours

pytestmark = pytest.mark.namespace

PORT, QUOTA_PORT, RESTART_PORT = 3520, 3530, 3540
USER_QUOTA, MAX_BYTES_PER_SECOND, MAX_LIFETIME = 12, 2_500_000, 600
QUOTA_REACHED, UNAUTHORIZED = 486, 401
FLOOD_SECONDS, FLOOD_BYTES_PER_SECOND, CHUNK = 4.0, 7_500_000, 1200
BURST_SECONDS = 1.5
"""coturn counts per second of its clock, so a little more than its limit may pass in the first and the last."""
CHANNEL = 0x4000


@pytest.fixture(scope="module")
def coturn(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with ours(lab, tmp_path_factory.mktemp("coturn"), PORT) as running:
        yield running


def flood(client: Client, channel: int) -> int:
    """Sends three times the limit through a channel for a while; bytes sent."""
    started, sent = time.monotonic(), 0
    while (passed := time.monotonic() - started) < FLOOD_SECONDS:
        while sent < passed * FLOOD_BYTES_PER_SECOND:
            client.send_channel(channel, sent.to_bytes(4, "big") + bytes(CHUNK - 4))
            sent += CHUNK
        time.sleep(0.002)
    return sent


def keep(client: Client) -> None:
    """Refreshes an allocation for as long as it goes."""
    while client.refresh(MAX_LIFETIME).succeeded:
        time.sleep(0.2)


def peer(host: Host, there: Arrivals) -> tuple[str, int]:
    return host.addresses[4][0], there.port


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_either_secret_is_good(coturn: Coturn, secret: str, transport: str) -> None:
    with coturn.client(secret=secret, transport=transport) as client:
        assert client.allocate().succeeded


def test_a_third_secret_is_not(coturn: Coturn) -> None:
    with coturn.client(secret="c" * 40) as client:
        assert client.allocate().error == UNAUTHORIZED


def test_a_name_without_a_time_or_with_a_later_one_is_refused(coturn: Coturn) -> None:
    for forged in ("client:session", "", f"{int(time.time()) + 10**6}:client:session", "9" * 30 + ":x"):
        with coturn.client() as client:
            client.username = forged
            assert client.allocate().error in {400, UNAUTHORIZED}


def test_an_expired_credential_makes_no_allocation(coturn: Coturn) -> None:
    with coturn.client(now=time.time() - LIFE_SECONDS - 1) as client:
        assert client.allocate().error == UNAUTHORIZED


def test_a_session_has_a_quota_which_new_credentials_do_not_widen(coturn: Coturn) -> None:
    clients = [coturn.client("busy", now=time.time() - number) for number in range(USER_QUOTA + 1)]
    assert [client.allocate().error for client in clients] == [*[0] * USER_QUOTA, QUOTA_REACHED]
    with coturn.client("another") as other:
        assert other.allocate().succeeded
    for client in clients:
        with client:
            client.refresh(0)


def test_all_sessions_together_have_a_quota(lab: Lab, tmp_path: Path) -> None:
    with ours(lab, tmp_path, QUOTA_PORT, total_quota="3") as coturn:
        clients = [coturn.client() for _ in range(5)]
        assert [client.allocate().error for client in clients] == [0, 0, 0, QUOTA_REACHED, QUOTA_REACHED]
        for client in clients:
            with client:
                client.refresh(0)


def test_what_an_allocation_kept_past_its_credential_can_carry_is_bounded(lab: Lab, coturn: Coturn) -> None:
    """coturn goes on refreshing it (RFC 8656 does not say that it should not); rate, peers and age are bounded."""
    with Arrivals(lab.camera) as there, coturn.client("kept", now=time.time() - LIFE_SECONDS + 1) as kept:
        assert kept.allocate().succeeded
        while coturn.client("kept", now=time.time() - LIFE_SECONDS).allocate().succeeded:
            time.sleep(0.2)
        answer = kept.refresh(100_000)
        assert answer.succeeded and answer.get(stun.LIFETIME) == MAX_LIFETIME.to_bytes(4, "big")
        assert kept.permit(("10.0.0.1", there.port)).error == 403
        assert kept.bind(CHANNEL, peer(lab.camera, there)).succeeded
        sent = flood(kept, CHANNEL)
        carried = len(there.settle()) * CHUNK
        assert sent > 2 * MAX_BYTES_PER_SECOND * FLOOD_SECONDS
        assert carried > 0.3 * MAX_BYTES_PER_SECOND * FLOOD_SECONDS
        assert carried < MAX_BYTES_PER_SECOND * (FLOOD_SECONDS + BURST_SECONDS)
        kept.refresh(0)


def test_no_allocation_outlives_a_restart(lab: Lab, tmp_path: Path) -> None:
    with ours(lab, tmp_path, RESTART_PORT, restart_hours="0.0005") as coturn, coturn.client(transport="tcp") as client:
        assert client.allocate().succeeded
        with pytest.raises(ConnectionError):
            keep(client)
        coturn.wait()
        with coturn.client() as again:
            assert again.allocate().succeeded


def test_a_plain_stun_answer_is_short_and_tells_nothing(coturn: Coturn) -> None:
    with coturn.client() as client:
        answer = client.request(stun.BINDING)
    assert {name for name, _ in answer.attributes} <= {stun.XOR_MAPPED_ADDRESS, 0x8028}


def test_the_log_holds_no_secret_and_no_fault(coturn: Coturn) -> None:
    with coturn.client() as client:
        assert client.allocate((EVEN_PORT, b"\0")).succeeded
    assert SECRET not in coturn.log and OLD_SECRET not in coturn.log
    for fault in ("bad config", "wrong address", "database information", "cannot bind"):
        assert fault not in coturn.log.lower()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"denied": "10.0.0.0/8"}, "no address and no range"),
        ({"external_ip": "5.5.5.5/10.0.0.1", "addresses": "10.0.0.1"}, "must be one IPv4 address"),
        ({"external_ip": "5.5.5.5", "addresses": ""}, "needs one IPv4 address"),
        ({"external_ip": "5.5.5.5", "addresses": "10.0.0.1,2a11:9::20"}, "needs one IPv4 address"),
    ],
)
def test_the_entrypoint_refuses_what_would_open_something(
    lab: Lab, tmp_path: Path, settings: dict[str, str], complaint: str
) -> None:
    words = [f"TURN_{name.upper()}={text}" for name, text in settings.items()]
    words += [f"TURN_SECRET_FILE={tmp_path / 'secret'}", f"TMPDIR={tmp_path}"]
    done = lab.server.run(["env", *words, str(ENTRYPOINT)], check=False, timeout=10)
    assert done.returncode == 1 and complaint in done.stderr
    assert list(tmp_path.glob("coturn.*")) == []


@pytest.mark.parametrize("content", ["", "short", f"{'a' * 40}\n{'b' * 40}\n{'c' * 40}"])
def test_the_entrypoint_refuses_a_secret_that_is_none(lab: Lab, tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content)
    words = ["env", f"TURN_SECRET_FILE={tmp_path / 'secret'}", f"TMPDIR={tmp_path}", str(ENTRYPOINT)]
    done = lab.server.run(words, check=False, timeout=10)
    assert done.returncode == 1 and "secret" in done.stderr and (not content or content not in done.stderr)
