"""The command: what an operator sees."""

import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pyotp
import pytest

from media.relay.program import own_addresses
from tests.servers import EMAIL, PASSWORD, Belvedere, RedisServer, belvedere, free_port


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """`belvedere …` to its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BELVEDERE_")}
    environment |= {f"BELVEDERE_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "signaling", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with belvedere(tmp_path / "first") as server:
        second = run(port=str(server.port), data_dir=str(tmp_path / "second"), metrics_port="0", bcrypt_cost="4")
    assert second.returncode == 1 and "Traceback" not in second.stderr
    assert f"port {server.port} is taken by another program" in second.stderr


def test_a_data_folder_has_one_server(tmp_path: Path) -> None:
    """What is meant to run beside it still does; and a server that was killed leaves no lock behind."""
    with belvedere(tmp_path, public_url="https://127.0.0.1:{port}", relay="0") as server:
        ours = {"data_dir": str(tmp_path), "metrics_port": "0", "bcrypt_cost": "4", "relay": "0"}
        second = run(**ours, port=str(free_port()))
        assert second.returncode == 1 and len(second.stderr.splitlines()) == 1, second.stderr
        assert f"another server is running with the folder {tmp_path};" in second.stderr
        assert server.call("GET", "/readyz")[0] == 200
        ours |= {"port": str(server.port), "public_url": server.url}
        for command, said in (("admin-link", "/#/register/"), ("rotate-key", "takes over"), ("doctor", "can work")):
            assert said in run(command, **ours).stdout
        server.kill()
        server.start()


def test_servers_that_share_redis_may_share_a_data_folder(tmp_path: Path, redis: RedisServer) -> None:
    with (
        belvedere(tmp_path, redis_url=redis.url, relay="0") as first,
        belvedere(tmp_path, redis_url=redis.url, relay="0") as second,
    ):
        assert [each.call("GET", "/readyz")[0] for each in (first, second)] == [200, 200]


@pytest.mark.parametrize("chosen", [{}, {"relay_addresses": "127.0.0.1"}])
def test_it_says_where_the_relay_inside_listens(tmp_path: Path, chosen: dict[str, str]) -> None:
    """Also of a server whose app is for this machine alone."""
    with belvedere(tmp_path, log_format="json", **chosen) as server:
        lines = [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]
        (said,) = [line for line in lines if line["event"] == "relay_listening"]
        everywhere = {*own_addresses(), "127.0.0.1"}
        assert set(said["addresses"]) == ({"127.0.0.1"} if chosen else set(own_addresses()))
        assert {address for address in everywhere if answers(address, said["port"])} == set(said["addresses"])
        assert {address for address in everywhere if is_bound(address, said["stun_port"])} == set(said["addresses"])


def answers(address: str, port: int) -> bool:
    """Whether somebody accepts TCP connections there."""
    try:
        socket.create_connection((address, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def is_bound(address: str, port: int) -> bool:
    """Whether somebody has this UDP port."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False


def test_wrong_settings_are_all_named_at_once() -> None:
    failed = run(port="x", registration="maybe")
    assert failed.returncode == 1 and "Traceback" not in failed.stderr
    assert "BELVEDERE_PORT" in failed.stderr and "BELVEDERE_REGISTRATION" in failed.stderr


def test_files_and_services_that_are_not_there(tmp_path: Path) -> None:
    common = {"data_dir": str(tmp_path), "port": "1", "metrics_port": "0", "bcrypt_cost": "4"}
    for settings in (
        {"tls_cert": "/nonexistent", "tls_key": "/nonexistent"},
        {"redis_url": "redis://127.0.0.1:1/0"},
        {"host": "192.0.2.77"},
    ):
        failed = run(**(common | settings))
        assert failed.returncode == 1, settings
        assert "Belvedere cannot start: " in failed.stderr and "Traceback" not in failed.stderr


def test_a_data_folder_that_cannot_be_is_one_sentence() -> None:
    for command in ("serve", "admin-link"):
        failed = run(command, data_dir="/dev/null/x", port="1", metrics_port="0")
        assert failed.returncode == 1 and "Traceback" not in failed.stderr, failed.stderr
        assert "/dev/null" in failed.stderr and "BELVEDERE_DATA_DIR" in failed.stderr


def test_damaged_files_are_called_so(tmp_path: Path) -> None:
    for name, content, sentence in (
        ("secret-key", b"", "secret-key is damaged"),
        ("belvedere.sqlite3", b"not a database at all" * 1000, "the database is damaged"),
    ):
        (tmp_path / name).write_bytes(content)
        failed = run(data_dir=str(tmp_path), port="1", metrics_port="0", bcrypt_cost="4")
        assert failed.returncode == 1 and "Traceback" not in failed.stderr, failed.stderr
        assert sentence in failed.stderr and "try again" not in failed.stderr


def test_the_audit_log_is_followed_and_a_change_in_it_found(tmp_path: Path) -> None:
    with belvedere(tmp_path) as server:
        body = {"email": "a@example.org", "password": "correct horse battery", "invitation": server.invitation}
        assert server.call("POST", "/api/accounts", body)[0] == 201
        server.stop()
        said = run("audit", data_dir=str(tmp_path))
        head = said.stdout.split()[-1]
        assert said.returncode == 0 and "holds: 1 entries" in said.stdout and head.startswith("1:")
        assert run("audit", "--head", head, data_dir=str(tmp_path)).returncode == 0
        cut = run("audit", "--head", "2" + head[1:], data_dir=str(tmp_path))
        assert cut.returncode == 1 and "is not in it" in cut.stderr and "Traceback" not in cut.stderr
    with sqlite3.connect(tmp_path / "belvedere.sqlite3") as database:
        database.execute("DROP TRIGGER audit_is_not_changed")
        database.execute("UPDATE audit SET deed = 'signed_out'")
    changed = run("audit", data_dir=str(tmp_path))
    assert changed.returncode == 1 and "entry 1 was changed" in changed.stderr and "Traceback" not in changed.stderr


def test_words_erased_before_their_time_are_found_and_shown(tmp_path: Path) -> None:
    body = {"email": "a@example.org", "password": "correct horse battery"}
    with belvedere(tmp_path) as server:
        assert server.call("POST", "/api/accounts", body | {"invitation": server.invitation})[0] == 201
        server.call("POST", "/api/sessions", body)
        server.stop()
    with sqlite3.connect(tmp_path / "belvedere.sqlite3") as database:
        database.execute("UPDATE audit SET body = NULL, salt = NULL WHERE deed = 'signed_in'")
    found = run("audit", data_dir=str(tmp_path))
    assert found.returncode == 1 and "what entry 2 says was erased" in found.stderr, found
    with belvedere(tmp_path) as server:
        token = server.call("POST", "/api/sessions", body)[1]["token"]
        shown = server.call("GET", "/api/audit", token=token)[1]["entries"]
    assert [(entry["deed"], entry["erased"]) for entry in shown] == [
        ("signed_in", False),
        ("signed_in", True),
        ("account_made", False),
    ]


def test_the_first_start_link_until_there_is_an_administrator(tmp_path: Path) -> None:
    with belvedere(tmp_path) as server:
        first = server.invitation
        fresh = run("admin-link", data_dir=str(tmp_path), public_url="https://c.example.org").stdout.strip()
        assert fresh.startswith("https://c.example.org/#/register/")
        body = {"email": "a@example.org", "password": "correct horse battery"}
        assert server.call("POST", "/api/accounts", body | {"invitation": first})[0] == 403
        assert server.call("POST", "/api/accounts", body | {"invitation": fresh.rpartition("/")[2]})[0] == 201
        assert run("admin-link", data_dir=str(tmp_path)).returncode == 1
        server.stop()
        links = server.output.count("/#/register/")
        server.start()
        assert server.output.count("/#/register/") == links


def test_settings_and_document_are_printed() -> None:
    assert "| `BELVEDERE_PORT` |" in run("settings").stdout
    assert json.loads(run("openapi").stdout)["openapi"] == "3.1.0"


def test_it_stops_when_told_and_leaves_with_zero(tmp_path: Path) -> None:
    server = Belvedere(tmp_path, {})
    server.start()
    token = server.sign_up()
    stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    stream.request("GET", "/api/events", headers={"Authorization": f"Bearer {token}"})
    assert stream.getresponse().status == 200
    assert server.stop() == 0
    stream.close()


def test_the_log_knows_where_a_socket_came_from(tmp_path: Path) -> None:
    """Its line is written when the connection is gone."""
    with belvedere(tmp_path, log_format="json") as server:
        upgrade = (
            "GET /api/signaling HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
            "Sec-WebSocket-Protocol: webrtc.onvif.org\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as peer:
            peer.sendall(upgrade.encode())
            assert b" 101 " in peer.recv(1000)
        server.stop()
        lines = [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]
        addresses = [line["address"] for line in lines if line.get("route") == "/api/signaling"]
        assert addresses == ["127.0.0.1"]


def test_nothing_secret_is_logged(tmp_path: Path) -> None:
    """A whole journey at the most talkative level: none of the secrets that passed through stand in the log."""
    with belvedere(tmp_path, log_level="debug", log_format="json") as server:
        token = server.sign_up()
        secrets = [token, "correct horse battery", token.split(".")[2]]
        body = {"name": "A", "model": "B", "ssid": "Hill", "wifi_password": "wifi secret word"}
        _, added = server.call("POST", "/api/cameras", body, token)
        code, camera = added["pairing"]["token"], added["camera"]["id"]
        drawing = {"token": code, "wifi_password": "wifi secret word"}
        assert server.call("POST", f"/api/cameras/{camera}/qr.png", drawing, token)[0] == 200
        activation = {"secret_token": code, "my_hardware_id": "h", "my_local_ip": "10.0.0.1"}
        _, activated = server.call("POST", "/api/camera/activate", activation)
        _, ticket = server.call("POST", "/api/socket-tickets", {"camera": camera}, token)
        _, link = server.call("POST", "/api/invitations", None, token)
        server.call("GET", f"/api/me?token={token}&access_token={activated['bearer']}")
        server.call("GET", f"/api/signaling?authorization={activated['bearer']}")
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as broken:
            broken.sendall(f"GET /api/signaling?access_token={activated['bearer']} HTTP/9.9x\r\n\r\n".encode())
            assert b" 400 " in broken.recv(1000)
        server.call("POST", "/api/sessions", {"email": "owner@example.org", "password": "wrong secret word"})
        secrets += [code, activated["bearer"], ticket["ticket"], link["link"].rpartition("/")[2]]
        secrets += ["wifi secret word", "wrong secret word"]
        server.stop()
        lines = [line for line in server.output.splitlines() if line.startswith("{")]
        assert len(lines) > 10 and all(json.loads(line)["event"] for line in lines)
        text = "\n".join(lines)
        assert [secret for secret in secrets if secret in text] == []


def test_a_command_makes_a_link_for_who_forgot(tmp_path: Path) -> None:
    with belvedere(tmp_path, relay="0") as server:
        server.sign_up()
        ours = {"data_dir": str(tmp_path), "port": str(server.port), "public_url": server.url}
        made = run("reset-link", " Owner@example.org ", **ours)
        assert made.returncode == 0 and f"{server.url}/#/reset/" in made.stdout
        body = {"reset": made.stdout.strip().rpartition("/")[2], "new_password": "another horse battery"}
        assert server.call("POST", "/api/password-resets/use", body)[0] == 200
        server.sign_in(password="another horse battery")
        unknown = run("reset-link", "nobody@example.org", **ours)
        assert unknown.returncode == 1 and "no account" in unknown.stderr


def test_a_command_makes_another_administrator_so_that_the_first_can_go(tmp_path: Path) -> None:
    with belvedere(tmp_path, relay="0") as server:
        token = server.sign_up()
        invitation = server.call("POST", "/api/invitations", token=token)[1]["link"].rpartition("/")[2]
        heir = {"email": "heir@example.org", "password": PASSWORD}
        assert server.call("POST", "/api/accounts", heir | {"invitation": invitation})[0] == 201
        status, problem = server.call("DELETE", "/api/me", {"password": PASSWORD}, token)
        assert status == 409 and "`belvedere make-administrator EMAIL`" in problem["detail"]
        assert run("make-administrator", "nobody@example.org", data_dir=str(tmp_path)).returncode == 1
        for _ in range(2):
            assert (
                "an administrator now" in run("make-administrator", " Heir@example.org", data_dir=str(tmp_path)).stdout
            )
        assert server.call("DELETE", "/api/me", {"password": PASSWORD}, token)[0] == 204
        token = server.call("POST", "/api/sessions", heir)[1]["token"]
        assert server.call("GET", "/api/me", token=token)[1]["administrator"] is True
        assert server.call("POST", "/api/invitations", token=token)[0] == 201
        told = server.call("GET", "/api/audit", token=token)[1]["entries"]
        made = [entry["by"] for entry in told if entry["deed"] == "administrator_made"]
        assert made == ["server"]


def test_an_account_that_lost_its_second_factors_is_let_in(tmp_path: Path) -> None:
    with belvedere(tmp_path, relay="0") as server:
        token = server.sign_up()
        secret = server.call("POST", "/api/me/totp", {"password": PASSWORD}, token)[1]["secret"]
        assert server.call("POST", "/api/me/totp/confirm", {"code": pyotp.TOTP(secret).now()}, token)[0] == 200
        assert server.call("POST", "/api/sessions", {"email": EMAIL, "password": PASSWORD})[0] == 401
        assert run("forget-factors", "nobody@example.org", data_dir=str(tmp_path)).returncode == 1
        assert "password alone" in run("forget-factors", EMAIL.upper(), data_dir=str(tmp_path)).stdout
        server.sign_in()
        newest = server.call("GET", "/api/audit", token=token)[1]["entries"][1]
        assert (newest["deed"], newest["by"]) == ("factor_removed", "server")
