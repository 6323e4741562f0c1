"""Settings: documented, checked, contradictions found."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from media.relay.environment import Environment
from signaling.settings import BadSettings, Settings, read_settings, settings_table, unknown_settings


def test_every_setting_is_documented() -> None:
    table = settings_table()
    for option in fields(Settings):
        assert len(option.metadata["doc"]) > 10
        assert f"`BELVEDERE_{option.name.upper()}`" in table


def test_nothing_else_reads_the_environment() -> None:
    readers = {str(path) for path in Path("signaling").rglob("*.py") if re.search(r"environ|getenv", path.read_text())}
    assert readers <= {"signaling/__main__.py", "signaling/settings.py", "signaling/protocol/options.py"}


def test_defaults_are_safe() -> None:
    settings = read_settings({})
    assert settings.host == "127.0.0.1" and settings.metrics_host == "127.0.0.1"
    assert settings.registration == "closed" and settings.rate_limits and settings.bcrypt_cost >= 12
    assert all(network.is_loopback for network in settings.trusted_proxies)
    assert settings.ice_servers == () and settings.allowed_origins == () and not settings.behind_proxy


@pytest.mark.parametrize(
    ("chosen", "used"),
    [
        ({}, True),
        ({"DATABASE_URL": "postgresql://db/x"}, True),  # for the secret
        ({"BELVEDERE_SECRET_KEY": "s" * 32}, True),  # for the accounts
        ({"DATABASE_URL": "postgresql://db/x", "BELVEDERE_SECRET_KEY": "s" * 32}, False),
        # for the certificate
        ({"DATABASE_URL": "postgresql://db/x", "BELVEDERE_SECRET_KEY": "s" * 32, "BELVEDERE_HOST": "0.0.0.0"}, True),
    ],
)
def test_the_data_folder_is_needed_for_what_is_kept_in_it(chosen: dict[str, str], used: bool) -> None:
    assert read_settings(chosen).uses_data_dir is used


def test_values_are_read() -> None:
    settings = read_settings(
        {
            "BELVEDERE_PORT": "443",
            "BELVEDERE_PUBLIC_URL": "https://Cameras.Example.org/",
            "BELVEDERE_ICE_SERVERS": '[{"urls": ["turn:t.example.org"], "username": "u", "credential": "c"}]',
            "DATABASE_URL": "postgres://db/x",
            "REDIS_URL": "redis://r",
            "BELVEDERE_TRUSTED_PROXIES": "10.1.2.3, 2001:db8::/32",
        }
    )
    assert (settings.port, settings.public_url) == (443, "https://cameras.example.org")
    assert settings.ice_servers[0].username == "u" and settings.redis_url == "redis://r"
    assert [str(network) for network in settings.trusted_proxies] == ["10.1.2.3/32", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BELVEDERE_PORT", "70000"),
        ("BELVEDERE_PORT", "http"),
        ("BELVEDERE_PUBLIC_URL", "cameras.example.org"),
        ("BELVEDERE_PUBLIC_URL", "https://example.org/path"),
        ("BELVEDERE_PUBLIC_URL", "https://example.org:port"),
        ("BELVEDERE_REGISTRATION", "maybe"),
        ("BELVEDERE_ICE_SERVERS", "stun:stun.example.org"),
        ("BELVEDERE_ICE_SERVERS", '[{"urls": ["http://example.org"]}]'),
        ("BELVEDERE_TRUSTED_PROXIES", "everybody"),
        ("BELVEDERE_BCRYPT_COST", "40"),
        ("BELVEDERE_BEHIND_PROXY", "perhaps"),
        ("BELVEDERE_BEHIND_PROXY", "1"),
        ("BELVEDERE_TLS_CERT", "/a.pem"),
        ("BELVEDERE_SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://db/x"),
        ("REDIS_URL", "localhost"),
    ],
)
def test_nonsense_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSettings) as error:
        read_settings({name: value})
    assert name.removeprefix("BELVEDERE_") in str(error.value)


def test_plain_http_stays_at_home() -> None:
    for url in ("http://cameras.example.org", "http://192.168.1.2:8080"):
        for more in ({}, {"BELVEDERE_HOST": "0.0.0.0"}, {"BELVEDERE_HOST": "0.0.0.0", "BELVEDERE_BEHIND_PROXY": "1"}):
            with pytest.raises(BadSettings, match="in the clear"):
                read_settings({"BELVEDERE_PUBLIC_URL": url, **more})
    for url in ("http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080"):
        assert read_settings({"BELVEDERE_PUBLIC_URL": url}).public_url == url
    with pytest.raises(BadSettings):
        read_settings({"BELVEDERE_HOST": "0.0.0.0", "BELVEDERE_PUBLIC_URL": "http://localhost:8080"})
    assert not read_settings({}).uses_tls
    assert not read_settings({"BELVEDERE_HOST": "localhost"}).uses_tls
    assert not read_settings({"BELVEDERE_HOST": "::1"}).uses_tls
    for host in ("0.0.0.0", "::", "192.0.2.1", "cameras.example.org"):
        settings = read_settings({"BELVEDERE_HOST": host})
        assert settings.uses_tls and settings.self_made_certificate


def test_where_we_are_reached() -> None:
    assert read_settings({}).origin("192.0.2.1") == "http://127.0.0.1:8080"
    assert read_settings({"BELVEDERE_HOST": "::1"}).origin("192.0.2.1") == "http://[::1]:8080"
    assert read_settings({"BELVEDERE_HOST": "0.0.0.0"}).origin("192.0.2.1") == "https://192.0.2.1:8080"


def test_slips_of_the_pen_are_found() -> None:
    given = {
        "BELVEDERE_PROT": "1",
        "BELVEDERE_PORT": "1",
        "BELVEDERE_CAMERA_SOURCE": "x",
        "BELVEDERE_FUZZ": "10",
        "PATH": "",
    }
    assert unknown_settings(given) == ["BELVEDERE_PROT"]


def test_a_slip_in_a_relay_setting_is_named_and_a_relays_own_is_not() -> None:
    own = {f"BELVEDERE_{option.name.upper()}": "x" for option in fields(Environment)}
    assert unknown_settings(own | {"BELVEDERE_RELAY_PROT": "3480"}) == ["BELVEDERE_RELAY_PROT"]
