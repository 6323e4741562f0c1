"""The settings of `belvedere-relay`: documented, checked, and one clear sentence for each that makes no sense."""

import os
import socket
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from media.relay.environment import BadSettings, Environment, name_like, read_environment, settings_table
from media.relay.program import addresses_of
from tests.servers import RELAY_SECRET, free_port

ROOT = Path(__file__).parents[4]
LEAST = {"BELVEDERE_SERVER": "https://cameras.example.org", "BELVEDERE_RELAY_SECRET": RELAY_SECRET}


def test_every_setting_is_documented() -> None:
    table = settings_table()
    for option in fields(Environment):
        assert len(option.metadata["doc"]) > 10
        assert f"`BELVEDERE_{option.name.upper()}`" in table


def test_server_and_secret_are_enough() -> None:
    chosen = read_environment(LEAST)
    assert (chosen.relay_stun_port, chosen.relay().stun_port) == (3481, 3481)
    assert (chosen.relay_port, chosen.relay().port, chosen.relay_tunnel_url) == (3480, 3480, "")
    assert chosen.relay().public_port is None


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, ("BELVEDERE_SERVER", "BELVEDERE_RELAY_SECRET")),
        (LEAST | {"BELVEDERE_SERVER": "cameras.example.org"}, ("BELVEDERE_SERVER: must look like",)),
        (LEAST | {"BELVEDERE_RELAY_SECRET": "short"}, ("BELVEDERE_RELAY_SECRET: needs",)),
        (LEAST | {"BELVEDERE_RELAY_NAME": "Not A Name"}, ("BELVEDERE_RELAY_NAME",)),
        (LEAST | {"BELVEDERE_RELAY_PORT": "70000"}, ("BELVEDERE_RELAY_PORT",)),
        (LEAST | {"BELVEDERE_RELAY_ADDRESSES": "192.0.2.1,example.org"}, ("example.org is not an IP address",)),
        (LEAST | {"BELVEDERE_RELAY_VIEWERS": "0"}, ("BELVEDERE_RELAY_VIEWERS",)),
        (LEAST | {"BELVEDERE_RELAY_TUNNEL_URL": "https://x/api/media"}, ("BELVEDERE_RELAY_TUNNEL_URL: must look",)),
        (LEAST | {"BELVEDERE_RELAY_TUNNEL_URL": "wss://x/", "BELVEDERE_RELAY_HTTP_PORT": "0"}, ("needs BELVEDERE",)),
        (LEAST | {"BELVEDERE_RELAY_TLS_CERT": "/nowhere"}, ("belong together",)),
    ],
)
def test_faults_are_named(environment: dict[str, str], named: tuple[str, ...]) -> None:
    with pytest.raises(BadSettings) as refused:
        read_environment(environment)
    assert len(str(refused.value).splitlines()) == len(named)
    for words in named:
        assert words in str(refused.value)
    assert "short" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "name"), [("relay-1", "relay-1"), ("Relay_2.Example.ORG", "relay-2-example-org"), ("ü", "relay")]
)
def test_a_machine_lends_its_name(host: str, name: str) -> None:
    assert name_like(host) == name


def run(**settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BELVEDERE_")}
    environment |= LEAST | {f"BELVEDERE_RELAY_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "media.relay"]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def test_what_cannot_be_used_is_one_sentence_and_an_exit_code() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = str(taken.getsockname()[1])
        done = run(port=port, http_port="0")
        assert done.returncode == 1 and port in done.stderr and "Traceback" not in done.stderr
        assert done.stderr.strip().endswith("Address already in use")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
        done = run(port="0", http_port=port)
        assert done.returncode == 1 and f"HTTP port {port}" in done.stderr and "Traceback" not in done.stderr
    done = run(port="0", http_port=str(free_port()), tls_cert="/nowhere", tls_key="/nowhere")
    assert done.returncode == 1 and "certificate" in done.stderr and "Traceback" not in done.stderr
    done = run(server_cert="/nowhere")
    assert done.returncode == 1 and "BELVEDERE_RELAY_SERVER_CERT" in done.stderr and "Traceback" not in done.stderr


async def test_a_name_is_looked_up_or_left_out() -> None:
    assert "127.0.0.1" in await addresses_of("localhost")
    assert await addresses_of("192.0.2.5") == ("192.0.2.5",)
    assert await addresses_of("nowhere.invalid") == ()
    assert await addresses_of("x" * 70 + ".invalid") == ()
