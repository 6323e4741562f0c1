"""What the server's settings make of the relay inside it."""

from types import SimpleNamespace
from typing import Any

import pytest

from signaling.relay_inside import media_settings, membership, places_of, public_name
from signaling.settings import read_settings


def services(**chosen: str) -> Any:
    settings = read_settings({f"BELVEDERE_{name.upper()}": value for name, value in chosen.items()})
    return SimpleNamespace(settings=settings, origin=settings.origin("192.0.2.9"), relay_secret=b"s" * 64, version="1")


@pytest.mark.parametrize(
    ("chosen", "port"),
    [
        ({}, None),  # plain HTTP: there is nothing to tell apart from
        ({"host": "0.0.0.0"}, 8080),
        ({"host": "::", "port": "443"}, 443),
        ({"host": "127.0.0.1", "behind_proxy": "1", "public_url": "https://x.example"}, None),
    ],
)
def test_a_tls_port_is_shared(chosen: dict[str, str], port: int | None) -> None:
    made = media_settings(services(**chosen), ("192.0.2.9",))
    assert (made.shared_tcp_port, made.shared_tcp_hosts) == (port, ("192.0.2.9",))


@pytest.mark.parametrize(
    ("host", "places"),
    [
        ("0.0.0.0", {"0.0.0.0"}),
        ("::", {"::"}),
        ("", {"0.0.0.0", "::"}),
        ("192.0.2.9", {"192.0.2.9"}),
        ("nowhere.invalid", set()),
    ],
)
async def test_a_server_listens_where_its_host_leads(host: str, places: set[str]) -> None:
    assert set(await places_of(host)) == places
    assert "127.0.0.1" in await places_of("localhost")


@pytest.mark.parametrize(
    ("chosen", "port"),
    [
        ({"public_url": "https://x.example", "host": "0.0.0.0", "port": "8443"}, 443),
        ({"public_url": "https://x.example:8444", "host": "0.0.0.0", "port": "8443"}, 8444),
        ({"public_url": "https://x.example", "host": "0.0.0.0", "relay_shared_tcp_port": "8445"}, 8445),
    ],
)
def test_from_outside_it_has_the_port_of_the_public_url(chosen: dict[str, str], port: int) -> None:
    assert media_settings(services(**chosen), ()).shared_tcp_public_port == port


def test_it_joins_through_loopback_and_is_reached_like_the_server() -> None:
    joined = membership(services(public_url="https://cameras.example.org", host="0.0.0.0"), 4711)
    assert joined.url == "ws://127.0.0.1:4711/api/signaling"
    assert joined.origin == "https://cameras.example.org"
    assert joined.tunnel == "wss://cameras.example.org/api/media"


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("http://127.0.0.1:8080", ""),
        ("http://localhost:8080", ""),
        ("http://[::1]:8080", ""),
        ("https://cameras.example.org", "cameras.example.org"),
        ("https://[2001:db8::1]:8443", "2001:db8::1"),
    ],
)
def test_a_server_for_this_machine_alone_has_no_name_elsewhere(origin: str, name: str) -> None:
    assert public_name(origin) == name
