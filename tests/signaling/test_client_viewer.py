"""The client's end of the signaling socket against the real hub: asks, answers offers, hears of ends and moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from signaling.client import SignalingError
from signaling.client_viewer import ViewerClient
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, ProtocolError
from tests.signaling.small_server import SmallServer, small_server
from tests.signaling.viewer_client import Fault as Refusal
from tests.signaling.viewer_client import WirePeer, connected

WAIT_SECONDS = 10.0


@dataclass
class Viewer:
    """Remembers, and answers every offer."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    refuse: Exception | None = None
    tickets: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        self.changed.set()

    async def connected(self, registered: wire.RegisterResult) -> None:
        self._note("connected", registered)

    async def disconnected(self) -> None:
        self._note("disconnected")

    async def invite(self, session: str, offer: str, proof: str | None) -> tuple[str, str | None]:
        self._note("invite", session, offer, proof)
        if self.refuse is not None:
            raise self.refuse
        return f"answer to {offer}", None if proof is None else f"to.{proof}"

    async def close(self, session: str, code: int, reason: str) -> None:
        self._note("close", session, int(code), reason)

    async def wake(self, session: str) -> None:
        self._note("wake", session)

    async def envelope(self, session: str, text: str) -> None:
        self._note("envelope", session, text)

    async def saw(self, name: str, count: int = 1) -> tuple[Any, ...]:
        async with asyncio.timeout(WAIT_SECONDS):
            while len(found := [call for call in self.calls if call[0] == name]) < count:
                self.changed.clear()
                await self.changed.wait()
        return found[count - 1]


@asynccontextmanager
async def viewing(server: SmallServer, viewer: Viewer) -> AsyncIterator[ViewerClient]:
    """A client of `u1`."""
    client = ViewerClient(
        server.url,
        authorization=lambda: "Bearer viewer-u1-l1",
        handler=viewer,
        backoff=lambda _attempt: 0.02,
        random=lambda: 0.5,
        tickets=lambda: viewer.tickets,
    )
    task = asyncio.create_task(client.run())
    try:
        await viewer.saw("connected")
        yield client
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def watching(server: SmallServer, viewer: Viewer) -> AsyncIterator[tuple[ViewerClient, WirePeer]]:
    """And its camera `c1` as a bare socket."""
    async with connected(server.url, "Bearer device-c1") as camera:
        await camera.register()
        async with viewing(server, viewer) as client:
            yield client, camera


async def flowing(client: ViewerClient, camera: WirePeer) -> str:
    """A session whose offer has been answered; its id."""
    session = (await client.connect(wire.ConnectParams("c1"))).session
    await camera.reply(await camera.expect("connect"))
    assert (await camera.request("invite", session=session, offer="v=0"))["answer"] == "answer to v=0"
    return session


async def test_a_session_from_connect_to_its_end() -> None:
    viewer = Viewer()
    async with small_server() as server, watching(server, viewer) as (client, camera):
        session = await flowing(client, camera)
        extending = asyncio.create_task(client.extend(session))
        await camera.reply(await camera.expect("extend"))
        result = await extending
        assert result.expiry_time_seconds and result.belvedere and result.belvedere.ticket
        await camera.tell("belvedere.close", session=session, reason="enough")
        assert (await viewer.saw("close"))[1:] == (session, 1002, "enough")


async def test_refusals_have_codes_both_ways() -> None:
    viewer = Viewer()
    async with small_server() as server, watching(server, viewer) as (client, camera):
        with pytest.raises(SignalingError) as refused:
            await client.connect(wire.ConnectParams("c2"))
        assert refused.value.code == Fault.FORBIDDEN
        session = (await client.connect(wire.ConnectParams("c1"))).session
        asked = await camera.expect("connect")
        await camera.send({"id": asked["id"], "error": {"code": 429, "message": "busy"}})
        assert (await viewer.saw("close"))[1:] == (session, 429, "busy")
        viewer.refuse = ProtocolError(Fault.NOT_ACCEPTABLE, "no common codec")
        session = (await client.connect(wire.ConnectParams("c1"))).session
        await camera.reply(await camera.expect("connect"))
        with pytest.raises(Refusal) as declined:
            await camera.request("invite", session=session, offer="v=0")
        assert declined.value.code == 488


async def test_a_camera_that_moved_wakes_its_viewers() -> None:
    viewer = Viewer()
    async with small_server() as server, watching(server, viewer) as (client, camera):
        result = await client.connect(wire.ConnectParams("c1"))
        asked = await camera.expect("connect")
        await camera.reply(asked)
        await camera.request("invite", session=result.session, offer="v=0")
        ticket = asked["params"]["belvedere"]["ticket"]
        async with connected(server.url, "Bearer device-c1") as moved:
            await moved.register(belvedere={"tickets": [ticket], "moved": True})
            assert await viewer.saw("wake") == ("wake", result.session)


async def test_its_sessions_are_taken_up_again_after_a_restart() -> None:
    viewer = Viewer()
    async with small_server() as server, watching(server, viewer) as (client, camera):
        result = await client.connect(wire.ConnectParams("c1"))
        await camera.reply(await camera.expect("connect"))
        await camera.request("invite", session=result.session, offer="v=0")
        assert result.belvedere is not None and result.belvedere.ticket is not None
        viewer.tickets = [result.belvedere.ticket]
        await server.stop()
        await viewer.saw("disconnected")
        with pytest.raises(SignalingError):
            await client.connect(wire.ConnectParams("c1"))
        await server.start()
        registered = (await viewer.saw("connected", 2))[1]
        assert registered.belvedere.adopted == [result.session]


async def test_what_is_not_for_a_client_is_refused() -> None:
    client = ViewerClient(
        "", authorization=str, handler=Viewer(), backoff=lambda _attempt: 1.0, random=lambda: 0.5, tickets=list
    )
    for method in ("connect", "extend", "register"):
        with pytest.raises(ProtocolError) as refused:
            client.asked(wire.Request(1, method, msgspec.Raw(b"{}")))
        assert refused.value.code == Fault.METHOD_NOT_FOUND


async def test_signed_words_about_offer_and_answer_pass_between_the_two_clients() -> None:
    viewer = Viewer()
    async with small_server() as server, watching(server, viewer) as (client, camera):
        trust = wire.Trust("hello.of.viewer", ["first.of.ring"], ["grant.to.guest"])
        result = await client.connect(wire.ConnectParams("c1", belvedere=wire.WishExtra(trust=trust)))
        asked = await camera.expect("connect")
        assert asked["params"]["belvedere"]["trust"] == msgspec.to_builtins(trust)
        await camera.reply(asked)
        proof = {"proof": "signed.by.camera"}
        answer = await camera.request("invite", session=result.session, offer="v=0", belvedere=proof)
        assert (await viewer.saw("invite"))[1:] == (result.session, "v=0", "signed.by.camera")
        assert answer == {"answer": "answer to v=0", "belvedere": {"proof": "to.signed.by.camera"}}
