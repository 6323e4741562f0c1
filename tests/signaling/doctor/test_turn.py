"""The doctor before real coturns: ours, one with another secret, a self-made certificate, an open one, none at all."""

import datetime
import socket
import time
from pathlib import Path

import pytest

from signaling import certificate
from signaling.doctor.finding import Finding
from signaling.doctor.line import line_to
from signaling.doctor.turn import allocate, place, try_stun, try_turn
from signaling.turn import LIFE_SECONDS, credential
from tests.servers import free_port
from tests.signaling.doctor.coturns import SECRET, careless, entrypoint


async def tried(url: str, secret: str = SECRET, now: float | None = None) -> Finding:
    (finding,) = await try_turn(url, *credential(secret, "client", "doctor", time.time() if now is None else now))
    return finding


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_our_coturn_is_well(tmp_path: Path, transport: str) -> None:
    with entrypoint(tmp_path) as port:
        finding = await tried(f"turn:127.0.0.1:{port}?transport={transport}")
    assert finding.level == "ok" and "nothing internal" in finding.sentence, finding


async def test_another_secret_and_another_clock_are_told(tmp_path: Path) -> None:
    with entrypoint(tmp_path) as port:
        url = f"turn:127.0.0.1:{port}"
        for finding in (await tried(url, "b" * 40), await tried(url, now=time.time() - LIFE_SECONDS - 5)):
            assert finding.level == "bad" and "refuses our credential" in finding.sentence
            assert "BELVEDERE_TURN_SECRET" in finding.advice and "clock" in finding.advice


async def test_a_full_coturn_is_told(tmp_path: Path) -> None:
    with entrypoint(tmp_path, total_quota="1") as port:
        url, holder = f"turn:127.0.0.1:{port}", credential(SECRET, "client", "somebody", time.time())
        async with line_to("127.0.0.1", port, "udp") as line:
            await allocate(line, *holder)
            finding = await tried(url)
    assert finding.level == "bad" and "no allocation left" in finding.sentence


async def test_an_open_coturn_is_told(tmp_path: Path) -> None:
    with careless(tmp_path) as port:
        finding = await tried(f"turn:127.0.0.1:{port}")
    assert finding.level == "bad" and "10.0.0.1" in finding.sentence and "coturn/entrypoint" in finding.advice


async def test_a_certificate_counts_only_where_it_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate.ensure(tmp_path, ["127.0.0.1"], datetime.datetime.now(datetime.UTC))
    files = {"cert": str(tmp_path / certificate.CERTIFICATE_FILE), "key": str(tmp_path / certificate.KEY_FILE)}
    tls_port = free_port()
    with entrypoint(tmp_path, tls_port=str(tls_port), **files):
        url = f"turns:127.0.0.1:{tls_port}?transport=tcp"
        finding = await tried(url)
        assert finding.level == "bad" and "not trusted" in finding.sentence
        monkeypatch.setenv("SSL_CERT_FILE", files["cert"])
        assert (await tried(url)).level == "ok"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_nobody_there(transport: str) -> None:
    port = free_port()
    finding = await tried(f"turn:127.0.0.1:{port}?transport={transport}")
    assert finding.level == "bad" and "refused" in finding.sentence
    assert f"{transport.upper()} port {port}" in finding.advice


async def test_silence_has_an_end() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        finding = await tried(f"turn:127.0.0.1:{deaf.getsockname()[1]}")
    assert finding.level == "bad" and "silence" in finding.sentence


@pytest.mark.parametrize("name", ["turn.invalid", "turn..invalid"])
async def test_a_name_that_is_none(name: str) -> None:
    finding = await tried(f"turn:{name}:3478")
    assert finding.level == "bad" and "unknown" in finding.sentence


async def test_stun_servers_are_asked(tmp_path: Path) -> None:
    with entrypoint(tmp_path) as port:
        good, dead = await try_stun([f"stun:127.0.0.1:{port}", f"stun:127.0.0.1:{free_port()}"])
    assert (good.level, dead.level) == ("ok", "warn")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("turn:t.example", ("t.example", 3478, "udp")),
        ("turn:t.example:99?transport=tcp", ("t.example", 99, "tcp")),
        ("turns:[2a11::1]?transport=tcp", ("2a11::1", 5349, "tls")),
        ("stun:s.example:3480", ("s.example", 3480, "udp")),
    ],
)
def test_where_a_url_leads(url: str, expected: tuple[str, int, str]) -> None:
    assert place(url) == expected
