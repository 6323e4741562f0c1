"""A server that breaks off what it asked for, gives one name twice, or lets things wait: nobody gains by it."""

import asyncio
from typing import Any

import pytest

from camera_peer import agent as agent_module
from signaling.protocol.errors import ProtocolError
from signaling.protocol.messages import (
    ConnectExtra,
    DeviceConnectParams,
    DeviceExtendParams,
    InviteResult,
    RegisteredExtra,
    RegisterResult,
)
from signaling.protocol.trust import statement
from signaling.protocol.trust.receipt import read_receipt
from tests.camera_peer.callers import BOTH, CAMERA, caller, guest, without
from tests.camera_peer.test_agent import settle
from tests.camera_peer.test_swap_agent import Protected, protected
from tests.patience import eventually
from tests.signaling.trust.people import NOW, ordered, sdp


async def forever(*_: Any, **__: Any) -> Any:
    await asyncio.Event().wait()


async def broken_off(work: "asyncio.Task[Any]") -> None:
    """The connection is lost while the camera works on it."""
    await settle()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


def connect(name: str, via: Any) -> DeviceConnectParams:
    return DeviceConnectParams(name, expiry_time_seconds=60, belvedere=ConnectExtra(via=via))


def sealed_with(bench: Protected) -> int:
    """The epoch in use."""
    return int([said[1] for said in bench.viewers.said if said[0] == "seal"][-1])


async def test_swap_an_upload_that_was_broken_off_lends_its_name_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async with protected() as bench:
        plainly = bench.viewers.open
        monkeypatch.setattr(bench.viewers, "open", forever)
        await broken_off(asyncio.create_task(bench.agent.connect(connect("s1", "relay"))))
        monkeypatch.setattr(bench.viewers, "open", plainly)
        proofs: list[str | None] = []

        def answer(_name: str, _offer: str, proof: str | None) -> InviteResult:
            proofs.append(proof)
            return InviteResult(sdp("thief"))

        bench.line.answer_to = answer
        await bench.call("s1", caller())
        assert proofs != [None] and len(proofs) == 1
        assert not any(said[0] == "answer" for said in bench.viewers.said)
        assert bench.tickets() == []


async def test_swap_a_name_whose_session_is_being_made_is_not_lent_either(monkeypatch: pytest.MonkeyPatch) -> None:
    async with protected() as bench:
        go_on, waiting = asyncio.Event(), 0
        plainly = bench.viewers.open

        async def one_at_a_time(*given: Any, **more: Any) -> str:
            nonlocal waiting
            waiting += 1
            if waiting > 1:
                raise ValueError("a session with this id exists")
            await go_on.wait()
            return await plainly(*given, **more)

        monkeypatch.setattr(bench.viewers, "open", one_at_a_time)
        direct = asyncio.create_task(bench.call("s1", caller()))
        await settle()
        await bench.agent.close("s1", "the server says so")
        upload = asyncio.create_task(bench.agent.connect(connect("s1", "relay")))
        go_on.set()  # while the upload of that name is still at the door
        refused = (await asyncio.gather(direct, upload, return_exceptions=True))[1]
        await settle()
        assert isinstance(refused, ProtocolError)
        assert not any(said[0] == "answer" for said in bench.viewers.said)
        assert bench.tickets() == []


async def test_a_revocation_is_carried_out_though_the_connection_is_lost_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with protected() as bench:
        bench.answering(guest(), "guest")
        await bench.call("d1", guest())
        await bench.hello("r1", guest())
        await bench.hello("r2", caller())
        plainly = bench.line.envelope
        monkeypatch.setattr(bench.line, "envelope", forever)
        await broken_off(asyncio.create_task(bench.agent.orders([], ordered())))
        monkeypatch.setattr(bench.line, "envelope", plainly)
        await bench.agent.connected(RegisterResult("cam1", belvedere=RegisteredExtra(adopted=["d1"])))
        await eventually(lambda: sealed_with(bench) == 1)
        assert ("close", "d1") in bench.viewers.said
        await bench.hello("r3", caller(label="third"))
        await settle()
        assert bench.tickets() == []


async def test_swap_of_one_name_for_two_viewers_ends_nobody_elses_supervision() -> None:
    async with protected() as bench:
        shown = guest(serial=9)
        bench.answering(shown, "guest")
        await bench.call("s1", shown)
        await bench.hello("s1", guest(serial=7))
        await bench.agent.orders([], ordered(n=0, serials=(7,)))
        assert bench.tickets() == ["ticket s1"]
        await bench.agent.orders([], ordered(n=1, serials=(7, 9)))
        assert ("close", "s1") in bench.viewers.said


async def test_a_ring_that_grew_and_shrank_while_the_line_hung_turns_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async with protected([BOTH[0]]) as bench:
        go_on = asyncio.Event()
        plainly = bench.line.envelope

        async def slowly(name: str, text: str) -> bool:
            await go_on.wait()
            return await plainly(name, text)

        monkeypatch.setattr(bench.line, "envelope", slowly)
        coming = asyncio.create_task(bench.hello("s1", caller("laptop", BOTH)))
        await settle()
        ordering = asyncio.create_task(bench.agent.orders(without(BOTH, "phone", "phone"), None))
        await settle()
        go_on.set()
        await asyncio.gather(coming, ordering)
        assert sealed_with(bench) == 1


async def test_slow_goodbyes_keep_no_right_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_module, "LEASE_LOOK_SECONDS", 0.0)
    async with protected() as bench:
        shown = guest(exp=NOW + 60)
        bench.answering(shown, "guest")
        await bench.call("s1", shown)
        bench.answering(caller())
        await bench.call("s2", caller())
        plainly = bench.viewers.close

        async def slowly(name: str) -> None:
            if name == "s2":
                await forever()
            await plainly(name)

        monkeypatch.setattr(bench.viewers, "close", slowly)
        await bench.agent.extend(DeviceExtendParams("s2", expiry_time_seconds=0))
        await settle()
        bench.wall += 61
        await eventually(lambda: ("close", "s1") in bench.viewers.said)


async def test_what_runs_without_a_lease_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_module, "LEASE_LOOK_SECONDS", 0.0)
    async with protected() as bench:
        bench.answering(caller())
        await bench.call("s1", caller())
        bench.agent._leases.drop("s1")
        await eventually(lambda: ("close", "s1") in bench.viewers.said)


async def test_a_receipt_names_only_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async with protected() as bench:
        await bench.hello("r1", guest())
        await bench.hello("r2", caller())
        bench.line.sent.clear()
        go_on = asyncio.Event()
        plainly = bench.line.envelope

        async def slowly(name: str, text: str) -> bool:
            await go_on.wait()
            return await plainly(name, text)

        monkeypatch.setattr(bench.line, "envelope", slowly)
        ordering = asyncio.create_task(bench.agent.orders([], ordered()))
        await settle()
        bench.moves.disk_full = True
        longer = without(BOTH, "laptop", "laptop")
        coming = asyncio.create_task(bench.call("d1", caller("laptop", longer)))
        await settle()
        go_on.set()
        await asyncio.gather(ordering, coming, return_exceptions=True)
        heads = [read_receipt(said[1], CAMERA).head for said in bench.line.sent if said[0] == "receipt"]
        assert statement.digest(longer[-1]) not in heads


async def test_nothing_is_left_of_who_was_refused_by_a_full_house() -> None:
    async with protected() as bench:
        bench.viewers.full = True
        for _ in range(2):
            with pytest.raises(ProtocolError, match="as many viewers"):
                await bench.call("s1", caller())
