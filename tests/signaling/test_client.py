"""The device's client against the real hub: it registers, passes on, comes back, and knows when to give up."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from signaling.client import Rejected, SignalingClient, SignalingError
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, ProtocolError
from tests.patience import eventually
from tests.signaling.small_server import small_server
from tests.signaling.viewer_client import Fault as Refusal
from tests.signaling.viewer_client import connected

WAIT_SECONDS = 10.0


@dataclass
class Recorder:
    """A device that does nothing but remember."""

    calls: list[tuple[str, Any]] = field(default_factory=list)
    tickets: dict[str, str] = field(default_factory=dict)
    refuse: Exception | None = None
    hold: asyncio.Event | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def _note(self, name: str, what: Any) -> None:
        self.calls.append((name, what))
        self.changed.set()

    async def connected(self, registered: wire.RegisterResult) -> None:
        self._note("connected", registered)

    async def disconnected(self) -> None:
        self._note("disconnected", None)

    async def connect(self, params: wire.DeviceConnectParams) -> None:
        if self.refuse is not None:
            raise self.refuse
        if params.belvedere is not None and params.belvedere.ticket is not None:
            self.tickets[params.session] = params.belvedere.ticket
        if self.hold is not None:
            await self.hold.wait()
        self._note("connect", params)

    async def candidate(self, session: str, candidate: wire.Candidate) -> None:
        self._note("candidate", (session, candidate.candidate))

    async def extend(self, params: wire.DeviceExtendParams) -> None:
        self._note("extend", params)

    async def close(self, session: str, reason: str) -> None:
        self._note("close", (session, reason))

    async def hello(self, session: str, trust: wire.Trust | None) -> None:
        self._note("hello", (session, trust))

    async def orders(self, keyring: Sequence[str], orders: str | None) -> None:
        self._note("orders", (list(keyring), orders))

    async def saw(self, name: str, count: int = 1) -> Any:
        """Wait until this was called so many times; what it was called with last."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(found := [what for called, what in self.calls if called == name]) < count:
                self.changed.clear()
                await self.changed.wait()
        return found[count - 1]


@asynccontextmanager
async def running(
    url: str, device: Recorder, authorization: Callable[[], str] = lambda: "Bearer device-c1", **options: Any
) -> AsyncIterator[SignalingClient]:
    """A client that runs for the length of the block."""
    settings: dict[str, Any] = {
        "backoff": lambda _attempt: 0.02,
        "random": lambda: 0.5,
        "tickets": lambda: list(device.tickets.values()),
    }
    client = SignalingClient(url, authorization=authorization, handler=device, **(settings | options))
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_session_from_connect_to_close() -> None:
    device = Recorder()
    async with small_server() as server, running(server.url, device, capabilities={"audio": True}) as client:
        assert (await device.saw("connected")).id == "c1"
        async with connected(server.url, "Bearer viewer-u1-l1") as viewer:
            await viewer.register()
            result = await viewer.request("connect", peer="c1")
            assert result["capabilities"] == {"audio": True}
            session = result["session"]
            assert (await device.saw("connect")).session == session
            assert await client.trickle(session, wire.Candidate("early"))
            offering = asyncio.create_task(client.invite(session, "v=0"))
            await viewer.reply(await viewer.expect("invite"), answer="v=0 a")
            assert (await offering).answer == "v=0 a"
            await viewer.expect("trickle")
            await viewer.tell("trickle", session=session, candidate={"candidate": "late"})
            await viewer.tell("trickle", session=session, candidate={"candidate": ""})
            assert await device.saw("candidate", 2) == (session, "")
            assert (await viewer.request("extend", session=session))["expiryTimeSeconds"] > 3500
            assert (await device.saw("extend")).session == session
            await viewer.tell("belvedere.close", session=session, reason="enough")
            assert await device.saw("close") == (session, "enough")
        assert await client.event("wifi_password_wrong", "it was wrong")
        assert abs(client.server_time() - time.time()) < 5
    server_saw = [entry[0] for entry in server.diary.told]
    assert server_saw[0] == "online"
    assert "reported" in server_saw


async def test_a_refusal_reaches_the_viewer_with_its_code() -> None:
    for refusal, code in ((ProtocolError(Fault.TOO_MANY_REQUESTS, "full"), 429), (RuntimeError("a bug"), -32603)):
        device = Recorder(refuse=refusal)
        async with small_server() as server, running(server.url, device):
            await device.saw("connected")
            async with connected(server.url, "Bearer viewer-u1-l1") as viewer:
                await viewer.register()
                await viewer.request("connect", peer="c1")
                assert (await viewer.expect("error"))["params"]["code"] == code


async def test_the_viewers_refusal_reaches_the_device() -> None:
    device = Recorder()
    async with small_server() as server, running(server.url, device) as client:
        await device.saw("connected")
        async with connected(server.url, "Bearer viewer-u1-l1") as viewer:
            await viewer.register()
            session = (await viewer.request("connect", peer="c1"))["session"]
            offering = asyncio.create_task(client.invite(session, "v=0"))
            request = await viewer.expect("invite")
            await viewer.send({"id": request["id"], "error": {"code": 488, "message": "no common codec"}})
            with pytest.raises(SignalingError) as refused:
                await offering
            assert (refused.value.code, refused.value.message) == (488, "no common codec")
        with pytest.raises(SignalingError):
            await client.invite("unknown", "v=0")


async def test_calls_about_one_session_keep_their_order_and_others_do_not_wait() -> None:
    device = Recorder(hold=asyncio.Event())
    async with small_server() as server, running(server.url, device):
        await device.saw("connected")
        async with connected(server.url, "Bearer viewer-u1-l1") as viewer:
            await viewer.register()
            first = (await viewer.request("connect", peer="c1"))["session"]
            await viewer.tell("belvedere.close", session=first, reason="")
            hold, device.hold = device.hold, None
            second = (await viewer.request("connect", peer="c1"))["session"]
            assert (await device.saw("connect")).session == second
            assert hold is not None
            hold.set()
            await device.saw("close")
            about_first = [name for name, what in device.calls if first in str(what)]
            assert about_first == ["connect", "close"]


async def test_both_sides_return_after_the_server_was_restarted_and_the_session_lives() -> None:
    device = Recorder()
    async with small_server() as server, running(server.url, device) as client:
        await device.saw("connected")
        async with connected(server.url, "Bearer viewer-u1-l1") as viewer:
            await viewer.register()
            result = await viewer.request("connect", peer="c1")
            session, ticket = result["session"], result["belvedere"]["ticket"]
            offering = asyncio.create_task(client.invite(session, "v=0"))
            await viewer.reply(await viewer.expect("invite"), answer="v=0 a")
            await offering
            await server.stop()
            await device.saw("disconnected")
            assert not client.online
            assert not await client.close_session("other", "")
            with pytest.raises(SignalingError):
                await client.invite(session, "v=0")
            await server.start()
        registered = await device.saw("connected", 2)
        assert registered.belvedere.adopted == [session]
        async with connected(server.url, "Bearer viewer-u1-l1") as viewer:
            again = await viewer.register(belvedere={"tickets": [ticket]})
            assert again["belvedere"]["adopted"] == [session]
            await viewer.tell("belvedere.close", session=session, reason="enough")
            assert await device.saw("close") == (session, "enough")


async def test_it_waits_longer_each_time_as_it_is_told() -> None:
    attempts: list[int] = []
    enough = asyncio.Event()

    def backoff(attempt: int) -> float:
        attempts.append(attempt)
        if len(attempts) == 4:
            enough.set()
        return 0.01

    device = Recorder()
    async with small_server() as server:
        await server.stop()
        async with running(server.url, device, backoff=backoff):
            async with asyncio.timeout(WAIT_SECONDS):
                await enough.wait()
            await server.start()
            await device.saw("connected")
    assert attempts[:4] == [0, 1, 2, 3]


async def test_a_server_whose_name_can_be_nobodys_is_tried_again_like_any_other() -> None:
    attempts: list[int] = []

    def backoff(attempt: int) -> float:
        attempts.append(attempt)
        return 0.01

    async with running("ws://nobodys..invalid/api/signaling", Recorder(), backoff=backoff):
        await eventually(lambda: len(attempts) >= 2)
    assert attempts[:2] == [0, 1]


@pytest.mark.parametrize("dead", ["c1", ""])
async def test_an_identity_that_counts_no_more_ends_it(dead: str) -> None:
    device = Recorder()
    async with small_server() as server:
        client = SignalingClient(
            server.url,
            authorization=lambda: "Bearer device-c1" if dead else "Bearer nobody",
            handler=device,
            backoff=lambda _attempt: 0.01,
            random=lambda: 0.0,
        )
        task = asyncio.create_task(client.run())
        if dead:
            await device.saw("connected")
            await server.revoke("camera_revoked", dead)
        async with asyncio.timeout(WAIT_SECONDS):
            with pytest.raises(Rejected):
                await task


async def test_a_refusal_by_http_counts_as_well() -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=401)

    app = web.Application()
    app.router.add_get("/", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        client = SignalingClient(
            url,
            authorization=lambda: "Bearer x",
            handler=Recorder(),
            backoff=lambda _attempt: 0.01,
            random=lambda: 0.0,
        )
        with pytest.raises(Rejected):
            await client.run()
    finally:
        await runner.cleanup()


async def test_a_wrong_clock_is_put_right_by_the_server_before_we_give_up() -> None:
    device = Recorder()
    clients: list[SignalingClient] = []

    def authorization() -> str:
        right = abs(clients[0].server_time() - time.time()) < 30
        return "Bearer device-c1" if right else "Bearer expired"

    async with small_server() as server:
        clients.append(
            SignalingClient(
                server.url,
                authorization=authorization,
                handler=device,
                backoff=lambda _attempt: 0.01,
                random=lambda: 0.0,
                clock=lambda: time.time() - 86_400,
            )
        )
        task = asyncio.create_task(clients[0].run())
        await device.saw("connected")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_stopping_on_purpose_tells_the_viewers_and_a_break_does_not() -> None:
    device = Recorder()
    async with small_server() as server, connected(server.url, "Bearer viewer-u1-l1") as viewer:
        await viewer.register()
        async with running(server.url, device) as client:
            await device.saw("connected")
            session = (await viewer.request("connect", peer="c1"))["session"]
            offering = asyncio.create_task(client.invite(session, "v=0"))
            await viewer.reply(await viewer.expect("invite"), answer="v=0 a")
            await offering
            server.cut("c1")
            await device.saw("connected", 2)
            assert not [m for m in viewer.inbox if m.get("method") == "belvedere.close"]
        assert (await viewer.expect("belvedere.close"))["params"]["reason"] == "the camera left"
        with pytest.raises(Refusal):
            await viewer.request("connect", peer="c1")


async def test_who_was_superseded_does_not_wrestle() -> None:
    first, second = Recorder(), Recorder()
    async with small_server() as server, running(server.url, first):
        await first.saw("connected")
        async with running(server.url, second):
            await second.saw("connected")
            await first.saw("disconnected")
            await asyncio.sleep(0.3)  # ten times its backoff
            assert [name for name, _ in first.calls].count("connected") == 1
            assert [name for name, _ in second.calls] == ["connected"]


async def test_many_connections_leave_nothing_behind() -> None:
    device = Recorder()
    async with small_server() as server:
        for _ in range(20):
            async with running(server.url, device):
                await device.saw("connected", len([c for c in device.calls if c[0] == "connected"]) + 1)
        await eventually(lambda: server.hub.sizes()["sockets"] == 0)
        assert server.hub.sizes() == {"sockets": 0, "cameras": 0, "relays": 0, "sessions": 0}
        leftover = [task for task in asyncio.all_tasks() if "signaling.client" in repr(task.get_coro())]
        assert leftover == []
