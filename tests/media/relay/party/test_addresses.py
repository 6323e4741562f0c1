"""The relay follows its machine's addresses: newcomers are bound and offered, those that went are not."""

import asyncio
import re
import socket
from collections.abc import Callable
from typing import Any

import pytest
from aioice import stun

from media.relay import entrance
from media.relay.candidates import listened
from media.relay.settings import RelaySettings


def offered(sdp: str) -> set[tuple[str, str, int]]:
    """Protocol, address and port of each candidate."""
    found = re.findall(r"a=candidate:\S+ 1 (\w+) \d+ (\S+) (\d+) ", sdp)
    return {(protocol, address, int(port)) for protocol, address, port in found}


def answers(address: str, port: int) -> bool:
    """Whether STUN answers there, over UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.3)
        asking.sendto(bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST)), (address, port))
        try:
            return bool(asking.recv(100))
        except OSError:
            return False


async def answering(address: str, port: int) -> bool:
    return await asyncio.to_thread(answers, address, port)


async def test_a_newcomer_is_bound_and_offered_and_who_went_is_not(
    make_scene: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await make_scene()
    port = scene.relay.port
    assert not await answering("127.0.0.2", port)
    await scene.relay.use_addresses(("127.0.0.1", "127.0.0.2", "192.0.2.77"))
    assert await answering("127.0.0.1", port) and await answering("127.0.0.2", port)
    sdp = await scene.relay.viewer_offer("cam", "a", "owner")
    both = {(protocol, address, port) for protocol in ("udp", "tcp") for address in ("127.0.0.1", "127.0.0.2")}
    assert offered(sdp) == both
    await scene.relay.use_addresses(("127.0.0.2",))
    sdp = await scene.relay.viewer_offer("cam", "b", "owner")
    assert {address for _, address, _ in offered(sdp)} == {"127.0.0.2"}
    assert await answering("127.0.0.1", port), "its socket stays for a while"
    monkeypatch.setattr(entrance, "GONE_SECONDS", 0.0)
    await scene.relay.use_addresses(("127.0.0.2",))
    assert not await answering("127.0.0.1", port)
    await scene.relay.use_addresses(("127.0.0.1", "127.0.0.2"))
    assert await answering("127.0.0.1", port)


async def test_who_still_uses_an_address_that_went_is_told(
    make_scene: Callable[..., Any],
    new_viewer: Callable[[], Any],
    eventually: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its socket's descriptor will be another's."""
    scene = await make_scene()
    monkeypatch.setattr(entrance, "GONE_SECONDS", 0.0)
    viewer = new_viewer()
    await scene.watch("a", viewer)
    await eventually(lambda: viewer.packets > 20)
    await scene.relay.use_addresses(("127.0.0.2",))
    assert list(scene.ended) == ["a"] and "address" in scene.ended["a"]
    assert scene.over == 1 and scene.relay.load().uploads == 0


async def test_a_shared_port_is_offered_after_our_own(make_scene: Callable[..., Any]) -> None:
    settings = RelaySettings(
        addresses=("127.0.0.1",), public_addresses=("192.0.2.1",), shared_tcp_port=8443, shared_tcp_public_port=443
    )
    scene = await make_scene(settings=settings)
    sdp = await scene.relay.viewer_offer("cam", "a", "owner")
    port = scene.relay.port
    tcp = [(address, at) for protocol, address, at in offered(sdp) if protocol == "tcp"]
    assert sorted(tcp) == sorted([("127.0.0.1", port), ("192.0.2.1", port), ("127.0.0.1", 8443), ("192.0.2.1", 443)])
    priorities = re.findall(r"1 tcp (\d+) \S+ (\d+) ", sdp.split("m=audio")[0])
    own = [int(priority) for priority, at in priorities if int(at) == port]
    shared = [int(priority) for priority, at in priorities if int(at) != port]
    assert min(own) > max(shared)


@pytest.mark.parametrize(
    ("hosts", "found"),
    [
        (("0.0.0.0",), ["192.0.2.1"]),
        (("::",), ["2001:db8::1"]),
        (("0.0.0.0", "::"), ["192.0.2.1", "2001:db8::1"]),
        (("192.0.2.9",), ["192.0.2.9"]),
    ],
)
def test_a_shared_port_is_offered_where_its_server_listens(hosts: tuple[str, ...], found: list[str]) -> None:
    assert listened(hosts, ["192.0.2.1", "2001:db8::1"]) == found
