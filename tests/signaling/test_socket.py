"""The signaling socket as peers meet it: a real server, real WebSockets."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import pytest
from structlog.testing import capture_logs

from signaling.limits import Limits
from signaling.live.state import LiveEvent
from signaling.protocol.messages import SUBPROTOCOL
from tests.signaling.small_server import SmallServer, small_server
from tests.signaling.viewer_client import WAIT_SECONDS, Fault, WirePeer, connected


async def pair(stack: AsyncExitStack, server: SmallServer, login: str = "l1") -> tuple[WirePeer, WirePeer]:
    """Camera c1 and a viewer of its owner, both registered."""
    device = await stack.enter_async_context(connected(server.url, "Bearer device-c1"))
    await device.register()
    viewer = await stack.enter_async_context(connected(server.url, f"Bearer viewer-u1-{login}"))
    await viewer.register()
    return device, viewer


async def flow(device: WirePeer, viewer: WirePeer) -> str:
    """A whole set-up; returns the session."""
    session = str((await viewer.request("connect", peer="c1"))["session"])
    await device.reply(await device.expect("connect"))
    offering = asyncio.create_task(device.request("invite", session=session, offer="v=0"))
    await viewer.reply(await viewer.expect("invite"), answer="v=0 a")
    assert await offering == {"answer": "v=0 a"}
    return session


async def test_a_whole_session_over_real_sockets() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        device, viewer = await pair(stack, server)
        session = await flow(device, viewer)
        await device.tell("trickle", session=session, candidate={"candidate": "c"})
        assert (await viewer.expect("trickle"))["params"]["candidate"] == {"candidate": "c"}
        await viewer.tell("belvedere.stats", session=session, firstFrameMs=60)
        await device.tell("belvedere.event", name="ok", detail="")
        extending = asyncio.create_task(viewer.request("extend", session=session))
        await device.reply(await device.expect("extend"), expiryTimeSeconds=3600)
        assert (await extending)["expiryTimeSeconds"] in {3599, 3600}
        assert server.hub.sizes() == {"sockets": 2, "cameras": 1, "relays": 0, "sessions": 1}
        await viewer.stop()
        assert (await device.expect("belvedere.close"))["params"]["reason"] == "the viewer left"
        await device.stop()
        await server.stop()
        assert server.diary.told == [
            ("online", "c1"),
            ("first_frame", "c1"),
            ("reported", "c1", "ok", ""),
            ("offline", "c1"),
        ]
        await server.start()


@pytest.mark.parametrize("protocols", [(), ("chat",)])
async def test_the_subprotocol_is_required(protocols: tuple[str, ...]) -> None:
    async with small_server() as server:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with connected(server.url, protocols=protocols):
                pass
        assert refused.value.status == 400


async def test_it_speaks_the_subprotocol_and_does_not_compress() -> None:
    async with small_server() as server, connected(server.url, compress=15) as peer:
        assert peer.ws.protocol == "webrtc.onvif.org"
        assert not peer.ws.compress


@pytest.mark.parametrize(
    ("options", "params"),
    [
        ({"headers": {"Authorization": "Bearer viewer-u1-l1"}}, {}),
        ({}, {"authorization": "Bearer viewer-u1-l1"}),
        ({}, {"authorization": "viewer-u1-l1"}),
        ({}, {"authorization": "Ticket viewer-u1-l1"}),
        ({"headers": {"Cookie": "belvedere_session=viewer-u1-l1"}, "origin": "http://127.0.0.1:PORT"}, {}),
    ],
    ids=["header", "register", "bare", "ticket", "cookie"],
)
async def test_ways_to_say_who_one_is(options: dict[str, object], params: dict[str, str]) -> None:
    async with small_server() as server:
        origin = str(options["origin"]).replace("PORT", str(server.port)) if "origin" in options else None
        async with connected(server.url, **{**options, "origin": origin}) as viewer:
            assert (await viewer.register(**params))["id"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"Authorization": "Bearer nobody"}},
        {"headers": {"Cookie": "belvedere_session=viewer-u1-l1"}},
        {"headers": {"Cookie": "belvedere_session=device-c1"}, "origin": "http://127.0.0.1:PORT"},
        {"params": {"access_token": "viewer-u1-l1"}},
    ],
    ids=["nothing", "wrong", "no origin", "device by cookie", "viewer by query"],
)
async def test_ways_not_to(options: dict[str, object]) -> None:
    async with small_server() as server:
        options = {
            key: value.replace("PORT", str(server.port)) if isinstance(value, str) else value
            for key, value in options.items()
        }
        async with connected(server.url, **options) as viewer:
            with pytest.raises(Fault) as refused:
                await viewer.register()
            assert refused.value.code == 401
            assert await viewer.closed() == 4401


@pytest.mark.parametrize("name", ["access_token", "authorization"])
async def test_a_device_may_use_the_query_and_it_is_not_logged(name: str) -> None:
    with capture_logs() as logs:
        async with small_server() as server, connected(server.url, params={name: "device-c1"}) as device:
            assert (await device.register())["id"] == "c1"
    assert "device-c1" not in repr(logs)


async def test_binary_frames_and_huge_ones_close_the_socket() -> None:
    async with small_server() as server:
        async with connected(server.url) as peer:
            await peer.ws.send_bytes(b"\x00")
            assert await peer.closed() == 1003
        async with connected(server.url) as peer:
            await peer.ws.send_str("x" * (64 * 1024 + 1))
            assert await peer.closed() == 1009
        async with connected(server.url) as peer:
            await peer.ws.send_frame(b"\xff\xfe", aiohttp.WSMsgType.TEXT)
            assert await peer.closed() == 1007


async def test_who_does_not_register_is_closed() -> None:
    async with small_server(Limits(register_seconds=0.1)) as server, connected(server.url) as silent:
        assert await silent.closed() == 4408


async def test_a_half_open_socket_is_noticed() -> None:
    async with small_server(Limits(heartbeat_seconds=0.2)) as server:
        async with connected(server.url, "Bearer device-c1", autoping=False) as device:
            await device.register()
            await device.closed()
        assert server.hub.sizes()["cameras"] == 0


async def test_sockets_are_bounded_by_address_and_before_register() -> None:
    for limits, status in ((Limits(sockets_per_address=2), 429), (Limits(sockets_unregistered=2), 503)):
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(small_server(limits))
            for _ in range(2):
                last = await stack.enter_async_context(connected(server.url, "Bearer viewer-u1-l1"))
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await stack.enter_async_context(connected(server.url))
            assert refused.value.status == status
            assert refused.value.headers is not None
            assert refused.value.headers["Retry-After"]
            await last.register() if status == 503 else await last.stop()
            for _ in range(200):
                try:
                    await stack.enter_async_context(connected(server.url))
                    break
                except aiohttp.WSServerHandshakeError:
                    await asyncio.sleep(0.01)  # the server's half of the closing handshake takes a moment
            else:
                pytest.fail("there was no room again")


async def test_the_addresses_of_one_ipv6_subscriber_count_as_one() -> None:
    async with small_server(Limits(sockets_per_address=2)) as server, AsyncExitStack() as stack:
        for host in (1, 2):
            server.caller = f"2001:db8:0:1::{host}"
            await stack.enter_async_context(connected(server.url))
        server.caller = "2001:db8:0:1::3"
        with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
            await stack.enter_async_context(connected(server.url))
        server.caller = "2001:db8:0:2::1"
        await stack.enter_async_context(connected(server.url))


async def test_a_slow_reader_loses_its_socket_and_nobody_else_waits() -> None:
    limits = Limits(queue_messages=20, candidates_per_side=10_000, messages_burst=100_000)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server(limits))
        device, viewer = await pair(stack, server)
        session = await flow(device, viewer)
        transport = viewer.ws._response.connection.transport  # aiohttp has no public way to stop reading
        transport.pause_reading()
        quick = await stack.enter_async_context(connected(server.url, "Bearer viewer-u1-l2"))
        await quick.register()
        filler = {"candidate": "x" * 1900}
        while not server.diary.counted["too_slow"]:
            for _ in range(200):
                await device.tell("trickle", session=session, candidate=filler)
            await flow(device, quick)
        assert server.hub.sizes()["sockets"] <= 3
        transport.resume_reading()
        await viewer.closed()
        assert "error" not in [message.get("method") for message in device.inbox]


async def test_a_socket_over_its_rate_is_read_more_slowly_and_loses_nothing() -> None:
    async with AsyncExitStack() as stack:
        limits = Limits(messages_burst=5, messages_per_second=500)
        server = await stack.enter_async_context(small_server(limits))
        device, viewer = await pair(stack, server)
        session = await flow(device, viewer)
        for number in range(50):
            await viewer.tell("trickle", session=session, candidate={"candidate": str(number)})
        got = [(await device.expect("trickle"))["params"]["candidate"]["candidate"] for _ in range(50)]
        assert got == [str(number) for number in range(50)]
        assert server.diary.counted["slowed"] > 10


async def test_pings_count_like_messages_and_are_all_answered() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server(Limits(messages_burst=5, messages_per_second=500)))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        ws = await stack.enter_async_context(http.ws_connect(server.url, protocols=(SUBPROTOCOL,), autoping=False))
        for number in range(50):
            await (ws.ping if number % 2 else ws.pong)(str(number).encode())
        answers = [await ws.receive(WAIT_SECONDS) for _ in range(25)]
        assert {answer.type for answer in answers} == {aiohttp.WSMsgType.PONG}
        assert [answer.data for answer in answers] == [str(number).encode() for number in range(1, 50, 2)]
        assert server.diary.counted["slowed"] > 10


async def test_signing_out_closes_the_socket_and_tells_the_camera() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        device, viewer = await pair(stack, server)
        session = await flow(device, viewer)
        await server.revoke("login_ended", "l1")
        async with asyncio.timeout(1.0):
            assert (await device.expect("belvedere.close"))["params"]["session"] == session
            assert await viewer.closed() == 4401


@pytest.mark.parametrize("kind", ["camera_removed", "camera_revoked"])
async def test_a_camera_that_no_longer_counts_is_closed_and_its_viewers_told(kind: str) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        device, viewer = await pair(stack, server)
        session = await flow(device, viewer)
        await server.revoke(kind, "c1")
        async with asyncio.timeout(1.0):
            assert (await viewer.expect("belvedere.close"))["params"]["session"] == session
            assert await device.closed() == 4401
        assert server.hub.sizes() == {"sockets": 1, "cameras": 0, "relays": 0, "sessions": 0}


async def test_after_missed_revocations_everybody_is_looked_at_anew() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        device, viewer = await pair(stack, server)
        session = await flow(device, viewer)
        server.gate.dead.add("l1")
        await server.live.publish(LiveEvent("lost"))
        assert (await device.expect("belvedere.close"))["params"]["session"] == session
        assert await viewer.closed() == 4401
        assert not device.ws.closed


async def test_a_login_that_ends_while_it_registers_does_not_slip_in() -> None:
    async with small_server() as server, connected(server.url, "Bearer viewer-u1-l1") as viewer:

        async def sign_out(login: str) -> None:
            await server.revoke("login_ended", login)
            await asyncio.sleep(0.05)

        server.gate.while_asking = sign_out
        await viewer.register()
        assert await viewer.closed() == 4401


async def test_a_server_that_cannot_check_says_so_and_lets_nobody_in() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        device, viewer = await pair(stack, server)
        server.gate.broken = True
        with pytest.raises(Fault) as refused:
            await viewer.request("connect", peer="c1")
        assert refused.value.code == -32603
        late = await stack.enter_async_context(connected(server.url, "Bearer viewer-u1-l2"))
        with pytest.raises(Fault):
            await late.register()
        assert await late.closed() == 1013
        server.gate.broken = False
        await flow(device, viewer)


async def test_the_newest_connection_wins_and_stays_online() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        old, viewer = await pair(stack, server)
        new = await stack.enter_async_context(connected(server.url, "Bearer device-c1"))
        await new.register()
        assert await old.closed() == 4001
        await flow(new, viewer)
        presence = await server.live.presence("c1")
        assert presence is not None
        assert presence.socket_id == server.hub.table.devices["c1"].socket
        assert ("offline", "c1") not in server.diary.told


async def test_shutting_down_says_goodbye_and_closes_all_at_once() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        device, viewer = await pair(stack, server)
        await flow(device, viewer)
        stuck = [await stack.enter_async_context(connected(server.url, autoclose=False)) for _ in range(30)]
        for peer in stuck:
            peer.ws._response.connection.transport.pause_reading()  # these never answer the closing handshake
        began = asyncio.get_running_loop().time()
        await server.stop()
        # One after the other, thirty closing handshakes of 2 s would have taken a minute.
        assert asyncio.get_running_loop().time() - began < 20
        for party in (device, viewer):
            assert (await party.expect("belvedere.goAway"))["params"]["graceSeconds"] == 0.1
            assert await party.closed() == 1012
        assert server.hub.sizes() == {"sockets": 0, "cameras": 0, "relays": 0, "sessions": 1}
        for peer in stuck:
            peer.ws._response.connection.transport.abort()
        await server.start()


@pytest.mark.parametrize("other", ["viewer-u1-l2", "viewer-u2-l3", "nobody"])
async def test_only_the_token_of_the_own_login_counts_in_connect_and_extend(other: str) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        device, viewer = await pair(stack, server, "l1")
        with pytest.raises(Fault, match="401"):
            await viewer.request("connect", peer="c1", authorization=other)
        session = await flow(device, viewer)
        with pytest.raises(Fault, match="401"):
            await viewer.request("extend", session=session, authorization=other)
        extending = asyncio.create_task(viewer.request("extend", session=session, authorization="viewer-u1-l1"))
        await device.reply(await device.expect("extend"), expiryTimeSeconds=3600)
        assert (await extending)["expiryTimeSeconds"] in {3599, 3600}
