"""STUN and TURN URLs as the server names them."""

import pytest

from media.ice_servers import MAX_TURN_SERVERS, Credential, IceServers, StunServer, TurnServer, read_ice_servers
from signaling.protocol.messages import IceServer


@pytest.mark.parametrize(
    ("url", "stun"),
    [
        ("stun:stun.home:3480", StunServer("stun.home", 3480)),
        ("stun:stun.home", StunServer("stun.home", 3478)),
        ("stun:[2a11:9::10]:3480", StunServer("2a11:9::10", 3480)),
        ("stun:[2a11:9::10]", StunServer("2a11:9::10", 3478)),
        ("stun:stun.home:99999", None),
        ("stun:stun.home:x", None),
        ("stun::3478", None),
        ("http://stun.home", None),
    ],
)
def test_a_stun_url(url: str, stun: StunServer | None) -> None:
    assert read_ice_servers([IceServer([url])]).stun == stun


@pytest.mark.parametrize(
    ("url", "turn"),
    [
        ("turn:t.home", TurnServer("t.home", 3478, "udp", tls=False)),
        ("turn:t.home:80?transport=tcp", TurnServer("t.home", 80, "tcp", tls=False)),
        ("turns:t.home", TurnServer("t.home", 5349, "tcp", tls=True)),
        ("turns:t.home:443?transport=tcp", TurnServer("t.home", 443, "tcp", tls=True)),
        ("turns:t.home?transport=udp", None),
        ("turn:t.home?transport=sctp", None),
        ("turn:", None),
    ],
)
def test_a_turn_url(url: str, turn: TurnServer | None) -> None:
    read = read_ice_servers([IceServer([url], "user", "secret")])
    assert [server for server, _ in read.turn] == ([turn] if turn else [])


def test_without_credentials_a_turn_server_is_of_no_use() -> None:
    assert read_ice_servers([IceServer(["turn:t.home"])]) == IceServers()


def test_ways_without_udp_are_tried_first_and_there_is_an_end() -> None:
    urls = ["turn:t.home", "turn:t.home?transport=tcp", "turns:t.home"]
    read = read_ice_servers([IceServer(urls, "user", "secret")])
    assert [server.transport for server, _ in read.turn] == ["tcp", "tcp", "udp"]
    many = [f"turn:t{number}.home" for number in range(50)]
    assert len(read_ice_servers([IceServer(many, "user", "secret")]).turn) == MAX_TURN_SERVERS


def test_a_server_is_known_again_with_its_next_credential() -> None:
    first, second = (read_ice_servers([IceServer(["turns:t.home"], name, "x")]) for name in ("a", "b"))
    ((server, _),) = first.turn
    assert second.credential(server) == Credential("b", "x")
    assert IceServers().credential(server) is None
