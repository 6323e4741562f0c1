"""One check: when it is repeated, and what counts as its answer."""

import asyncio
from typing import Any, cast

import pytest
from aioice import stun
from aioice.ice import StunProtocol

from media.check import FIRST_REPEAT, MAX_OPEN, Check, CheckRefused, repeat_after

PLACE = ("192.0.2.7", 5000)
KEY = b"secret"


class Wire:
    """In place of aioice's protocol: what was sent."""

    def __init__(self) -> None:
        self.transactions: dict[bytes, Any] = {}
        self.sent: list[stun.Message] = []
        self.third = asyncio.Event()

    def send_stun(self, message: stun.Message, address: tuple[str, int]) -> None:
        assert address == PLACE
        self.sent.append(message)
        if len(self.sent) == 3:
            self.third.set()

    def answer(self, number: int, key: bytes | None = KEY, error: int | None = None) -> None:
        """Answer to question `number`, as if it came from the network."""
        kind = stun.Class.RESPONSE if error is None else stun.Class.ERROR
        identity = self.sent[number].transaction_id
        reply = stun.Message(stun.Method.BINDING, kind, identity)
        reply.attributes["XOR-MAPPED-ADDRESS"] = ("198.51.100.1", 4000)
        if error is not None:
            reply.attributes["ERROR-CODE"] = (error, "no")
        if key is not None:
            reply.add_message_integrity(key)
        waiting = self.transactions.get(identity)
        if waiting is not None:
            waiting.response_received(stun.parse_message(bytes(reply)), PLACE)


def check(wire: Wire, key: bytes | None = KEY) -> Check:
    def make() -> stun.Message:
        return stun.Message(stun.Method.BINDING, stun.Class.REQUEST)

    return Check(cast(StunProtocol, wire), PLACE, make, key)


def test_the_first_repetition_comes_after_50_ms_and_they_never_become_rare() -> None:
    assert repeat_after(1) == FIRST_REPEAT == 0.05
    assert [repeat_after(asked) for asked in (2, 3, 4, 5, 50)] == [0.1, 0.2, 0.4, 0.4, 0.4]


async def test_it_asks_again_and_takes_a_late_answer_as_what_it_is() -> None:
    wire = Wire()
    running = asyncio.create_task(check(wire).run(5.0))
    await wire.third.wait()
    wire.answer(0)
    answered = await running
    assert answered.mapped == ("198.51.100.1", 4000)
    assert answered.round_trip >= FIRST_REPEAT * 3, "the time since question 0, not since the last one"
    assert wire.transactions == {}


@pytest.mark.parametrize("key", [None, b"wrong"])
async def test_an_answer_without_the_password_is_none(key: bytes | None) -> None:
    wire = Wire()
    running = asyncio.create_task(check(wire).run(5.0))
    await asyncio.sleep(0)
    wire.answer(0, key)
    assert not running.done()
    wire.answer(0)
    await running


async def test_a_refusal_ends_it() -> None:
    wire = Wire()
    running = asyncio.create_task(check(wire).run(5.0))
    await asyncio.sleep(0)
    wire.answer(0, error=487)
    with pytest.raises(CheckRefused):
        await running


async def test_it_gives_up_and_leaves_nothing() -> None:
    wire = Wire()
    with pytest.raises(TimeoutError):
        await check(wire).run(0.01)
    assert wire.transactions == {}


async def test_open_questions_are_bounded() -> None:
    wire = Wire()
    asking = check(wire)
    for _ in range(MAX_OPEN * 2):
        asking.ask()
    assert len(wire.transactions) == MAX_OPEN
    asking.close()
    assert wire.transactions == {}
