"""Plain HTTP on the port that speaks TLS: one sentence, whatever is asked and whoever asks, and no more."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from signaling.http.plain_hint import HINT
from tests.servers import belvedere

UPGRADE = {"Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
BODY = b'{"email":"owner@example.org","password":"correct horse battery"}'


@pytest.mark.parametrize("relay", ["0", "1"])
def test_plain_http_is_told_of_https_and_never_served(tmp_path: Path, relay: str) -> None:
    """By a client that knows nothing of it, with a body and without."""
    with belvedere(tmp_path, public_url="https://127.0.0.1:{port}", host="0.0.0.0", relay=relay) as server:
        for method, path, body in (
            ("GET", "/", None),
            ("GET", "/healthz", None),
            ("HEAD", "/", None),
            ("GET", "/api/signaling", None),
            ("GET", "/api/media", None),
            ("POST", "/api/sessions", BODY),
            ("POST", "/api/sessions", BODY * 900),
            ("DELETE", "/api/sessions", None),
        ):
            upgrade = UPGRADE if path in ("/api/signaling", "/api/media") else {}
            request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", body, upgrade, method=method)
            with pytest.raises(urllib.error.HTTPError, match="400") as refused:
                urllib.request.urlopen(request, timeout=10)
            assert method == "HEAD" or b"https://" in refused.value.read()
            assert "Set-Cookie" not in refused.value.headers and "Location" not in refused.value.headers
        assert server.call("GET", "/healthz")[0] == 200, "TLS goes on"
        assert "/api/sessions" not in server.output and "password" not in server.output


def test_the_hint_is_a_whole_answer() -> None:
    head, _, body = HINT.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head and b"Connection: close" in head
