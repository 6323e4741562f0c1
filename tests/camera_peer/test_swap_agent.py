"""A protected camera between server and viewers: what it asks for, what it refuses, and what it says aloud."""

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from camera_peer import agent as agent_module
from camera_peer import doorkeeper
from camera_peer.door import CLOSED_TO_PLAYERS, UNKNOWN, Door
from camera_peer.doorkeeper import NEWS
from camera_peer.problem import Problem
from signaling.protocol.errors import Fault, Notice, ProtocolError
from signaling.protocol.messages import (
    ConnectExtra,
    DeviceConnectParams,
    InviteResult,
    ProofExtra,
    RegisterResult,
    Trust,
)
from signaling.protocol.trust import session
from signaling.protocol.trust.envelope import open_
from signaling.protocol.trust.plain import check_plain
from signaling.protocol.trust.receipt import read_receipt
from tests.camera_peer.callers import BOTH, CAMERA, PHONE, Caller, caller, guest, owner, without
from tests.camera_peer.test_agent import Bench, FakeViewers, settle, working
from tests.signaling.trust.people import NOW, exchange_key, key, ordered, sdp

STANDARD = ordered(serials=(), standard=True)


class Describing(FakeViewers):
    """Offers that name a certificate."""

    async def open(self, session_id: str, *made_from: Any, **more: Any) -> str:
        await super().open(session_id, *made_from, **more)
        return sdp("camera")


def trust(shown: Caller) -> Trust:
    return Trust(shown.hello, list(shown.keyring), list(shown.chain))


class Protected(Bench):
    """A camera that belongs to the phone and the laptop, and whoever answers its offers."""

    def __init__(self, texts: list[str] = BOTH) -> None:
        self.wall, self.now = float(NOW), 0.0
        numbers = itertools.count()
        door = Door(
            key("camera"),
            owner(texts),
            random_bytes=lambda size: hashlib.sha256(str(next(numbers)).encode()).digest()[:size],
            wall=lambda: self.wall,
            monotonic=lambda: self.now,
        )
        super().__init__(door, Describing())

    def answering(self, shown: Caller, by: str = "phone", certificate: str | None = None) -> None:
        """From now on this one checks our offers and signs its answers, which may come with another certificate."""

        def answer(name: str, offer: str, proof: str | None) -> InviteResult:
            assert proof is not None
            offered = session.check_offer(proof, shown.hello, CAMERA, name, offer)
            ours = session.answer(key(by), offered, sdp(by), NOW)
            return InviteResult(sdp(certificate or by), belvedere=ProofExtra(ours))

        self.line.answer_to = answer

    async def call(self, name: str, shown: Caller | None, via: Any = None) -> None:
        extra = ConnectExtra(ticket=f"ticket {name}", via=via, trust=None if shown is None else trust(shown))
        await self.agent.connect(DeviceConnectParams(name, expiry_time_seconds=60, belvedere=extra))
        await settle()

    async def hello(self, name: str, shown: Caller | None) -> None:
        await self.agent.hello(name, None if shown is None else trust(shown))

    def envelopes(self) -> dict[str, str]:
        """The last one for each session; they are taken away."""
        found = {said[1]: said[2] for said in self.line.sent if said[0] == "envelope"}
        self.line.sent[:] = [said for said in self.line.sent if said[0] != "envelope"]
        return found


@asynccontextmanager
async def protected(texts: list[str] = BOTH) -> AsyncIterator[Protected]:
    bench = Protected(texts)
    async with working(bench):
        await bench.agent.connected(RegisterResult("cam1"))
        await settle()
        bench.line.sent.clear()
        yield bench


async def test_a_signed_answer_reaches_the_transports_with_the_one_fingerprint_it_may_have() -> None:
    async with protected() as bench:
        bench.answering(caller())
        await bench.call("s1", caller())
        assert bench.viewers.said[-1] == ("answer", "s1", sdp("phone"), session.fingerprint_of(sdp("phone")))
        assert bench.viewers.sealed == [False]


@pytest.mark.parametrize("what", ["certificate", "no proof", "another viewer"])
async def test_swap_of_the_answer_ends_the_session_loudly_before_any_transport(what: str) -> None:
    async with protected() as bench:
        bench.answering(
            caller(), "laptop" if what == "another viewer" else "phone", "thief" if what == "certificate" else None
        )
        if what == "no proof":
            bench.line.answer_to = bench.line.plain_answer
        await bench.call("s1", caller())
        assert not any(said[0] == "answer" for said in bench.viewers.said)
        assert bench.viewers.said[-1] == ("close", "s1")
        assert bench.tickets() == []
        (refused, told) = bench.line.sent
        assert refused[:3] == ("error", "s1", Fault.NOT_TRUSTED)
        assert told == ("event", str(Problem.NOT_TRUSTED), refused[3])


async def test_mismatches_are_reported_once_a_minute() -> None:
    async with protected() as bench:
        for number in range(3):
            bench.now = number * doorkeeper.ALARM_SECONDS / 2
            await bench.call(f"s{number}", caller())
        assert [said[0] for said in bench.line.sent] == ["error", "event", "error", "error", "event"]


@pytest.mark.parametrize("shown", [None, caller("stranger"), guest(exp=NOW)])
async def test_a_stranger_is_offered_nothing(shown: Caller | None) -> None:
    async with protected() as bench:
        with pytest.raises(ProtocolError) as refused:
            await bench.call("s1", shown)
        assert refused.value.code is Fault.NOT_TRUSTED
        assert not any(said[0] == "open" for said in bench.viewers.said)
        assert bench.tickets() == []


async def test_what_goes_to_a_relay_is_sealed_and_needs_no_hello() -> None:
    async with protected() as bench:
        assert ("seal", 0) in bench.viewers.said
        bench.line.answer_to = bench.line.plain_answer
        await bench.call("u1", None, via="relay")
        assert (bench.viewers.relays, bench.viewers.sealed) == ([True], [True])
        assert bench.viewers.said[-1][0] == "answer"


async def test_a_viewer_of_the_relay_gets_the_key_and_a_stranger_a_refusal() -> None:
    async with protected() as bench:
        bench.viewers.sealed_counter = 40
        await bench.hello("s1", caller())
        opened, counter = open_(bench.envelopes()["s1"], CAMERA, caller().hello, exchange_key("phone"))
        assert (opened.epoch, counter) == (0, 40)
        await bench.hello("s2", caller("stranger"))
        await bench.hello("s3", None)
        assert bench.envelopes() == {}
        assert [said[1:3] for said in bench.line.sent] == [("s2", Fault.NOT_TRUSTED), ("s3", Fault.NOT_TRUSTED)]
        assert bench.line.sent[1][3] == UNKNOWN


async def test_a_revoked_guest_is_out_at_once_and_the_key_is_turned() -> None:
    async with protected() as bench:
        bench.answering(guest(), "guest")
        await bench.call("s1", guest())
        await bench.hello("s2", guest())
        await bench.hello("s3", caller())
        bench.envelopes()
        await bench.agent.orders(BOTH, ordered())
        assert bench.viewers.said[-2:] == [("close", "s1"), ("seal", 1)]
        assert set(bench.envelopes()) == {"s3"}
        (direct, relayed, receipt) = bench.line.sent
        assert direct == ("error", "s1", Fault.NOT_TRUSTED, "this grant was revoked")
        assert relayed == ("error", "s2", Fault.NOT_TRUSTED, "this grant was revoked")
        assert read_receipt(receipt[1], CAMERA).n == 0
        assert bench.moves.owner is not None
        assert (bench.moves.owner.orders.n, bench.moves.owner.epoch) == (0, 1)


async def test_orders_that_a_full_disk_cannot_keep_get_no_signed_receipt() -> None:
    async with protected() as bench:
        bench.moves.disk_full = True
        await bench.agent.orders([], ordered())
        assert bench.line.sent == []
        bench.moves.disk_full = False
        await bench.agent.orders([], ordered())
        assert [said[0] for said in bench.line.sent] == ["receipt"]


async def test_a_right_ends_by_the_clock_without_anybody_saying_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_module, "LEASE_LOOK_SECONDS", 0.0)
    async with protected() as bench:
        bench.answering(guest(exp=NOW + 60), "guest")
        await bench.call("s1", guest(exp=NOW + 60))
        await bench.hello("s2", guest(exp=NOW + 60))
        bench.line.online = False
        bench.wall += 60
        await settle()
        assert ("close", "s1") in bench.viewers.said
        assert ("seal", 1) in bench.viewers.said


async def test_a_line_that_hangs_keeps_no_revoked_guest_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "HAND_OUT_SECONDS", 0.0)
    async with protected() as bench:
        await bench.hello("s1", guest())
        await bench.hello("s2", caller())

        async def hang(_session: str, _text: str) -> bool:
            await asyncio.Event().wait()
            return False

        monkeypatch.setattr(bench.line, "envelope", hang)
        await bench.agent.orders([], ordered())
        assert ("seal", 1) in bench.viewers.said


async def test_a_server_that_takes_no_reasons_keeps_no_revoked_guest_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "HAND_OUT_SECONDS", 0.0)
    async with protected() as bench:
        bench.answering(guest(), "guest")
        for name in ("s1", "s2"):
            await bench.call(name, guest())

        async def hang(_session: str, _code: int, _message: str) -> bool:
            await asyncio.Event().wait()
            return False

        monkeypatch.setattr(bench.line, "error", hang)
        ordering = asyncio.create_task(bench.agent.orders([], ordered()))
        await settle()
        assert [said for said in bench.viewers.said if said[0] == "close"] == [("close", "s1"), ("close", "s2")]
        await ordering


async def test_who_comes_while_a_key_is_turned_is_told_where_the_new_one_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with protected() as bench:
        for name, shown in (("s1", guest()), ("s2", caller())):
            await bench.hello(name, shown)
        bench.viewers.sealed_counter = 500
        handing_out, go_on = asyncio.Event(), asyncio.Event()
        plainly = bench.line.envelope

        async def slowly(name: str, text: str) -> bool:
            handing_out.set()
            await go_on.wait()
            return await plainly(name, text)

        monkeypatch.setattr(bench.line, "envelope", slowly)
        turning = asyncio.create_task(bench.agent.orders([], ordered()))
        await handing_out.wait()
        coming = asyncio.create_task(bench.hello("s3", caller(label="third")))
        await settle()
        go_on.set()
        await asyncio.gather(turning, coming)
        opened, counter = open_(bench.envelopes()["s3"], CAMERA, caller(label="third").hello, exchange_key("phone"))
        assert (opened.epoch, counter) == (1, 0)


FORGED = {
    "by a stranger": ordered(by="stranger", serials=(), standard=True),
    "about another camera": ordered(camera=without(BOTH, "phone", "phone")[0][-43:], serials=(), standard=True),
    "no statement": "standard",
    "a hello": caller().hello,
}


@pytest.mark.parametrize("how", FORGED)
async def test_swap_no_word_of_the_servers_forces_the_unprotected_way(how: str) -> None:
    async with protected() as bench:
        await bench.agent.orders(BOTH, FORGED[how])
        with pytest.raises(ProtocolError):
            await bench.call("s1", None)
        bench.line.answer_to = bench.line.plain_answer
        await bench.call("u1", None, via="relay")
        assert bench.viewers.sealed == [True]
        await bench.hello("s2", caller())
        open_(bench.envelopes()["s2"], CAMERA, caller().hello, exchange_key("phone"))


async def test_standard_players_come_and_go_by_the_owners_signed_word() -> None:
    async with protected() as bench:
        bench.line.answer_to = bench.line.plain_answer
        await bench.call("u1", None, via="relay")
        await bench.hello("s1", caller())
        bench.envelopes()
        await bench.agent.orders(BOTH, STANDARD)
        assert ("error", "u1", Notice.PEER_DISCONNECTED, NEWS) in bench.line.sent
        assert ("error", "s1", Notice.PEER_DISCONNECTED, NEWS) in bench.line.sent
        await bench.call("u2", None, via="relay")
        await bench.call("s2", None)
        await bench.hello("s3", caller())
        assert bench.viewers.sealed == [True, False, False]
        check_plain(bench.envelopes()["s3"], CAMERA, caller().hello)
        bench.line.sent.clear()
        await bench.agent.orders(BOTH, ordered(n=1, serials=()))
        assert ("error", "u2", Notice.PEER_DISCONNECTED, NEWS) in bench.line.sent
        assert ("error", "s2", Fault.NOT_TRUSTED, CLOSED_TO_PLAYERS) in bench.line.sent
        open_(bench.envelopes()["s3"], CAMERA, caller().hello, exchange_key("phone"))


@pytest.mark.parametrize("again", ["direct", "relay"])
async def test_swap_a_second_session_of_the_same_name_weakens_nothing(
    again: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with protected() as bench:
        answering = asyncio.Event()

        async def invite(name: str, offer: str, proof: str | None) -> InviteResult:
            await answering.wait()
            return InviteResult(sdp("thief"))

        monkeypatch.setattr(bench.line, "invite", invite)
        await bench.call("s1", caller())
        with pytest.raises(ProtocolError, match="exists"):
            await bench.call("s1", guest() if again == "direct" else None, via=again)
        answering.set()
        await settle()
        assert not any(said[0] == "answer" for said in bench.viewers.said)
        assert bench.line.sent[0][:3] == ("error", "s1", Fault.NOT_TRUSTED)


async def test_who_finds_no_place_is_not_kept_in_mind() -> None:
    async with protected() as bench:
        bench.viewers.full = True
        for via in ("direct", "relay"):
            for _ in range(2):
                with pytest.raises(ProtocolError, match="as many viewers"):
                    await bench.call("s1", caller(), via=via)


async def test_what_a_viewer_teaches_is_kept() -> None:
    async with protected(PHONE) as bench:
        await bench.hello("s1", caller("laptop"))
        assert bench.moves.owner is not None
        assert bench.moves.owner.keyring == tuple(BOTH)


async def test_a_session_that_ended_while_it_was_answered_is_no_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    async with protected() as bench:
        asked, gone = asyncio.Event(), asyncio.Event()

        async def invite(name: str, offer: str, proof: str | None) -> InviteResult:
            asked.set()
            await gone.wait()
            return InviteResult("late")

        monkeypatch.setattr(bench.line, "invite", invite)
        await bench.call("s1", caller())
        await asked.wait()
        await bench.agent.close("s1", "the viewer left")
        gone.set()
        await settle()
        assert bench.line.sent == []


async def test_an_unproven_camera_ignores_all_of_this() -> None:
    bench = Bench()
    async with working(bench):
        await bench.agent.connected(RegisterResult("cam1"))
        await settle()
        bench.line.sent.clear()
        await bench.connect("s1")
        await bench.agent.hello("s2", trust(caller()))
        await bench.agent.orders(BOTH, STANDARD)
        assert bench.viewers.said[-1][0] == "answer"
        assert bench.viewers.sealed == [False]
        assert bench.line.sent == []
