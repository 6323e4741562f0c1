"""The media socket: open to whoever shows a signed check, closed to everybody else, and bounded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aioice import stun

from media.relay import web_socket
from media.relay.web_socket import MediaSocket
from signaling.protocol.media_socket import MAX_DATAGRAM, MEDIA_PATH, MEDIA_SUBPROTOCOL
from tests.benchmarks.light_client import attribute

Connect = Callable[..., Awaitable[aiohttp.ClientWebSocketResponse]]


def check(ufrag: str, password: str) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ufrag}:theirs"
    message.add_message_integrity(password.encode())
    return bytes(message)


@pytest.fixture
async def leg(make_scene: Any) -> tuple[Any, str, str]:
    """A relay, and the ICE credentials of one of its legs."""
    scene = await make_scene()
    offer = (await scene.relay.viewer_offer("cam", "viewer", "owner")).split("\r\n")
    return scene.relay, attribute(offer, "ice-ufrag"), attribute(offer, "ice-pwd")


@pytest.fixture
async def connect(leg: tuple[Any, str, str], stack: AsyncExitStack) -> AsyncIterator[Connect]:
    """Opens a socket to a server in front of that relay."""
    app = web.Application()
    app.router.add_get(MEDIA_PATH, MediaSocket(leg[0], lambda request: request.remote or "").handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}{MEDIA_PATH}"
    async with aiohttp.ClientSession() as http:

        async def open_socket(**options: Any) -> aiohttp.ClientWebSocketResponse:
            return await http.ws_connect(url, **({"protocols": (MEDIA_SUBPROTOCOL,)} | options))

        yield open_socket


async def end_of(ws: aiohttp.ClientWebSocketResponse) -> None:
    """Wait until the server closes it; it must say nothing before."""
    async with asyncio.timeout(30):
        message = await ws.receive()
    assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}


async def test_a_signed_check_is_answered_and_keeps_it_open(leg: tuple[Any, str, str], connect: Connect) -> None:
    _, ufrag, password = leg
    ws = await connect()
    for _ in range(2):
        request = check(ufrag, password)
        await ws.send_bytes(request)
        async with asyncio.timeout(30):
            answer = stun.parse_message(await ws.receive_bytes())
        assert answer.message_class is stun.Class.RESPONSE and answer.transaction_id == request[8:20]
        assert answer.attributes["XOR-MAPPED-ADDRESS"][0] == "127.0.0.1"
    await ws.send_bytes(bytes(MAX_DATAGRAM))  # a datagram of the largest size; nothing that is of any use
    await ws.send_bytes(check(ufrag, password))
    async with asyncio.timeout(30):
        assert await ws.receive_bytes()
    await ws.close()


@pytest.mark.parametrize("first", ["garbage", "wrong password", "unknown", "plain", "text", "empty"])
async def test_nobody_else_is_let_in(leg: tuple[Any, str, str], connect: Connect, first: str) -> None:
    _, ufrag, password = leg
    ws = await connect()
    if first == "text":
        await ws.send_str("hello")
    else:
        plain = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        await ws.send_bytes(
            {
                "garbage": b"\x80" * 100,
                "wrong password": check(ufrag, "x" * 32),
                "unknown": check("unknown", password),
                "plain": bytes(plain),
                "empty": b"",
            }[first]
        )
    await end_of(ws)


async def test_who_says_nothing_is_sent_away(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_socket, "PROOF_SECONDS", 0.1)
    await end_of(await connect())


async def test_a_frame_that_is_too_long_ends_it(leg: tuple[Any, str, str], connect: Connect) -> None:
    ws = await connect()
    await ws.send_bytes(check(*leg[1:]))
    assert await ws.receive_bytes()
    await ws.send_bytes(bytes(MAX_DATAGRAM + 1))
    await end_of(ws)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"headers": {"Origin": "https://evil.example"}}, 403),
        ({"headers": {"Origin": "null"}}, 403),
        ({"protocols": ()}, 400),
        ({"protocols": ("webrtc.onvif.org",)}, 400),
    ],
)
async def test_pages_and_others_are_refused(connect: Connect, options: dict[str, Any], status: int) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await connect(**options)
    assert refused.value.status == status


@pytest.mark.parametrize("limit", ["MAX_UNPROVEN_PER_NETWORK", "MAX_UNPROVEN"])
async def test_few_may_try_at_the_same_time_and_the_oldest_make_room(
    leg: tuple[Any, str, str], connect: Connect, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(web_socket, limit, 2)
    proven = await connect()
    await proven.send_bytes(check(*leg[1:]))
    assert await proven.receive_bytes()
    trying = [await connect() for _ in range(4)]
    for ws in trying[:2]:
        await end_of(ws)
    for ws in (*trying[2:], proven):
        await ws.send_bytes(check(*leg[1:]))
        async with asyncio.timeout(30):
            assert await ws.receive_bytes()
        await ws.close()


async def test_there_are_so_many_at_most(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_socket, "MAX_SOCKETS", 1)
    ws = await connect()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await connect()
    assert refused.value.status == 503
    await ws.close()


async def test_it_ends_with_the_leg_it_carries(leg: tuple[Any, str, str], connect: Connect) -> None:
    relay, ufrag, password = leg
    ws = await connect()
    await ws.send_bytes(check(ufrag, password))
    assert await ws.receive_bytes()
    relay.close_viewer("viewer")
    await end_of(ws)


async def test_so_do_others_that_were_shown_for_it(leg: tuple[Any, str, str], connect: Connect) -> None:
    relay, ufrag, password = leg
    sockets = [await connect() for _ in range(3)]
    for ws in sockets:
        await ws.send_bytes(check(ufrag, password))
        assert await ws.receive_bytes()
    relay.close_viewer("viewer")
    for ws in sockets:
        await end_of(ws)
