"""The agent between server and viewers: who is let in, what ends a session, what the server is told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from camera_peer import agent as agent_module
from camera_peer.agent import CameraAgent
from camera_peer.camera import IdentityRejected
from camera_peer.door import Door
from camera_peer.lifecycle import REJECTIONS_BEFORE_RESET
from camera_peer.owner import OwnerFacts
from camera_peer.picture import Picture
from camera_peer.problem import Problem
from camera_peer.reports import PAST_PROBLEM_SECONDS
from camera_peer.state import LastProblem, Pairing
from camera_peer.trust import PinnedKey
from camera_peer.viewer_session import Closed, Found, TooManySessions
from camera_peer.whereabouts import Change
from media.answer import BadAnswer
from media.frames import SourceError
from media.tunnel import TunnelTarget
from signaling.client import Rejected, SignalingError, Trust
from signaling.protocol.errors import Fault, ProtocolError
from signaling.protocol.messages import (
    Candidate,
    ConnectExtra,
    DeviceConnectParams,
    DeviceExtendParams,
    IceServer,
    InviteResult,
    RegisteredExtra,
    RegisterResult,
)
from signaling.protocol.trust.envelope import SenderKey

PAIRING = Pairing("cam1", "https://a", "wss://a/api/signaling")
A, B, C, D = (letter * 21 + "A" for letter in "ABCD")
PINNED = Pairing("cam1", "https://a", "wss://a/api/signaling", pin=A)


class FakeViewers:
    """Sessions without media: what was asked of them, in order."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []
        self.closed: dict[str, Closed] = {}
        self.found: dict[str, Found] = {}
        self.tunnels: list[TunnelTarget | None] = []
        self.relays: list[bool] = []
        self.sealed: list[bool] = []
        self.sealed_counter = 0
        self.full = False
        self.bad_answer = False

    async def run(self) -> None:
        await asyncio.Event().wait()

    def seal(self, key: SenderKey) -> None:
        self.said.append(("seal", key.epoch))
        self.sealed_counter = 0

    def use_ice_servers(self, ice_servers: Sequence[IceServer]) -> None:
        self.said.append(("ice", [url for server in ice_servers for url in server.urls]))

    def moved(self) -> None:
        self.said.append(("moved",))

    async def open(
        self,
        session_id: str,
        ice_servers: Sequence[IceServer],
        closed: Closed,
        *,
        found: Found,
        relay: bool,
        sealed: bool,
        tunnel: TunnelTarget | None,
    ) -> str:
        self.said.append(("open", session_id, list(ice_servers)))
        self.tunnels.append(tunnel)
        self.relays.append(relay)
        self.sealed.append(sealed)
        if self.full:
            raise TooManySessions("the camera has as many viewers as it can serve")

        def over(name: str, reason: str) -> None:
            del self.closed[name]
            closed(name, reason)

        self.closed[session_id], self.found[session_id] = over, found
        return f"offer {session_id}"

    async def answer(self, session_id: str, sdp: str, signed: str | None) -> None:
        if self.bad_answer:
            raise BadAnswer("there is no common codec")
        self.said.append(("answer", session_id, sdp, *([signed] if signed is not None else [])))

    def add_candidate(self, session_id: str, candidate: str | None) -> None:
        self.said.append(("candidate", session_id, candidate))

    async def close(self, session_id: str) -> None:
        self.closed.pop(session_id, None)
        self.said.append(("close", session_id))

    def running(self) -> list[str]:
        return list(self.closed)


class FakeLine:
    """The connection to the server: a script of what `run` does, and what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.refuse_invites = False
        self.rejections = 0
        self.online = True
        self.answer_to: Callable[[str, str, str | None], InviteResult] = self.plain_answer

    def plain_answer(self, session: str, offer: str, _: str | None) -> InviteResult:
        return InviteResult(f"answer to {offer} in {session}")

    async def run(self) -> None:
        if self.rejections:
            self.rejections -= 1
            raise Rejected("unknown device")
        await asyncio.Event().wait()

    def reconnect(self, *, moved: bool) -> None:
        self.sent.append(("reconnect", moved))

    def believe(self, tls: Trust) -> None:
        assert isinstance(tls, PinnedKey)
        self.sent.append(("believe", *tls.pins))

    async def trickle(self, session: str, candidate: Candidate) -> bool:
        self.sent.append(("trickle", session, candidate.candidate, candidate.sdp_mid))
        return True

    async def invite(self, session: str, offer: str, proof: str | None) -> InviteResult:
        if self.refuse_invites:
            raise SignalingError(Fault.GONE, "the viewer is gone")
        return self.answer_to(session, offer, proof)

    async def envelope(self, session: str, text: str) -> bool:
        self.sent.append(("envelope", session, text))
        return True

    async def receipt(self, text: str) -> bool:
        self.sent.append(("receipt", text))
        return True

    async def close_session(self, session: str, reason: str) -> bool:
        self.sent.append(("close", session, reason))
        return True

    async def error(self, session: str, code: int, message: str) -> bool:
        self.sent.append(("error", session, code, message))
        return True

    async def event(self, name: str, detail: str = "") -> bool:
        self.sent.append(("event", name, detail))
        return True


class FakeMoves:
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.earlier: LastProblem | None = None
        self.learnt: list[tuple[str, ...]] = []
        self.owner: OwnerFacts | None = None
        self.disk_full = False

    def registered(self) -> LastProblem | None:
        self.heard.append("registered")
        return self.earlier

    def lost(self) -> None:
        self.heard.append("lost")

    def learned(self, pins: tuple[str, ...]) -> None:
        self.learnt.append(pins)

    def owned(self, owner: OwnerFacts) -> bool:
        self.owner = owner
        return not self.disk_full


class Bench:
    """An agent with everything around it fake, and a clock that the test moves."""

    def __init__(self, door: Door | None = None, viewers: FakeViewers | None = None) -> None:
        self.viewers = viewers or FakeViewers()
        self.line = FakeLine()
        self.moves = FakeMoves()
        self.now = 0.0
        self.naps: list[float] = []
        self.source_fails = False
        self.tickets: Callable[[], list[str]] = list
        self.network: Callable[[Change], None] = lambda _: None
        self.agent = CameraAgent(
            self.viewers,
            lambda told: Picture(self.play, told, random=lambda: 1.0),
            self.line_of,
            lambda _: door,
            random=lambda: 1.0,
            monotonic=lambda: self.now,
            sleep=self.sleep,
            watch_network=self.watch_network,
        )

    async def watch_network(self, told: Callable[[Change], None]) -> None:
        self.network = told
        await asyncio.Event().wait()

    def line_of(self, *made_from: Any) -> FakeLine:
        _, _, self.tickets, _ = made_from
        return self.line

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(0)

    async def play(self, _: Callable[[], None]) -> None:
        if self.source_fails:
            raise SourceError("The device /dev/video0 is not there.")
        await asyncio.Event().wait()

    async def connect(self, session: str, seconds: int | None = 60) -> None:
        extra = ConnectExtra(ticket=f"ticket {session}")
        await self.agent.connect(DeviceConnectParams(session, expiry_time_seconds=seconds, belvedere=extra))
        await settle()


async def settle() -> None:
    """Let what was started come to rest; nothing here waits for real time."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def working(bench: Bench, pairing: Pairing = PAIRING) -> AsyncIterator[Bench]:
    task = asyncio.create_task(bench.agent.run(pairing, bench.moves))
    await settle()
    try:
        yield bench
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with working(Bench()) as made:
        await made.agent.connected(RegisterResult("cam1"))
        await settle()
        yield made


async def test_a_viewer_is_offered_and_its_answer_and_candidates_arrive(bench: Bench) -> None:
    await bench.connect("s1")
    await bench.agent.candidate("s1", Candidate("candidate:1", sdp_mid="0"))
    await bench.agent.candidate("s1", Candidate(""))
    assert bench.viewers.said[-3:] == [
        ("answer", "s1", "answer to offer s1 in s1"),
        ("candidate", "s1", "candidate:1"),
        ("candidate", "s1", ""),
    ]
    assert bench.tickets() == ["ticket s1"]


async def test_a_viewer_too_many_is_refused_in_words(bench: Bench) -> None:
    bench.viewers.full = True
    with pytest.raises(ProtocolError, match="as many viewers") as refused:
        await bench.connect("s1")
    assert refused.value.code is Fault.TOO_MANY_REQUESTS
    assert bench.tickets() == []


async def test_a_viewer_that_went_away_before_answering_leaves_nothing(bench: Bench) -> None:
    bench.line.refuse_invites = True
    await bench.connect("s1")
    assert ("close", "s1") in bench.viewers.said
    assert bench.tickets() == []


async def test_no_common_codec_is_told_to_the_viewer(bench: Bench) -> None:
    bench.viewers.bad_answer = True
    await bench.connect("s1")
    assert ("error", "s1", Fault.NOT_ACCEPTABLE, "there is no common codec") in bench.line.sent
    assert bench.tickets() == []


async def test_the_servers_close_ends_media(bench: Bench) -> None:
    await bench.connect("s1")
    await bench.agent.close("s1", "revoked")
    assert bench.viewers.said[-1] == ("close", "s1")
    assert bench.tickets() == []


async def test_a_session_that_ends_by_itself_is_told_to_the_server(bench: Bench) -> None:
    await bench.connect("s1")
    bench.viewers.closed["s1"]("s1", "the viewer left")
    await settle()
    assert ("close", "s1", "the viewer left") in bench.line.sent


async def test_a_lost_socket_ends_no_session_and_adoption_keeps_it(bench: Bench) -> None:
    await bench.connect("s1")
    await bench.connect("s2")
    await bench.agent.disconnected()
    assert ("close", "s1") not in bench.viewers.said
    assert bench.tickets() == ["ticket s1", "ticket s2"]
    await bench.agent.connected(RegisterResult("cam1", RegisteredExtra(adopted=["s1"])))
    await settle()
    assert ("close", "s1") not in bench.viewers.said
    assert ("close", "s2") in bench.viewers.said
    assert bench.moves.heard == ["registered", "lost", "registered"]


async def test_a_lease_ends_a_session_unless_it_is_extended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_module, "LEASE_LOOK_SECONDS", 0.0)
    fresh = Bench()
    async with working(fresh):
        await fresh.agent.connected(RegisterResult("cam1"))
        await fresh.connect("s1")
        await fresh.connect("s2")
        fresh.now = 50
        await fresh.agent.extend(DeviceExtendParams("s2", 60, ConnectExtra(ticket="later")))
        fresh.now = 70
        await settle()
        assert ("close", "s1") in fresh.viewers.said
        assert ("close", "s2") not in fresh.viewers.said
        assert fresh.tickets() == ["later"]
        assert ("close", "s1", "the time for this session is over") in fresh.line.sent


async def test_a_session_that_is_over_cannot_be_extended(bench: Bench) -> None:
    with pytest.raises(ProtocolError, match="over"):
        await bench.agent.extend(DeviceExtendParams("s9", 60))


async def test_ice_servers_of_register_are_used(bench: Bench) -> None:
    extra = RegisteredExtra(ice_servers=[IceServer(["stun:stun.home:3478"])])
    await bench.agent.connected(RegisterResult("cam1", extra))
    assert ("ice", ["stun:stun.home:3478"]) in bench.viewers.said


async def test_each_key_of_the_server_is_known_before_it_is_in_use() -> None:
    """It stays connected through as many changes as there are, although it began with one pin."""
    bench = Bench()
    async with working(bench, PINNED):
        for pins in ([A, B], [A, B], [B, C], [D, A]):
            await bench.agent.connected(RegisterResult("cam1", RegisteredExtra(pins=pins)))
    assert bench.moves.learnt == [(A, B), (A, B), (B, C)]
    assert [said for said in bench.line.sent if said[0] == "believe"][-1] == ("believe", B, C)


async def test_a_camera_that_believes_as_browsers_do_is_talked_into_no_key() -> None:
    bench = Bench()
    async with working(bench):
        await bench.agent.connected(RegisterResult("cam1", RegisteredExtra(pins=[A, B])))
        await settle()
    assert bench.moves.learnt == []
    assert not any(said[0] == "believe" for said in bench.line.sent)


async def test_a_failing_source_leaves_the_camera_online_and_is_reported() -> None:
    failing = Bench()
    failing.source_fails = True
    async with working(failing):
        await failing.agent.connected(RegisterResult("cam1"))
        await settle()
        sentence = "The device /dev/video0 is not there."
        assert failing.line.sent == [("event", "source_failed", sentence)]
        with pytest.raises(ProtocolError, match="no picture: The device") as refused:
            await failing.connect("s1")
        assert refused.value.code is Fault.CAMERA_UNAVAILABLE


async def test_the_last_problem_is_reported_and_later_taken_back() -> None:
    bench = Bench()
    bench.moves.earlier = LastProblem(Problem.WIFI_PASSWORD_WRONG, "The Wi-Fi refused the password.")
    async with working(bench):
        await bench.agent.connected(RegisterResult("cam1"))
        await settle()
    assert bench.line.sent == [("event", "wifi_password_wrong", "The Wi-Fi refused the password."), ("event", "ok", "")]
    assert bench.naps == [PAST_PROBLEM_SECONDS]


async def test_one_rejection_costs_no_pairing_but_several_in_a_row_do() -> None:
    once = Bench()
    once.line.rejections = REJECTIONS_BEFORE_RESET - 1
    async with working(once):
        await settle()
        assert once.line.rejections == 0
        assert len(once.naps) == REJECTIONS_BEFORE_RESET - 1
        assert once.naps == sorted(once.naps)
    gone = Bench()
    gone.line.rejections = 99
    with pytest.raises(IdentityRejected):
        await gone.agent.run(PAIRING, gone.moves)
    assert gone.line.rejections == 99 - REJECTIONS_BEFORE_RESET


async def test_a_candidate_found_later_is_trickled(bench: Bench) -> None:
    await bench.connect("s1")
    bench.viewers.found["s1"]("s1", "candidate:9")
    bench.viewers.found["s1"]("s1", "")
    await settle()
    assert bench.line.sent[-2:] == [("trickle", "s1", "candidate:9", "0"), ("trickle", "s1", "", "0")]


async def test_a_relays_tunnel_is_handed_on_with_the_trust_that_fits(bench: Bench) -> None:
    for url in ("wss://a/api/media", "wss://relay.example/api/media", "http://a/api/media"):
        extra = ConnectExtra(ticket="t", via="relay", tunnel=url)
        await bench.agent.connect(DeviceConnectParams(url, expiry_time_seconds=60, belvedere=extra))
    assert [tunnel and tunnel.url for tunnel in bench.viewers.tunnels] == [
        "wss://a/api/media",
        "wss://relay.example/api/media",
        None,
    ]
    await bench.connect("s1")
    assert bench.viewers.relays == [True, True, True, False]


@pytest.mark.parametrize(
    ("change", "online", "gathers", "sent"),
    [
        (Change.MOVED, True, True, [("reconnect", True)]),
        (Change.NEW, True, True, []),
        (Change.ROUTE, True, False, []),
        (Change.ROUTE, False, True, [("reconnect", False)]),
        (Change.NEW, False, True, [("reconnect", False)]),
    ],
)
async def test_a_change_of_the_network_is_acted_on(
    bench: Bench, change: Change, online: bool, gathers: bool, sent: list[Any]
) -> None:
    await bench.connect("s1")
    if not online:
        await bench.agent.disconnected()
    bench.line.sent.clear()
    bench.network(change)
    assert (("moved",) in bench.viewers.said) is gathers
    assert bench.line.sent == sent
    assert ("close", "s1") not in bench.viewers.said, "the old session goes on until the new picture is there"


async def test_nothing_is_left_running() -> None:
    before = asyncio.all_tasks()
    bench = Bench()
    async with working(bench):
        await bench.agent.connected(RegisterResult("cam1"))
        await bench.connect("s1")
    assert asyncio.all_tasks() == before
    assert bench.tickets() == []
