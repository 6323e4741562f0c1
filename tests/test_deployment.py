"""The files an operator starts from are accepted by the programs they are for."""

import contextlib
import re
import socket
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_coturn_takes_every_line_of_its_configuration(tmp_path: Path) -> None:
    arguments = ["turnserver", "-c", str(ROOT / "coturn/turnserver.conf"), "--listening-ip", "127.0.0.1"]
    arguments += ["--listening-port", str(free_port()), "--no-tls", "--no-dtls", "--static-auth-secret", "test"]
    arguments += ["--pidfile", str(tmp_path / "pid"), "--relay-ip", "127.0.0.1"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as coturn:
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


def test_compose_builds_our_image_and_publishes_only_the_server() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert compose["services"]["server"]["build"] == "."
    published = {name for name, service in compose["services"].items() if service.get("ports")}
    assert published == {"server"}


def test_the_dockerfile_copies_only_what_is_there() -> None:
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for name in line.split()[1:-1]:
                assert (ROOT / name).exists(), name
