"""Asking a STUN server who we are."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aioice
import pytest
from aioice import stun
from aioice.ice import StunProtocol

from media.ice_servers import StunServer
from media.reflexive import reflexive_candidates

HOST = "127.0.0.1"
OUTSIDE = ("198.51.100.7", 4321)
LONG = 20.0


class Server(asyncio.DatagramProtocol):
    """Answers those whom `answers` names, by port, and says `OUTSIDE` to all."""

    def __init__(self, answers: Callable[[int], bool]) -> None:
        self.answers = answers
        self.asked = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked += 1
        if self.answers(addr[1]):
            reply = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, stun.parse_message(data).transaction_id)
            reply.attributes["XOR-MAPPED-ADDRESS"] = OUTSIDE
            self.transport.sendto(bytes(reply), addr)


@asynccontextmanager
async def sockets(count: int, answers: Callable[[int], bool]) -> AsyncIterator[tuple[list[StunProtocol], StunServer]]:
    loop = asyncio.get_running_loop()
    receiver = aioice.Connection(ice_controlling=True)
    protocols = []
    for number in range(count):
        transport, protocol = await loop.create_datagram_endpoint(lambda: StunProtocol(receiver), local_addr=(HOST, 0))
        port = transport.get_extra_info("sockname")[1]
        priority = (126 << 24) + ((65535 - number) << 8) + 255
        protocol.local_candidate = aioice.Candidate("1", 1, "udp", priority, HOST, port, "host")
        protocols.append(protocol)
    server, _ = await loop.create_datagram_endpoint(lambda: Server(answers), local_addr=(HOST, 0))
    try:
        yield protocols, StunServer(HOST, server.get_extra_info("sockname")[1])
    finally:
        server.close()
        for protocol in protocols:
            await protocol.close()


async def test_each_socket_learns_its_own_and_keeps_its_place_in_the_order() -> None:
    async with sockets(2, lambda _: True) as (protocols, server):
        found = await reflexive_candidates(protocols, server, LONG)
    assert [(candidate.host, candidate.port) for candidate in found] == [OUTSIDE, OUTSIDE]
    assert {candidate.related_port for candidate in found} == {p.local_candidate.port for p in protocols}
    first, second = sorted(found, key=lambda candidate: -candidate.priority)
    assert first.priority >> 24 == second.priority >> 24 == 100
    assert first.related_port == protocols[0].local_candidate.port


async def test_a_socket_without_a_way_out_does_not_hold_up_the_others() -> None:
    async with sockets(3, lambda port: port == answered) as (protocols, server):
        answered = protocols[1].local_candidate.port
        async with asyncio.timeout(LONG / 4):
            (found,) = await reflexive_candidates(protocols, server, LONG)
        assert found.related_port == answered
        assert all(protocol.transactions == {} for protocol in protocols)


async def test_silence_ends_in_time() -> None:
    async with sockets(2, lambda _: False) as (protocols, server):
        assert await reflexive_candidates(protocols, server, 0.1) == []


@pytest.mark.parametrize("host", ["stun.invalid", "stun..invalid", "a" * 64 + ".invalid"])
async def test_an_unknown_name_is_silence(host: str) -> None:
    async with sockets(1, lambda _: True) as (protocols, _):
        assert await reflexive_candidates(protocols, StunServer(host, 3478), 5.0) == []
