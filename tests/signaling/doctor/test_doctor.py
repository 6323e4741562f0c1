"""`belvedere doctor`, as an operator runs it, beside a real server."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from signaling.doctor.server import try_server
from tests.servers import Belvedere, belvedere, free_port, redis_server
from tests.signaling.doctor.coturns import SECRET, entrypoint

ROOT = Path(__file__).parent.parent.parent.parent


def doctor(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: text for name, text in os.environ.items() if not name.startswith("BELVEDERE_")}
    given = {f"BELVEDERE_{name.upper()}": text for name, text in settings.items()}
    command = [sys.executable, "-m", "signaling", "doctor", *arguments]
    return subprocess.run(command, env=kept | given, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


def findings(code: int, **settings: str) -> dict[str, list[dict[str, Any]]]:
    """By subject; the exit code must be this one."""
    done = doctor("--json", **settings)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(done.stdout):
        found.setdefault(finding["subject"], []).append(finding)
    return found


def levels(found: list[dict[str, Any]]) -> list[str]:
    return [finding["level"] for finding in found]


def same(server: Belvedere, **settings: str) -> dict[str, str]:
    """The settings of a running server, for the doctor."""
    own = {"port": str(server.port), "data_dir": str(server.data_dir), "host": "127.0.0.1"}
    given = {name: text.replace("{port}", str(server.port)) for name, text in server.settings.items()}
    return own | given | settings


def test_a_proxy_that_does_not_say_who_calls(tmp_path: Path) -> None:
    with belvedere(tmp_path, behind_proxy="1", public_url="http://127.0.0.1:{port}", relay="0") as server:
        found = findings(0, **same(server))
    assert levels(found["Proxy"]) == ["warn"] and "X-Forwarded-For" in found["Proxy"][0]["advice"]


def test_a_server_that_is_well(tmp_path: Path) -> None:
    (tmp_path / "turn").mkdir()
    relay = {"relay_port": str(free_port()), "relay_stun_port": str(free_port()), "relay_addresses": "127.0.0.1"}
    with redis_server() as redis, entrypoint(tmp_path / "turn") as port:
        turn = {"turn_urls": f"turn:127.0.0.1:{port}", "turn_secret": SECRET}
        with belvedere(tmp_path, redis_url=redis.url, **relay, **turn) as server:
            found = findings(0, **same(server))
    assert {name: levels(found[name]) for name in ("Server", "Database", "Redis", "TURN")} == {
        "Server": ["ok"],
        "Database": ["ok"],
        "Redis": ["ok"],
        "TURN": ["ok"],
    }
    assert levels(found["Relay"]) == ["ok", "ok", "ok"] and levels(found["Address"]) == ["warn"]


def test_nothing_there_at_all(tmp_path: Path) -> None:
    ports = {"port": str(free_port()), "relay_port": str(free_port()), "relay_stun_port": str(free_port())}
    ports["relay_addresses"] = "127.0.0.1"
    found = findings(1, data_dir=str(tmp_path / "none"), redis_url="redis://127.0.0.1:1/0", **ports)
    assert levels(found["Server"]) == ["bad"] and "refused" in found["Server"][0]["sentence"]
    assert levels(found["Relay"]) == ["bad"] * 3 and f"port {ports['relay_port']}" in found["Relay"][0]["advice"]
    assert f"UDP port {ports['relay_stun_port']}" in found["Relay"][2]["advice"]
    assert levels(found["Redis"]) == ["bad"] and levels(found["Database"]) == ["warn"]
    assert not (tmp_path / "none").exists(), "the doctor changes nothing"


@contextmanager
def silent_port() -> Iterator[int]:
    """Bound for UDP and TCP, and nobody reads. Another test may hold a number for one of the two."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf, socket.socket() as mute:
            deaf.bind(("127.0.0.1", 0))
            try:
                mute.bind(deaf.getsockname())
            except OSError:
                continue
            mute.listen()
            yield mute.getsockname()[1]
            return
    pytest.fail("no port is free for both")


def test_a_relay_s_port_that_hears_nothing(tmp_path: Path) -> None:
    with silent_port() as port:
        relay = {"relay_port": str(port), "relay_stun_port": "0", "relay_addresses": "127.0.0.1"}
        found = findings(1, data_dir=str(tmp_path), port="1", **relay)
    assert levels(found["Relay"]) == ["bad", "bad"]
    assert all("silence" in finding["sentence"] for finding in found["Relay"])


def test_the_relay_s_tcp_at_the_port_of_the_web_app(tmp_path: Path) -> None:
    relay = {"relay": "1", "relay_port": str(free_port()), "relay_stun_port": "0", "relay_addresses": "127.0.0.1"}
    with belvedere(tmp_path, public_url="https://127.0.0.1:{port}", **relay) as server:
        found = findings(0, **same(server))
    assert levels(found["Relay"]) == ["ok", "ok", "ok"]
    assert f"TCP port {server.port}" in found["Relay"][2]["sentence"]


def test_a_self_made_certificate_is_a_warning_and_another_one_a_fault(tmp_path: Path) -> None:
    with belvedere(tmp_path, public_url="https://127.0.0.1:{port}", relay="0") as server:
        own = findings(0, **same(server))
        (tmp_path / "tls-key.pem").rename(tmp_path / "gone.pem")
        foreign = findings(1, **same(server))
    assert levels(own["Server"]) == ["ok"] and levels(own["Certificate"]) == ["warn"]
    assert "self-made" in own["Certificate"][0]["sentence"] and levels(own["Relay"]) == ["warn"]
    assert levels(foreign["Certificate"]) == ["bad"] and "browsers refuse" in foreign["Certificate"][0]["sentence"]


def test_plain_http_where_tls_is_meant(tmp_path: Path) -> None:
    with belvedere(tmp_path, relay="0") as server:
        found = findings(1, **same(server, public_url=f"https://127.0.0.1:{server.port}"))
    assert levels(found["Certificate"]) == ["bad"] and "no TLS" in found["Certificate"][0]["sentence"]


def test_a_wrong_turn_secret_and_a_missing_one(tmp_path: Path) -> None:
    common = {"data_dir": str(tmp_path), "port": "1", "relay": "0"}
    with entrypoint(tmp_path) as port:
        urls = {"turn_urls": f"turn:127.0.0.1:{port}"}
        wrong = findings(1, turn_secret="w" * 40, **common, **urls)
        missing = findings(1, turn_secret_file=str(tmp_path / "none"), **common, **urls)
    assert "refuses our credential" in wrong["TURN"][0]["sentence"]
    assert "no TURN secret" in missing["TURN"][0]["sentence"] and not (tmp_path / "none").exists()


def test_a_damaged_database(tmp_path: Path) -> None:
    (tmp_path / "belvedere.sqlite3").write_bytes(b"not a database at all" * 1000)
    found = findings(1, data_dir=str(tmp_path), port="1", relay="0")
    assert levels(found["Database"]) == ["bad"] and "damaged" in found["Database"][0]["sentence"]


def test_a_postgresql_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    done = doctor(data_dir=str(tmp_path), port="1", relay="0", database_url="postgresql://u:hidden@127.0.0.1:1/b")
    assert done.returncode == 1 and "PostgreSQL does not answer" in done.stdout
    assert "hidden" not in done.stdout + done.stderr and "Traceback" not in done.stderr


def test_settings_that_mean_nothing_are_named(tmp_path: Path) -> None:
    found = findings(1, data_dir=str(tmp_path), port="1", relay="0", publik_url="x")
    assert "BELVEDERE_PUBLIK_URL" in found["Settings"][0]["sentence"]


def test_people_get_lines_with_advice(tmp_path: Path) -> None:
    done = doctor(data_dir=str(tmp_path), port="1", relay="0")
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and any(line.startswith("bad  Server") for line in lines)
    assert all(line.startswith(("ok ", "warn", "bad ", " ")) for line in lines)


@pytest.mark.parametrize(("shift", "expected"), [(0, []), (3600, ["bad"])])
async def test_clocks_are_compared(shift: int, expected: list[str]) -> None:
    async def ready(_request: web.Request) -> web.Response:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=shift), usegmt=True)
        return web.json_response({"status": "ok"}, headers={"Date": date})

    app = web.Application()
    app.router.add_get("/readyz", ready)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        found = await try_server(f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()
    assert [finding.level for finding in found if finding.subject == "Clock"] == expected
    assert found[0].level == "ok"
