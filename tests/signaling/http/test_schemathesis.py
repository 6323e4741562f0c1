"""The OpenAPI document against a server process, by Schemathesis: all its checks, on every operation.

No answer is a server error, none is undocumented, none has another form than the document says, nothing that the
document forbids is taken. Along the document's links, what was made is there, and what was removed is gone.
`BELVEDERE_FUZZ=10` tries ten times as many requests.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.servers import Belvedere, belvedere
from tests.signaling.api import Api, Documented
from tests.signaling.authenticator import Authenticator
from tests.signaling.device import Device
from tests.signaling.factors import add_passkey, sign_in_by_passkey
from tests.signaling.sharing import guest_of, link

EXAMPLES = 3 * int(os.environ.get("BELVEDERE_FUZZ", "1"))
"""Of each operation, beside those that cover each bound of its schema (about thirty)."""
ENDLESS = {"events_events"}
"""A stream is read by tests/signaling/http/test_events.py."""
SIGN_OUT = {"accounts_log_out", "accounts_log_out_everywhere", "accounts_end_session"}
"""Last, because what follows is not signed in any more."""
LIFE = {"cameras_add", "cameras_show", "cameras_change", "cameras_remove"}
"""By themselves, so that what was removed is asked for soon enough."""
CHAINS = 25 * int(os.environ.get("BELVEDERE_FUZZ", "1"))
"""Of up to `max-steps` requests, each with an id that an answer held; five seconds."""
LEAST_LINKS = {True: 3, False: 6}
"""Followed, of those in the document; which, is the seed's choice."""
CONFIGURATION = """
[phases.stateful]
max-steps = 12
[phases.stateful.inference]
algorithms = []
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "410", "422", "429"]
"""
"""Some of what we refuse no schema can say, such as what a network is, or that a name needs something visible in it."""


@dataclass(frozen=True)
class Furnished:
    """`tokens`: two sessions of the owner, who has a camera that is shared, an open link to it and a passkey."""

    server: Belvedere
    tokens: list[str]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    folder = tmp_path_factory.mktemp("server")
    settings = {"rate_limits": "0", "registration": "open", "relay": "0", "public_url": "http://localhost:{port}"}
    with belvedere(folder, **settings) as server:
        yield Furnished(server, asyncio.run(furnish(server)))


async def furnish(server: Belvedere) -> list[str]:
    origin = f"http://localhost:{server.port}"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        owner = Api(origin, http, Documented(document(server)))
        await owner.register(server.invitation)
        camera, token = await owner.add_camera()
        await Device(owner).activate(token)
        await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
        await guest_of(owner, camera, "live", email="guest@example.org")
        await link(owner, camera)
        key, other = Authenticator(origin), owner.another()
        await add_passkey(owner, key)
        assert (await sign_in_by_passkey(other, key)).status == 201
        return [owner.token, other.token]


def document(server: Belvedere) -> Any:
    with urllib.request.urlopen(f"{server.url}/api/openapi.json") as answer:
        return json.load(answer)


def operations(server: Belvedere) -> set[str]:
    paths = document(server)["paths"]
    return {operation["operationId"] for methods in paths.values() for operation in methods.values()}


def linked(server: Belvedere) -> set[str]:
    """The operations at either end of a link."""
    ends: set[str] = set()
    for methods in document(server)["paths"].values():
        for operation in methods.values():
            links = {name for response in operation["responses"].values() for name in response.get("links", ())}
            ends |= links | {operation["operationId"]} if links else set()
    return ends


def schemathesis(furnished: Furnished, folder: Path, token: str, *words: str) -> str:
    """What it said; no fault was found, and none of the server's own."""
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    server = furnished.server
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{server.url}/api/openapi.json", *words]
    command += ["--header", f"Authorization: Bearer {token}", "--checks=all", "--seed=1", "--request-timeout=20"]
    command += ["--continue-on-failure", "--no-color"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-1000:]
    assert "Traceback" not in server.output and "request_failed" not in server.output
    return done.stdout


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("life", [True, False], ids=["from adding to removing", "of what is there"])
def test_fuzz_by_schemathesis_along_links_finds_nothing(furnished: Furnished, tmp_path: Path, life: bool) -> None:
    """First, while the account has room for more cameras; a chain begins with adding one wherever that is possible."""
    operations = LIFE if life else linked(furnished.server) - SIGN_OUT - {"cameras_add"}
    chosen = [f"--include-operation-id={name}" for name in sorted(operations)]
    phase = ("--phases=stateful", "--mode=positive", f"--max-examples={CHAINS}")
    said = schemathesis(furnished, tmp_path, furnished.tokens[0], *chosen, *phase)
    followed = re.findall(r"API Links: +(\d+) covered", said)
    assert followed and int(followed[0]) >= LEAST_LINKS[life], said[-4000:]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("last", [False, True], ids=["everything", "signing out"])
def test_fuzz_by_schemathesis_finds_nothing(furnished: Furnished, tmp_path: Path, last: bool) -> None:
    assert operations(furnished.server) >= ENDLESS | SIGN_OUT
    which, names = ("include", SIGN_OUT) if last else ("exclude", ENDLESS | SIGN_OUT)
    chosen = [f"--{which}-operation-id={name}" for name in sorted(names)]
    phases = ("--phases=examples,coverage,fuzzing", f"--max-examples={EXAMPLES}")
    schemathesis(furnished, tmp_path, furnished.tokens[last], *chosen, *phases)
