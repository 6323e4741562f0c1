"""The files an operator starts from are accepted by the programs they are for, and what they say can be run."""

import contextlib
import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from signaling.settings import read_settings
from tests.servers import free_port

ROOT = Path(__file__).parent.parent
DOCKERFILES = ("Dockerfile", "coturn/Dockerfile")
START_SECONDS = 30.0


def compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def instructions(name: str) -> list[tuple[str, str]]:
    """Of a Dockerfile: (word, the rest), continued lines joined, comments left out."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if rest]


def test_coturn_takes_every_line_of_its_configuration(tmp_path: Path) -> None:
    given = {"TURN_PORT": str(free_port()), "TURN_ADDRESSES": "127.0.0.1", "TURN_SECRET_FILE": str(tmp_path / "secret")}
    environment = os.environ | given | {"TMPDIR": str(tmp_path)}
    words = [str(ROOT / "coturn/entrypoint")]
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as coturn:
        try:
            coturn.wait(2)
        except subprocess.TimeoutExpired:
            still_running = True
        else:
            still_running = False
        coturn.terminate()
        output = coturn.communicate()[0]
    assert still_running, output
    assert not re.search(r"bad config|unknown|unrecognized|illegal|ERROR", output, re.IGNORECASE), output
    assert len((tmp_path / "secret").read_text()) == 64
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"], "nothing else is left behind"


def test_the_compose_file_follows_the_schema() -> None:
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_linter_finds_nothing(name: str) -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    if not hadolint.exists():
        pytest.skip("hadolint has no wheel for this machine")
    done = subprocess.run([hadolint, name], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_compose_builds_our_images_and_publishes_only_the_server() -> None:
    services = compose()
    assert services["server"]["build"] == "." and services["coturn"]["build"] == "coturn"
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    own = ["${COMPOSE_PROFILES:+127.0.0.1:}8443:8443/tcp", "3480:3480/udp", "3480:3480/tcp", "3481:3481/udp"]
    assert published == {"server": own, "caddy": ["80:80/tcp", "443:443/tcp", "443:443/udp"]}
    assert services["caddy"]["profiles"] == ["caddy"], "only where it is asked for"


def interpolated(text: str, environment: dict[str, str]) -> str:
    """As Compose does it: `${NAME}`, `${NAME:-otherwise}`, `${NAME:+instead}`, `${NAME:?must be}`."""

    def value(found: re.Match[str]) -> str:
        name, operator, word = found.groups()
        given = environment.get(name, "")
        return (word if given else "") if operator == ":+" else given or (word if operator == ":-" else "")

    return re.sub(r"\$\{(\w+)(?:(:[-+?])([^}]*))?\}", value, text)


@pytest.mark.parametrize("caddy", [False, True])
def test_behind_caddy_the_server_trusts_it_alone_and_plain_http_stays_inside(caddy: bool) -> None:
    given = {"PUBLIC_ADDRESS": "198.51.100.7", "BELVEDERE_PUBLIC_URL": "https://cameras.example.org"}
    given |= {"COMPOSE_PROFILES": "caddy"} if caddy else {}
    services = compose()
    environment = {k: interpolated(v, given) for k, v in services["server"]["environment"].items()}
    settings = read_settings(environment | {"BELVEDERE_TURN_SECRET": "s" * 64})
    assert settings.behind_proxy is caddy and settings.uses_tls is not caddy
    assert settings.self_made_certificate is not caddy, "a pin of our own key would keep cameras from Caddy's"
    (port, *_) = [interpolated(text, given) for text in services["server"]["ports"]]
    assert port == ("127.0.0.1:8443:8443/tcp" if caddy else "8443:8443/tcp")
    address = services["caddy"]["networks"]["default"]["ipv4_address"]
    assert not caddy or [str(network) for network in settings.trusted_proxies] == [f"{address}/32"]


def test_the_caddyfile_names_the_server_of_the_compose_file(tmp_path: Path) -> None:
    text, services = (ROOT / "Caddyfile").read_text(), compose()
    assert text.count("{") == text.count("}") and "\n    " not in text, "tabs, as its formatter has it"
    (upstream,) = re.findall(r"^\treverse_proxy (\S+)$", text, re.MULTILINE)
    assert upstream == f"server:{services['server']['environment']['BELVEDERE_PORT']}"
    sites = re.findall(r"^\{\$(\w+)\} \{$", text, re.MULTILINE)
    assert sites == list(services["caddy"]["environment"]) == ["BELVEDERE_PUBLIC_URL"]
    assert "./Caddyfile:/etc/caddy/Caddyfile:ro" in services["caddy"]["volumes"]
    if (caddy := shutil.which("caddy")) is not None:
        environment = os.environ | {"BELVEDERE_PUBLIC_URL": "https://cameras.example.org", "HOME": str(tmp_path)}
        words = [caddy, "validate", "--adapter", "caddyfile", "--config", str(ROOT / "Caddyfile")]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_server_and_coturn_share_one_secret_and_one_user() -> None:
    services = compose()
    paths = {services["server"]["environment"]["BELVEDERE_TURN_SECRET_FILE"]}
    paths.add(services["coturn"]["environment"]["TURN_SECRET_FILE"])
    assert paths == {"/secrets/turn"}
    assert all("secrets:/secrets" in services[name]["volumes"] for name in ("server", "coturn"))
    users = {rest for name in DOCKERFILES for word, rest in instructions(name) if word == "USER"}
    assert users == {"10001"}
    for name in DOCKERFILES:
        made = " ".join(rest for word, rest in instructions(name) if word == "RUN")
        assert "--uid 10001" in made and re.search(r"install -d -o belvedere .*/secrets", made)


def test_no_container_may_do_more_than_it_needs() -> None:
    for name, service in compose().items():
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service and not any("docker.sock" in each for each in service["volumes"])


def test_every_setting_of_coturn_in_compose_exists() -> None:
    known = set(re.findall(r"^#   ((?:TURN_\w+(?:, )?)+)", (ROOT / "coturn/entrypoint").read_text(), re.MULTILINE))
    names = {name for group in known for name in group.split(", ")}
    assert set(compose()["coturn"]["environment"]) <= names


def test_ports_of_compose_are_those_of_the_images() -> None:
    exposed = {rest for word, rest in instructions("Dockerfile") if word == "EXPOSE"}
    assert exposed == {"8443/tcp 3480/udp 3480/tcp 3481/udp"}
    server = compose()["server"]["environment"]
    assert (server["BELVEDERE_PORT"], server["BELVEDERE_RELAY_PORT"]) == ("8443", "3480")
    assert server["BELVEDERE_RELAY_STUN_PORT"] == "3481"


@pytest.mark.parametrize("name", DOCKERFILES)
def test_a_dockerfile_copies_only_what_is_there(name: str) -> None:
    for word, rest in instructions(name):
        if word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / name).parent.joinpath(source).exists(), source


def test_the_image_holds_neither_history_nor_tests() -> None:
    everything, *let_in = (ROOT / ".dockerignore").read_text().splitlines()
    assert everything == "*", "what is not named stays out, and .git with it"
    named = {line.removeprefix("!") for line in let_in if line.startswith("!")}
    copied = {source for word, rest in instructions("Dockerfile") if word == "COPY" for source in rest.split()[:-1]}
    assert named == {source.partition("/")[0] for source in copied if not source.startswith(("--from", "/src"))}
    assert not named & {".git", ".ci", "tests", "demo", "data"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the Dockerfile's second stage makes, without Docker: its files and its `pip install`, in an environment."""
    stage = tmp_path_factory.mktemp("stage")
    steps = instructions("Dockerfile")
    steps = steps[[word for word, _ in steps].index("FROM", 1) :]
    for word, rest in steps:
        if word == "COPY":
            *sources, target = [each for each in rest.split() if not each.startswith("--from")]
            for source in sources:
                _copy(ROOT / source.removeprefix("/src/"), stage / target)
    environment = stage / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    (install,) = re.findall(r"pip (install .+?) &&", " ".join(rest for word, rest in steps if word == "RUN"))
    words = [word for word in shlex.split(install) if word != "--no-cache-dir"]
    pip = str(environment / "bin/pip")
    subprocess.run([pip, "--disable-pip-version-check", "--quiet", *words], cwd=stage, check=True)
    yield environment / "bin"
    shutil.rmtree(stage)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target if not target.is_dir() else target / source.name)


@pytest.mark.timeout(600)
def test_the_image_s_commands_work_in_a_clean_environment(installed: Path, tmp_path: Path) -> None:
    steps = instructions("Dockerfile")
    (given,) = [rest for word, rest in steps if word == "ENV"]
    (command,) = [json.loads(rest) for word, rest in steps if word == "CMD"]
    port = free_port()
    environment = {"PATH": os.environ["PATH"]} | dict(pair.split("=") for pair in given.split())
    environment |= {"BELVEDERE_PORT": str(port), "BELVEDERE_DATA_DIR": str(tmp_path), "BELVEDERE_METRICS_PORT": "0"}
    environment |= {"BELVEDERE_PUBLIC_URL": f"https://127.0.0.1:{port}", "BELVEDERE_RELAY_PORT": str(free_port())}
    environment |= {"BELVEDERE_RELAY_ADDRESSES": "127.0.0.1", "BELVEDERE_RELAY_STUN_PORT": str(free_port())}
    environment |= {"BELVEDERE_TURN_SECRET_FILE": str(tmp_path / "shared/turn")}
    environment |= {"BELVEDERE_TURN_URLS": f"turn:127.0.0.1:{free_port()}"}
    with (tmp_path / "log").open("wb") as log:
        words = [installed / command[0], *command[1:]]
        server = subprocess.Popen(words, env=environment, cwd=tmp_path, stdout=log, stderr=log)
    try:
        _wait_until_ready(f"https://127.0.0.1:{port}/readyz", server, tmp_path / "log")
        doctor = subprocess.run(
            [installed / "belvedere", "doctor", "--json"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
    finally:
        server.terminate()
        assert server.wait(START_SECONDS) == 0
    levels = [(finding["subject"], finding["level"]) for finding in json.loads(doctor.stdout)]
    assert {("Server", "ok"), ("Database", "ok"), ("Relay", "ok"), ("TURN", "bad")} <= set(levels), levels
    assert len((tmp_path / "shared/turn").read_text()) == 64
    helped = subprocess.run([installed / "belvedere-relay", "--help"], capture_output=True, check=False)
    assert helped.returncode == 0, helped.stderr


def _wait_until_ready(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert server.poll() is None and time.monotonic() < deadline, log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5, context=context) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
