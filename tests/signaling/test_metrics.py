"""Metrics stand on a port of their own and name routes, never addresses or ids."""

import re
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.servers import belvedere, free_port


def read(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def test_what_prometheus_reads(tmp_path: Path) -> None:
    port = free_port()
    with belvedere(tmp_path, metrics_port=str(port), relay="0") as server:
        token = server.sign_up()
        server.call("GET", "/api/cameras/some-camera-id", token=token)
        server.call("POST", "/api/sessions", {"email": "owner@example.org", "password": "wrong"})
        text = read(port)
        assert 'belvedere_http_requests_total{method="GET",route="/api/cameras/{id}",status="404"} 1.0' in text
        assert 'belvedere_logins_total{outcome="ok"} 1.0' in text
        assert 'belvedere_logins_total{outcome="credentials_wrong"} 1.0' in text
        tasks = re.search(r'belvedere_open{kind="tasks"} (\S+)', text)
        assert tasks is not None and 1 <= float(tasks[1]) < 100
        assert 'belvedere_open{kind="sockets"} 0.0' in text and "process_resident_memory_bytes" in text
        assert "some-camera-id" not in text and "example.org" not in text
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(server.url + "/metrics", timeout=10)


def test_a_taken_metrics_port_does_not_stop_the_server(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        belvedere(tmp_path, metrics_port=str(taken.getsockname()[1])) as server,
    ):
        assert server.call("GET", "/healthz")[0] == 200
        assert "no_metrics" in server.output
