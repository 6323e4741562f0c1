"""The second UDP port: plain STUN and nothing else, wherever the relay is."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aioice import stun
from structlog.testing import capture_logs

from media.relay.rates import BURST
from media.relay.stun_port import StunPort, one_of_each_family, urls, wanted
from tests.servers import free_port

REQUEST = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def port() -> AsyncIterator[StunPort]:
    opened = StunPort(Clock())
    yield opened
    opened.close()


def ask(address: str, number: int, message: bytes = REQUEST, times: int = 1) -> list[bytes]:
    """The answers that came, after the last of which nothing came for a while."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.3)
        for _ in range(times):
            asking.sendto(message, (address, number))
        answers = []
        try:
            while True:
                answers.append(asking.recv(2048))
        except OSError:
            return answers


async def test_it_tells_who_asks_its_address_in_both_families(port: StunPort) -> None:
    port.open(("127.0.0.1", "::1"), 0)
    for address in ("127.0.0.1", "::1"):
        (answer,) = await asyncio.to_thread(ask, address, port.number)
        assert stun.parse_message(answer).attributes["XOR-MAPPED-ADDRESS"][0] == address


async def test_it_answers_nothing_but_plain_stun_and_no_network_too_often(port: StunPort) -> None:
    port.open(("127.0.0.1",), 0)
    check = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    check.attributes["USERNAME"] = "ours:theirs"
    allocate = stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST)
    for strange in (b"", b"\x16\xfe\xfd", bytes(600), REQUEST[:-1], bytes(check), bytes(allocate)):
        assert await asyncio.to_thread(ask, "127.0.0.1", port.number, strange) == []
    assert len(await asyncio.to_thread(ask, "127.0.0.1", port.number, REQUEST, int(BURST) + 10)) == int(BURST)


async def test_it_follows_the_machine_s_addresses(port: StunPort) -> None:
    port.open(("127.0.0.1",), 0)
    number = port.number
    port.refresh(("127.0.0.2", "192.0.2.77"))
    assert await asyncio.to_thread(ask, "127.0.0.1", number) == []
    assert len(await asyncio.to_thread(ask, "127.0.0.2", number)) == 1


async def test_a_taken_port_costs_one_line(port: StunPort) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken, capture_logs() as lines:
        taken.bind(("127.0.0.1", 0))
        port.open(("127.0.0.2", "127.0.0.1"), taken.getsockname()[1])
        assert (port.number, [line["event"] for line in lines]) == (0, ["no_stun_port"])
        port.refresh(("127.0.0.1",))
    free = free_port()
    port.open(("127.0.0.1",), free)
    assert port.number == free, "nothing was left bound"


@pytest.mark.parametrize(
    ("chosen", "relay", "bound"), [(3481, 3480, 3481), (3481, 0, 0), (0, 3480, None), (0, 0, None)]
)
def test_it_is_chosen_by_the_system_where_the_relay_s_own_is(chosen: int, relay: int, bound: int | None) -> None:
    assert wanted(chosen, relay) == bound


def test_viewers_are_told_one_address_of_each_family() -> None:
    here = ["127.0.0.1", "fe80::1", "192.0.2.1", "192.0.2.2", "2001:db8::1"]
    assert urls(one_of_each_family(here), 3481) == ["stun:192.0.2.1:3481", "stun:[2001:db8::1]:3481"]
    assert urls(["relay.example"], 0) == []
