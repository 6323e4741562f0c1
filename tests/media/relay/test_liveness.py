"""When a peer is asked whether it is there, and when it is given up, in virtual time."""

import random
from collections.abc import Callable
from typing import Any

from aioice import stun
from aiortc import RTCCertificate

from media.liveness import DEAD_SECONDS, MAX_EXCUSES, Sign
from media.relay.leg import PeerLeg
from media.relay.liveness import INTRODUCTIONS, MAX_OPEN, MUTE_SECONDS, Liveness
from media.relay.stun import read_answer, read_request, write_question

STEP = 0.1
ROUND_TRIP = 0.6
LOSS = 0.10
TEN_MINUTES = 600.0


def known() -> Liveness:
    """Of a peer that has answered once."""
    liveness = Liveness()
    liveness.asked(b"first", -1000.0)
    assert liveness.answered(b"first")
    return liveness


def test_a_peer_in_conversation_is_not_asked() -> None:
    liveness = known()
    assert {liveness.wish(now - 0.5, now) for now in (0.0, 10.0, 20.0)} == {Sign.WAIT}


def test_a_new_peer_is_asked_until_it_answers_though_it_speaks() -> None:
    liveness = Liveness()
    for number in range(3):
        assert liveness.wish(number * STEP, number * STEP) is Sign.ASK
        liveness.asked(b"%d" % number, number * STEP)
        assert liveness.wish(number * STEP, number * STEP) is Sign.WAIT
    assert liveness.answered(b"1") and not liveness.answered(b"1") and not liveness.answered(b"9")
    assert liveness.wish(1.0, 1.0) is Sign.WAIT


def test_a_peer_that_never_answers_is_judged_by_what_it_says() -> None:
    liveness = Liveness()
    for number in range(INTRODUCTIONS):
        liveness.asked(b"%d" % number, 0.0)
    assert liveness.wish(0.0, 0.5) is Sign.WAIT
    assert liveness.wish(0.0, MUTE_SECONDS - 1) is Sign.ASK
    assert liveness.wish(0.0, MUTE_SECONDS + 1) is Sign.GONE


def test_a_peer_on_a_new_way_must_answer_there_whatever_it_says() -> None:
    liveness = known()
    liveness.asked(b"before", 0.0)
    liveness.moved()
    assert not liveness.answered(b"before"), "that may have come the old way"
    assert liveness.wish(1.0, 1.0) is Sign.ASK
    liveness.asked(b"there", 1.0)
    assert liveness.wish(1.05, 1.05) is Sign.WAIT
    assert liveness.wish(1.0 + DEAD_SECONDS, 1.1 + DEAD_SECONDS) is Sign.GONE
    assert liveness.answered(b"there")
    assert liveness.wish(1.0 + DEAD_SECONDS, 1.1 + DEAD_SECONDS) is Sign.WAIT


def test_who_never_answered_must_do_so_on_a_new_way() -> None:
    liveness = Liveness()
    for number in range(INTRODUCTIONS):
        liveness.asked(b"%d" % number, 0.0)
    liveness.moved()
    assert liveness.wish(1.0, 1.0) is Sign.ASK
    assert liveness.wish(1.0 + DEAD_SECONDS, 1.1 + DEAD_SECONDS) is Sign.GONE


def test_moving_on_and_on_gains_no_time() -> None:
    liveness, now = known(), 0.0
    while now < DEAD_SECONDS:
        liveness.moved()
        assert liveness.wish(now, now) is not Sign.GONE
        now += 1.0
    liveness.moved()
    assert liveness.wish(now, now) is Sign.GONE


def test_a_dead_peer_is_given_up_within_three_seconds() -> None:
    liveness = known()
    assert liveness.wish(0.0, DEAD_SECONDS - 0.01) is Sign.ASK
    assert liveness.wish(0.0, DEAD_SECONDS + 0.01) is Sign.GONE and DEAD_SECONDS < 3.0


def test_no_false_alarm_in_ten_minutes_of_a_bad_line() -> None:
    """10 % lost each way and 600 ms of round trip; the peer says nothing unless asked."""
    for seed in range(20):
        chance, liveness = random.Random(seed), known()
        on_the_way: dict[float, bytes] = {}
        heard_at = now = 0.0
        while now < TEN_MINUTES:
            for at in [at for at in on_the_way if at <= now]:
                assert liveness.answered(on_the_way.pop(at))
                heard_at = now
            wish = liveness.wish(heard_at, now)
            assert wish is not Sign.GONE, f"seed {seed}, second {now}"
            if wish is Sign.ASK:
                transaction = chance.randbytes(12)
                liveness.asked(transaction, now)
                if chance.random() > LOSS and chance.random() > LOSS:
                    on_the_way[now + ROUND_TRIP] = transaction
            now += STEP


def test_open_questions_are_numbered() -> None:
    liveness = Liveness()
    for number in range(MAX_OPEN + 1):
        liveness.asked(b"%d" % number, 0.0)
    assert not liveness.answered(b"0") and liveness.answered(b"1")


def test_a_question_is_a_check_that_an_independent_agent_understands() -> None:
    question = write_question(b"123456789012", "theirs:ours", b"their password", 77)
    message = stun.parse_message(question)
    read = read_request(question)
    assert read is not None and read.is_signed_with(b"their password")
    assert message.attributes["USERNAME"] == "theirs:ours" and message.attributes["ICE-CONTROLLED"] == 77
    assert "USE-CANDIDATE" not in message.attributes, "a controlled agent must not nominate"
    reply = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, message.transaction_id)
    reply.attributes["XOR-MAPPED-ADDRESS"] = ("192.0.2.1", 5)
    reply.add_message_integrity(b"their password")
    answer = read_answer(bytes(reply))
    assert answer is not None and answer.transaction == b"123456789012"
    assert answer.is_signed_with(b"their password") and not answer.is_signed_with(b"another")
    assert read_answer(question) is None and read_request(bytes(reply)) is None


class Way:
    """Takes everything, and says nothing."""

    reliable, source = False, "here"

    def send(self, packets: list[bytes]) -> None: ...

    def backlog(self) -> int:
        return 0

    def close(self) -> None: ...


def stalled_until(heard: Callable[[PeerLeg, float], None]) -> float:
    """When a peer is given up by a relay that is held up again and again; two minutes are enough to see."""
    leg, now = PeerLeg(RTCCertificate.generateCertificate(), 0.0, lambda _: None), 0.0
    keys: Any = object()
    leg.srtp, leg.path, leg.liveness = keys, Way(), known()
    while now < 120.0:
        now += 1.2
        leg.excuse_silence(now)
        if not leg.keep_alive(now):
            break
        heard(leg, now)
    return now


async def test_a_relay_that_is_held_up_all_the_time_gives_up_the_dead() -> None:
    assert stalled_until(lambda _leg, _now: None) <= MAX_EXCUSES * 1.2 + DEAD_SECONDS + 1.2


async def test_but_not_the_living() -> None:
    assert stalled_until(lambda leg, now: setattr(leg, "heard_at", now)) >= 120.0
