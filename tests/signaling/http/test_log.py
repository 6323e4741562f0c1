"""The server's log: who tried what, when and from where, a line of JSON each, whatever is sent; what a fault tells."""

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from signaling.accounts import Accounts
from signaling.server import Running
from tests.servers import EMAIL, Belvedere, belvedere
from tests.signaling.api import Api


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Belvedere]:
    with belvedere(tmp_path, log_format="json", rate_limits="0") as running:
        yield running


def lines(server: Belvedere) -> list[dict[str, Any]]:
    """Those about requests, in order. Fails where a line of the log is no JSON."""
    server.stop()
    said = [line for line in server.output.splitlines() if line.startswith("{")]
    return [entry for entry in map(json.loads, said) if entry["event"] == "request"]


def test_each_attempt_is_a_line_with_time_place_and_outcome(server: Belvedere) -> None:
    token = server.sign_up()
    account = server.call("GET", "/api/me", token=token)[1]["id"]
    server.call("POST", "/api/sessions", {"email": EMAIL, "password": "not the password"})
    server.call("GET", "/api/cameras/somebody-elses", token=token)
    server.call("GET", "/api/me", token="nonsense")
    said = [entry for entry in lines(server) if entry["route"].startswith("/api/")]
    assert [(entry["method"], entry["route"], entry["status"], entry.get("account")) for entry in said[-5:]] == [
        ("POST", "/api/sessions", 201, None),
        ("GET", "/api/me", 200, account),
        ("POST", "/api/sessions", 401, None),
        ("GET", "/api/cameras/{id}", 404, account),
        ("GET", "/api/me", 401, None),
    ]
    for entry in said:
        at = datetime.fromisoformat(entry["timestamp"])
        assert entry["address"] == "127.0.0.1" and at.utcoffset() == timedelta(0)
        assert abs(datetime.now(UTC) - at) < timedelta(minutes=10)


def test_nobody_writes_a_line_of_their_own_into_the_log(server: Belvedere) -> None:
    forged = '%0A{"event":"request","route":"forged","status":200}'
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for path in (f"/api/{forged}", f"/api/cameras/{forged}", f"/{forged}"):
        line.request("GET", path, headers={"User-Agent": "x\\n{}", "X-Forwarded-For": forged})
        answer = line.getresponse()
        answer.read()
        assert answer.status in {401, 404}
    line.close()
    said = lines(server)
    assert len(said) >= 3 and "forged" not in {entry["route"] for entry in said}
    assert not [text for text in server.output.splitlines() if text.startswith('{"event":"request","route":"forged"')]


async def test_what_fails_inside_is_logged_and_not_told(
    running: Running, owner: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("SELECT of a secret table")

    with monkeypatch.context() as patch:
        patch.setattr(Accounts, "logins", broken)
        answer = await owner.call("GET", "/api/sessions")
    assert (answer.status, answer.code) == (500, "internal")
    assert b"SELECT" not in answer.data and b"Traceback" not in answer.data and b"RuntimeError" not in answer.data
    said = capsys.readouterr().out
    assert "request_failed" in said and "SELECT of a secret table" in said
    assert (await owner.call("GET", "/api/sessions")).status == 200
