"""The OpenAPI document against a server process, by Schemathesis: all its checks, on every operation.

No answer is a server error, none is undocumented, none has another form than the document says, nothing that the
document forbids is taken. `BELVEDERE_FUZZ=10` tries ten times as many requests.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Belvedere, belvedere

EXAMPLES = 3 * int(os.environ.get("BELVEDERE_FUZZ", "1"))
"""Of each operation, beside those that cover each bound of its schema (about thirty)."""
ENDLESS = {"events_events"}
"""A stream is read by tests/signaling/http/test_events.py."""
SIGN_OUT = {"accounts_log_out", "accounts_log_out_everywhere", "accounts_end_session"}
"""Last, because what follows is not signed in any more."""
CONFIGURATION = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "410", "422", "429"]
"""
"""Some of what we refuse no schema can say, such as what a network is, or that a name needs something visible in it."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Belvedere]:
    folder = tmp_path_factory.mktemp("server")
    with belvedere(folder, rate_limits="0", registration="open", relay="0") as running:
        running.sign_up()
        yield running


def operations(server: Belvedere) -> set[str]:
    with urllib.request.urlopen(f"{server.url}/api/openapi.json") as answer:
        paths = json.load(answer)["paths"]
    return {operation["operationId"] for methods in paths.values() for operation in methods.values()}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("last", [False, True], ids=["everything", "signing out"])
def test_fuzz_by_schemathesis_finds_nothing(server: Belvedere, tmp_path: Path, last: bool) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    assert operations(server) >= ENDLESS | SIGN_OUT
    which, names = ("include", SIGN_OUT) if last else ("exclude", ENDLESS | SIGN_OUT)
    chosen = [f"--{which}-operation-id={name}" for name in sorted(names)]
    words = [Path(sys.executable).parent / "schemathesis", "run", f"{server.url}/api/openapi.json", *chosen]
    words += ["--header", f"Authorization: Bearer {server.sign_in()}", "--checks=all", f"--max-examples={EXAMPLES}"]
    words += ["--phases=examples,coverage,fuzzing", "--seed=1", "--request-timeout=20", "--continue-on-failure"]
    done = subprocess.run([*words, "--no-color"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-1000:]
    assert "Traceback" not in server.output and "request_failed" not in server.output
