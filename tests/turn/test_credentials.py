"""Who gets which ICE servers, with which credential, and what settings are refused."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from signaling.protocol.messages import IceServer
from signaling.settings import BadSettings, Settings, read_settings
from signaling.store.secret import BadSecret
from signaling.turn import LIFE_SECONDS, credential, ice_servers_for

SECRET, OTHER = "s" * 32, "o" * 32
URLS = "turn:t.example:3478?transport=udp, turn:t.example:3478?transport=tcp,turns:[2a11::1]:5349?transport=tcp"
STUN = "stun:cameras.example.org:3480"


def settings(**given: str) -> Settings:
    return read_settings({f"BELVEDERE_{name.upper()}": text for name, text in given.items()})


def test_a_credential_is_what_coturn_computes() -> None:
    username, password = credential(SECRET, "client", "session-1", now=1000.9)
    assert username == f"{1000 + LIFE_SECONDS}:client:session-1"
    assert base64.b64decode(password) == hmac.new(SECRET.encode(), username.encode(), hashlib.sha1).digest()
    assert LIFE_SECONDS <= 600


def test_each_party_of_a_session_has_a_credential_of_its_own() -> None:
    servers = ice_servers_for(settings(turn_urls=URLS, turn_secret=SECRET), [STUN], lambda: 1000.0)
    stun, viewer = servers("client", "ada", "s1")
    assert stun == IceServer([STUN])
    assert viewer.urls == [url.strip() for url in URLS.split(",")]
    assert viewer.username == "1600:client:s1"
    camera = servers("device", "garden", "s1")[1]
    assert camera.username == "1600:device:s1" and camera.credential != viewer.credential


def test_a_camera_that_registers_has_a_credential_before_any_session() -> None:
    servers = ice_servers_for(settings(turn_urls=URLS, turn_secret=SECRET), [], lambda: 1000.0)
    assert [server.username for server in servers("device", "garden", "")] == ["1600:device:garden"]


def test_credentials_are_made_when_they_are_asked_for() -> None:
    now = [1000.0]
    servers = ice_servers_for(settings(turn_urls=URLS, turn_secret=SECRET), [], lambda: now[0])
    servers("client", "ada", "s1")
    now[0] = 5000.0
    assert servers("client", "ada", "s1")[0].username == "5600:client:s1"


def test_the_first_of_two_secrets_signs() -> None:
    servers = ice_servers_for(settings(turn_urls=URLS, turn_secret=f"{SECRET},{OTHER}"), [], lambda: 0.0)
    assert servers("client", "ada", "s1")[0].credential == credential(SECRET, "client", "s1", 0.0)[1]


def test_without_turn_there_is_stun_and_what_was_configured() -> None:
    configured = settings(ice_servers='[{"urls": ["stun:elsewhere.example"]}]')
    servers = ice_servers_for(configured, [STUN], lambda: 0.0)("client", "ada", "s1")
    assert servers == [IceServer([STUN]), IceServer(["stun:elsewhere.example"])]
    assert ice_servers_for(Settings(), [], lambda: 0.0)("client", "ada", "s1") == []


def test_the_shared_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "shared" / "turn"
    given = settings(turn_urls=URLS, turn_secret_file=str(path))
    first, again = (ice_servers_for(given, [], lambda: 0.0)("client", "ada", "s1") for _ in range(2))
    assert first == again
    assert path.stat().st_mode & 0o777 == 0o600 and len(path.read_text()) >= 32


def test_a_file_may_hold_two_secrets_on_two_lines(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    path.write_text(f"{SECRET}\n{OTHER}\n")
    servers = ice_servers_for(settings(turn_urls=URLS, turn_secret_file=str(path)), [], lambda: 0.0)
    assert servers("client", "ada", "s1")[0].credential == credential(SECRET, "client", "s1", 0.0)[1]


@pytest.mark.parametrize("content", ["", "short", f"{SECRET}\n{OTHER}\n{SECRET}", "ü" * 40])
def test_a_damaged_file_is_named_and_not_quoted(tmp_path: Path, content: str) -> None:
    path = tmp_path / "turn"
    path.write_text(content)
    with pytest.raises(BadSecret) as caught:
        ice_servers_for(settings(turn_urls=URLS, turn_secret_file=str(path)), [], lambda: 0.0)
    assert str(path) in str(caught.value) and (not content or content not in str(caught.value))


@pytest.mark.parametrize(
    "url",
    [
        "stun:t.example",
        "turn://t.example",
        "turn:",
        "turn:t.example:0",
        "turn:t.example:65536",
        "turn:t.example?transport=sctp",
        "turns:t.example?transport=udp",
        "turn:user@t.example",
        "turn:-t.example",
        ",".join(["turn:t.example"] * 7),
    ],
)
def test_urls_that_no_client_understands_are_refused(url: str) -> None:
    with pytest.raises(BadSettings, match="BELVEDERE_TURN_URLS"):
        settings(turn_urls=url, turn_secret=SECRET)


@pytest.mark.parametrize(
    "secret", ["short", "s" * 31, f"{SECRET},short", "with a blank, in the midst of it ok", ",".join([SECRET] * 3)]
)
def test_secrets_that_are_no_good_are_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(BadSettings, match="BELVEDERE_TURN_SECRET") as caught:
        settings(turn_urls=URLS, turn_secret=secret)
    assert secret not in str(caught.value)


def test_urls_without_a_secret_are_refused() -> None:
    with pytest.raises(BadSettings, match="needs BELVEDERE_TURN_SECRET"):
        settings(turn_urls=URLS)
