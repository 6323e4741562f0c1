"""Real servers for tests, as child processes on free loopback ports: Redis, PostgreSQL and Belvedere itself.

    with belvedere(tmp_path) as server:            # started and ready
        server.url                                 # "http://127.0.0.1:PORT"
        server.invitation                          # secret of the first-start link
        server.kill(); server.start()              # kill -9, and again with the same port and data

Each context manager ends what it started and leaves nothing behind. Nothing here touches processes of others.
"""

import contextlib
import itertools
import json
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.program import POLL_SECONDS, START_SECONDS, STOP_SECONDS, Program

EMAIL, PASSWORD = "owner@example.org", "correct horse battery"
PORTS = range(24_000, 32_768)
PORT_RANGES = 8
POSTGRESQL_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def free_port() -> int:
    """A loopback port that nobody has now, for TCP and UDP, and that the system gives to nobody by itself: below those
    of outgoing connections, and in a range that this worker of pytest has alone."""
    return next(port for port in _ports if _is_free(port))


def _own_ports() -> Iterator[int]:
    """Again and again, so that a port comes back only after all others."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PORT_RANGES
    each = len(PORTS) // PORT_RANGES
    own = PORTS[worker * each : (worker + 1) * each]
    start = os.getpid() % each
    return itertools.cycle([*own[start:], *own[:start]])


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


_ports = _own_ports()


@dataclass
class Belvedere(Program):
    """A server as its own process. Settings without prefix: `rate_limits="0"`; `{port}` in one becomes the port."""

    data_dir: Path
    settings: dict[str, str]
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        scheme = "https" if self.settings.get("public_url", "").startswith("https") else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data_dir / "server.log"

    @property
    def invitation(self) -> str:
        """The secret of the newest first-start link."""
        return re.findall(r"/#/register/([A-Za-z0-9_-]+)", self.output)[-1]

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        """One request from blocking code: status and the answer (JSON as data, else bytes, or None)."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20, context=_trusting_context(self.url)) as answer:
                return answer.status, _content(answer)
        except urllib.error.HTTPError as error:
            return error.code, _content(error)

    def sign_up(self, email: str = EMAIL, password: str = PASSWORD) -> str:
        """Make the administrator with the first-start link and sign in; returns the token."""
        body = {"email": email, "password": password}
        status, answer = self.call("POST", "/api/accounts", body | {"invitation": self.invitation})
        assert status == 201, answer
        return self.sign_in(email, password)

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> str:
        status, answer = self.call("POST", "/api/sessions", {"email": email, "password": password})
        assert status == 201, answer
        return str(answer["token"])

    def _is_ready(self) -> bool:
        try:
            return self.call("GET", "/readyz")[0] == 200
        except (OSError, ValueError):
            return False

    def _words(self) -> list[str]:
        return [sys.executable, "-m", "signaling"]

    def _environment(self) -> dict[str, str]:
        own = {"HOST": "127.0.0.1", "PORT": str(self.port), "DATA_DIR": str(self.data_dir), "METRICS_PORT": "0"}
        own |= {"BCRYPT_COST": "4", "RELAY_PORT": "0"}
        given = {name: value.replace("{port}", str(self.port)) for name, value in self.settings.items()}
        return _without_settings() | _named(own, given)


@contextlib.contextmanager
def belvedere(data_dir: Path, **settings: str) -> Iterator[Belvedere]:
    """A ready server on a free port. `settings`: `database_url=…`, `rate_limits="0"` and so on."""
    with Belvedere(data_dir, settings).running() as server:
        yield server


RELAY_SECRET = "a secret that the server and its relays share"


@dataclass
class RelayProcess(Program):
    """`belvedere-relay` for a server with `relay_secret=RELAY_SECRET`; ports of the system's choice on loopback.

    Settings without prefix, as for `Belvedere`: `relay_viewers="2"`. Ready once the server may send viewers.
    """

    folder: Path
    server_url: str
    settings: dict[str, str] = field(default_factory=dict)
    http_port: int = field(default_factory=free_port)

    @property
    def log(self) -> Path:
        return self.folder / "relay.log"

    def joined(self) -> bool:
        """Whether the relay says that the server may send viewers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/healthz", timeout=5) as answer:
                return bool(json.load(answer)["joined"])
        except OSError:
            return False

    _is_ready = joined

    def _words(self) -> list[str]:
        return [sys.executable, "-m", "media.relay"]

    def _environment(self) -> dict[str, str]:
        own = {"SERVER": self.server_url, "RELAY_SECRET": RELAY_SECRET, "RELAY_NAME": "outside"}
        own |= {"RELAY_PORT": "0", "RELAY_HTTP_PORT": str(self.http_port)}
        own["RELAY_TUNNEL_URL"] = f"ws://127.0.0.1:{self.http_port}/api/media"
        return _without_settings() | _named(own, self.settings)


@contextlib.contextmanager
def relay_process(folder: Path, server_url: str, **settings: str) -> Iterator[RelayProcess]:
    """A relay that has joined."""
    with RelayProcess(folder, server_url, settings).running() as relay:
        yield relay


@dataclass
class RedisServer(Program):
    """A redis-server that keeps nothing on disk: all it held is gone when it is killed."""

    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def log(self) -> Path:
        return self.folder / "redis.log"

    def _words(self) -> list[str]:
        options = {"--port": str(self.port), "--bind": "127.0.0.1", "--save": "", "--dir": str(self.folder)}
        return ["redis-server", *(word for pair in options.items() for word in pair)]

    def _is_ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextlib.contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A Redis that listens on a free port."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextlib.contextmanager
def postgresql_server() -> Iterator[str]:
    """A fresh PostgreSQL; gives the URL of an empty database. `fresh_database` makes further ones."""
    programs = POSTGRESQL_PROGRAMS[-1]
    folder = Path(tempfile.mkdtemp(prefix="belvedere-postgresql-"))
    port = free_port()
    data = folder / "data"
    as_user = _unprivileged(folder)
    subprocess.run([*as_user, programs / "initdb", "-D", data, "-U", "belvedere", "-A", "trust", "-N"], **_quiet())
    options = ["-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F", "-c", "max_connections=80"]
    process = subprocess.Popen([*as_user, programs / "postgres", "-D", data, *options], **_quiet(check=False))
    try:
        url = f"postgresql://belvedere@127.0.0.1:{port}/postgres"
        _wait_for_query(programs, url, process)
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # fast shutdown; runuser passes it on
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        if process.poll() is None:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def fresh_database(server_url: str, name: str) -> str:
    """An empty database on that server; gives its URL."""
    psql(server_url, f'CREATE DATABASE "{name}"')
    return server_url.rpartition("/")[0] + "/" + name


def psql(url: str, statement: str) -> str:
    """Run one statement with PostgreSQL's own client."""
    command = [POSTGRESQL_PROGRAMS[-1] / "psql", "-X", "-q", "-A", "-t", "-c", statement, url]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _without_settings() -> dict[str, str]:
    """Our environment without settings that happen to be set around the tests."""
    foreign = ("BELVEDERE_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def _named(own: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """The environment variables of settings: of a test's own, which are in lower case, rather than ours."""
    upper = {name.upper(): value for name, value in given.items()}
    return {f"BELVEDERE_{name}": value for name, value in (own | upper).items()}


def _trusting_context(url: str) -> ssl.SSLContext | None:
    """The certificate is self-made; what it is worth is tested elsewhere."""
    if not url.startswith("https"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _content(answer: Any) -> Any:
    """JSON as data, anything else as bytes, nothing as None."""
    data = answer.read()
    return json.loads(data) if data and "json" in answer.headers.get("Content-Type", "") else data or None


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: hand the folder to its own user and become that."""
    if os.geteuid() != 0:
        return []
    entry = pwd.getpwnam("postgres")
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--"]


def _quiet(*, check: bool = True) -> dict[str, Any]:
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    return quiet | {"check": True} if check else quiet


def _wait_for_query(programs: Path, url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run([programs / "pg_isready", "-q", "-d", url], check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError("PostgreSQL does not answer")
        time.sleep(POLL_SECONDS)
