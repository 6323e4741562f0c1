"""What the relay says and does when server, cameras and viewers come and go: the real relay, a scripted server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from camera_peer.broadcast import Broadcast
from camera_peer.viewer_session import Sessions
from media.relay import party_uploads
from media.relay.node import Relay
from media.relay.party_uploads import Cameras
from media.relay.party_viewers import Viewers
from media.relay.settings import RelaySettings
from media.relay.uploads import EXTEND_AHEAD_SECONDS
from signaling.client import SignalingError
from signaling.protocol.errors import Fault, Notice, ProtocolError
from signaling.protocol.messages import (
    ConnectedExtra,
    ConnectExtra,
    ConnectParams,
    ConnectResult,
    DeviceConnectParams,
    DeviceExtendParams,
    ExtendResult,
    InviteResult,
    RegisteredExtra,
    RegisterResult,
    TicketExtra,
)
from tests.benchmarks.light_client import LightViewer

LEASE = 3600


class Clock:
    """The party's; the relay has the real one."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Plays the server, the camera `cam` and the viewers' side of their sessions."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.said: list[tuple[Any, ...]] = []
        self.refusal: SignalingError | None = None
        self.silent = False
        self.deaf = False
        """The camera does not hear the relay's answers."""
        self.slow: asyncio.Event | None = None
        """Viewers answer once it is set."""
        self.refused = 0
        self.viewers: dict[str, LightViewer] = {}
        self.asked: list[str] = []
        self.cameras: Cameras
        self._tasks: set[asyncio.Task[None]] = set()

    # what the device socket is asked

    async def invite(self, session: str, offer: str) -> InviteResult:
        viewer = self.viewers[session] = LightViewer()
        if self.slow is not None:
            await self.slow.wait()
        return InviteResult(await viewer.answer(offer))

    async def close_session(self, session: str, reason: str) -> bool:
        self.said.append(("close", session, reason))
        await self.sessions.close(session)
        return True

    async def error(self, session: str, code: int, message: str) -> bool:
        self.said.append(("error", session, int(code), message))
        return True

    # what the client socket is asked

    async def connect(self, params: ConnectParams) -> ConnectResult:
        if self.refusal is not None:
            self.refused += 1
            raise self.refusal
        session = f"upload-{len(self.asked)}"
        self.asked.append(params.peer)
        if not self.silent:
            task = asyncio.create_task(self.offer(session))
            self._tasks.add(task)
        return ConnectResult(session, [], LEASE, None, ConnectedExtra(f"ticket-{session}"))

    async def extend(self, session: str) -> ExtendResult:
        self.said.append(("extend", session))
        return ExtendResult(LEASE, TicketExtra(f"extended-{session}"))

    async def offer(self, session: str) -> None:
        offer = await self.sessions.open(session, [], lambda *_: None)
        answer, _ = await self.cameras.invite(session, offer)
        if not self.deaf:
            await self.sessions.answer(session, answer)

    async def stop(self) -> None:
        for viewer in self.viewers.values():
            await viewer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Place:
    """All of it together."""

    def __init__(self, source: Any, settings: RelaySettings) -> None:
        self.clock = Clock()
        self.viewers = Viewers(self.clock)
        self.cameras = Cameras(self.viewers, self.clock)
        self.relay = Relay(
            settings,
            needs_upload=self.cameras.needed,
            upload_over=self.cameras.over,
            viewer_ended=self.viewers.ended,
        )
        self.broadcast = Broadcast(source)
        self.server = Server(Sessions(self.broadcast))
        self.server.cameras = self.cameras
        self.viewers.attach(self.relay, self.server)
        self.cameras.attach(self.relay, self.server)

    async def watch(self, session: str, camera: str = "cam") -> None:
        extra = ConnectExtra(f"ticket-{session}", camera=camera, owner="owner")
        await self.viewers.connect(DeviceConnectParams(session, None, [], LEASE, extra))

    def packets(self, session: str) -> int:
        viewer = self.server.viewers.get(session)
        return 0 if viewer is None else viewer.packets


@asynccontextmanager
async def place(source: Any, **settings: Any) -> AsyncIterator[Place]:
    there = Place(source, RelaySettings(addresses=("127.0.0.1",), linger=0.2, **settings))
    await there.relay.start()
    tasks = [asyncio.create_task(work) for work in (there.broadcast.run(), there.server.sessions.run())]
    try:
        yield there
    finally:
        await there.viewers.stop()
        await there.cameras.stop()
        await there.relay.stop()
        await there.server.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_viewers_share_an_upload_which_ends_after_them(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        await there.watch("a")
        await there.watch("b")
        await eventually(lambda: there.packets("a") > 20 and there.packets("b") > 20)
        assert there.server.asked == ["cam"]
        assert there.viewers.tickets() == ["ticket-a", "ticket-b"] and there.cameras.tickets() == ["ticket-upload-0"]
        await there.viewers.close("a", "enough")
        await there.server.viewers["b"].close()
        await eventually(lambda: [said[:2] for said in there.server.said] == [("close", "b"), ("close", "upload-0")])
        assert there.viewers.tickets() == there.cameras.tickets() == []


async def test_a_camera_that_does_not_come_is_named_and_asked_again(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        there.server.refusal = SignalingError(Fault.CAMERA_UNAVAILABLE, "the camera is not connected")
        await there.watch("a")
        refused = ("error", "a", 480, "the camera is not connected")
        await eventually(lambda: there.server.said == [refused])
        assert not there.viewers.watches("cam") and there.relay.load().viewers == 0
        there.server.refusal = None
        await there.watch("b")
        await eventually(lambda: there.packets("b") > 20)


@pytest.mark.parametrize("code", [Fault.UNAUTHORIZED, Fault.FORBIDDEN, Fault.NOT_FOUND, Fault.WAY_CLOSED])
async def test_what_the_relay_may_not_is_no_word_about_its_viewers(
    code: int, make_source: Any, eventually: Any
) -> None:
    async with place(make_source()) as there:
        there.server.refusal = SignalingError(code, "not you")
        await there.watch("a")
        await eventually(lambda: there.server.said == [("error", "a", Fault.CAMERA_UNAVAILABLE, "not you")])


async def test_an_absent_camera_is_asked_at_one_pace(
    make_source: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the relay finds that nothing comes: several refusals are followed by one more try."""
    monkeypatch.setattr(party_uploads, "RETRY_SECONDS", 60.0)
    async with place(make_source()) as there:
        await there.watch("a")
        await eventually(lambda: there.packets("a") > 20)
        there.server.refusal = SignalingError(Fault.CAMERA_UNAVAILABLE, "the camera is not connected")
        before = len(there.cameras._tasks)
        for _ in range(5):
            there.cameras.needed("cam")
            await eventually(lambda: there.cameras._uploads.ask("cam", there.clock.now))
            there.cameras._uploads.answered("cam")
        assert len(there.cameras._tasks) == before + 1


async def test_a_session_that_breaks_the_relay_is_the_only_one_that_ends(
    make_source: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place(make_source()) as there:
        await there.watch("a")
        await eventually(lambda: there.packets("a") > 20)
        monkeypatch.setattr(there.relay, "viewer_answer", lambda *_: 1 // 0)
        await there.watch("b")
        await eventually(lambda: ("error", "b", Fault.INTERNAL, "the relay failed") in there.server.said)
        assert there.relay.load().viewers == 1 and there.viewers.tickets() == ["ticket-a"]


async def test_a_camera_that_refuses_after_all_is_named_too(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        there.server.silent = True
        await there.watch("a")
        await eventually(lambda: there.server.asked == ["cam"])
        await there.cameras.close("upload-0", Fault.TOO_MANY_REQUESTS, "the camera is busy")
        await eventually(lambda: there.server.said == [("error", "a", 429, "the camera is busy")])


async def test_a_full_relay_says_which_limit(make_source: Any, eventually: Any) -> None:
    async with place(make_source(), viewers_per_owner=1) as there:
        await there.watch("a")
        await there.watch("b")
        await eventually(lambda: any(said[1] == "b" for said in there.server.said))
        (_, _, code, message) = there.server.said[0]
        assert code == Notice.RESOURCES and message.startswith("owner: ")
        assert there.viewers.tickets() == ["ticket-a"]


async def test_a_camera_that_moved_uploads_anew_and_the_picture_goes_on(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        await there.watch("a")
        await eventually(lambda: there.packets("a") > 20)
        await there.cameras.wake("unknown")
        await there.cameras.wake("upload-0")
        await eventually(lambda: there.cameras.tickets() == ["ticket-upload-1"])
        seen = there.packets("a")
        await eventually(lambda: there.packets("a") > seen + 50)
        assert there.server.asked == ["cam", "cam"] and there.relay.load().uploads == 1
        assert [said[:2] for said in there.server.said] == [("close", "upload-0")]


async def test_a_camera_that_moved_and_refuses_harms_nobody_and_is_asked_again(
    make_source: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody is about to watch: the picture that they wait for flows."""
    monkeypatch.setattr(party_uploads, "RETRY_SECONDS", 0.1)
    async with place(make_source()) as there:
        await there.watch("a")
        await eventually(lambda: there.packets("a") > 20)
        there.server.slow = asyncio.Event()
        await there.watch("b")
        await eventually(lambda: "b" in there.server.viewers)
        there.server.refusal = SignalingError(Fault.TOO_MANY_REQUESTS, "the camera is busy")
        await there.cameras.wake("upload-0")
        await eventually(lambda: there.cameras._moved["cam"] < party_uploads.WAKE_TRIES)
        there.server.slow.set()
        await eventually(lambda: there.packets("b") > 20)
        there.server.refusal = None
        await eventually(lambda: there.cameras.tickets() == ["ticket-upload-1"])
        assert [said[:2] for said in there.server.said] == [("close", "upload-0")] and there.cameras._moved == {}


async def test_nor_does_its_useless_offer(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        await there.watch("a")
        await eventually(lambda: there.packets("a") > 20)
        there.server.slow, there.server.silent = asyncio.Event(), True
        await there.watch("b")
        await there.cameras.wake("upload-0")
        await eventually(lambda: "b" in there.server.viewers and len(there.server.asked) == 2)
        with pytest.raises(ProtocolError):
            await there.cameras.invite("upload-1", "v=0")
        there.server.slow.set()
        await eventually(lambda: there.packets("b") > 20)
        assert there.server.said == []


async def test_a_camera_that_never_lets_itself_be_moved_is_asked_so_often(
    make_source: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(party_uploads, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(party_uploads, "WAKE_TRIES", 3)
    async with place(make_source()) as there:
        await there.watch("a")
        await eventually(lambda: there.packets("a") > 20)
        there.server.refusal = SignalingError(Fault.TOO_MANY_REQUESTS, "the camera is busy")
        there.server.refused = 0
        await there.cameras.wake("upload-0")
        await eventually(lambda: not there.cameras._moved and not there.cameras._tasks)
        assert there.server.refused == 4 and there.server.said == []


async def test_of_two_uploads_the_server_may_end_either(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        await there.watch("a")
        await eventually(lambda: there.packets("a") > 20)
        there.server.deaf = True
        await there.cameras.wake("upload-0")
        await eventually(lambda: there.cameras.tickets() == ["ticket-upload-0", "ticket-upload-1"])
        await there.cameras.close("upload-1", Fault.GONE, "the server ended it")
        seen = there.packets("a")
        await eventually(lambda: there.packets("a") > seen + 50)
        assert there.cameras.tickets() == ["ticket-upload-0"] and there.server.said == []
        there.server.deaf = False
        await there.cameras.wake("upload-0")
        await eventually(lambda: there.cameras._uploads.carries("upload-2"))
        await there.cameras.close("upload-0", Fault.GONE, "the server ended it")
        seen = there.packets("a")
        await eventually(lambda: there.packets("a") > seen + 50)
        assert there.server.asked == ["cam"] * 3 and there.cameras.tickets() == ["ticket-upload-2"]
        assert there.relay.load().uploads == 1
        # The next one may take over just before the server's word comes: then the relay has said so first.
        assert {said[:2] for said in there.server.said} <= {("close", "upload-0")}


async def test_an_upload_that_the_server_ended_is_asked_for_again(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        await there.watch("a")
        await eventually(lambda: there.packets("a") > 20)
        await there.cameras.connected(RegisterResult("relay:x", RegisteredExtra(adopted=[])))
        await eventually(lambda: there.server.asked == ["cam", "cam"])
        seen = there.packets("a")
        await eventually(lambda: there.packets("a") > seen + 50)


async def test_what_the_server_does_not_take_up_again_ends(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        for name in "ab":
            await there.watch(name)
        await eventually(lambda: there.packets("a") > 20 and there.packets("b") > 20)
        await there.viewers.connected(RegisterResult("relay:x", RegisteredExtra(adopted=["b"])))
        assert there.viewers.tickets() == ["ticket-b"] and there.relay.load().viewers == 1
        assert there.server.said == []


async def test_leases_are_extended_and_kept(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        await there.watch("a")
        await eventually(lambda: there.packets("a") > 20)
        there.clock.now = LEASE - EXTEND_AHEAD_SECONDS
        await there.cameras.mind_leases()
        await eventually(lambda: there.cameras.tickets() == ["extended-upload-0"])
        await there.viewers.extend(DeviceExtendParams("a", LEASE, TicketExtra("extended-a")))
        assert there.viewers.tickets() == ["extended-a"]
        there.clock.now = LEASE + 1
        await there.viewers.end_leases()
        await there.cameras.mind_leases()
        assert there.relay.load().viewers == there.relay.load().uploads == 1
        there.clock.now = 3 * LEASE
        await there.viewers.end_leases()
        assert there.relay.load().viewers == 0 and there.viewers.tickets() == []
        assert ("close", "a", "the time for this session is over") in there.server.said


async def test_what_makes_no_sense_is_refused(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        for extra in (None, ConnectExtra("t"), ConnectExtra("t", camera="cam")):
            with pytest.raises(ProtocolError):
                await there.viewers.connect(DeviceConnectParams("a", None, [], LEASE, extra))
        await there.watch("a")
        with pytest.raises(ProtocolError):
            await there.watch("a")
        with pytest.raises(ProtocolError):
            await there.viewers.extend(DeviceExtendParams("unknown", LEASE))
        with pytest.raises(ProtocolError) as refused:
            await there.cameras.invite("unknown", "v=0")
        assert refused.value.code == Fault.GONE
        await there.cameras.close("unknown", 410, "")
        await there.viewers.close("unknown", "")
        await eventually(lambda: there.packets("a") > 20)


async def test_an_offer_that_nobody_waits_for_any_more_is_declined(make_source: Any, eventually: Any) -> None:
    async with place(make_source()) as there:
        there.server.silent = True
        await there.watch("a")
        await eventually(lambda: there.server.asked == ["cam"])
        await there.viewers.close("a", "the viewer left")
        await eventually(lambda: there.relay.load().viewers == 0)
        await asyncio.sleep(0.5)  # longer than the upload lingers
        with pytest.raises(ProtocolError) as refused:
            await there.cameras.invite("upload-0", "v=0")
        assert refused.value.code == Fault.GONE and there.cameras.tickets() == []
