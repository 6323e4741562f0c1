"""The door of a protected camera: whatever is swapped or left out, nobody is let in or told a key who should not be."""

import hashlib
import itertools
from collections.abc import Callable

import pytest

from camera_peer.door import CLOSED_TO_PLAYERS, GRACE_SECONDS, MAX_VISITORS, UNKNOWN, Door, Entrance, Over
from camera_peer.epochs import EPOCH_SECONDS
from signaling.protocol.trust import envelope, session, statement
from signaling.protocol.trust.plain import check_plain
from signaling.protocol.trust.receipt import read_receipt
from signaling.protocol.trust.session import OFFER, Offer, fingerprint_of
from signaling.protocol.trust.statement import Untrue
from tests.camera_peer.callers import BOTH, CAMERA, PHONE, Caller, caller, guest, owner, without
from tests.signaling.trust.people import NOW, exchange_key, key, ordered, sdp

STANDARD = ordered(serials=(), standard=True)


class Bench:
    """A door, and clocks that the test moves."""

    def __init__(self, *, texts: list[str] = BOTH, orders: str | None = None) -> None:
        self.wall, self.now = float(NOW), 0.0
        numbers = itertools.count()
        known = owner(texts)
        self.door = Door(
            key("camera"),
            known if orders is None else known.ordered(orders),
            random_bytes=lambda size: hashlib.sha256(str(next(numbers)).encode()).digest()[:size],
            wall=lambda: self.wall,
            monotonic=lambda: self.now,
        )
        self.entered: dict[str, Entrance] = {}
        self.door.judge(online=True)

    def opened(self, shown: Caller, by: str, letter: str | None) -> int:
        """The epoch whose key this one can take out of the letter."""
        assert letter is not None
        found, _ = envelope.open_(letter, CAMERA, shown.hello, exchange_key(by))
        return found.epoch

    def offered(self, shown: Caller, name: str = "s1") -> statement.Said[Offer]:
        """Let in, and our signed offer as the viewer checks it."""
        entrance = self.entered[name] = self.door.enter(name, shown)
        text = self.door.sign(entrance, sdp("camera"))
        assert text is not None
        return session.check_offer(text, shown.hello, CAMERA, name, sdp("camera"))


def test_signed_both_ways_and_bound_to_both_certificates() -> None:
    bench = Bench()
    offered = bench.offered(caller())
    proof = session.answer(key("phone"), offered, sdp("phone"), NOW)
    assert bench.door.check(bench.entered["s1"], sdp("phone"), proof) == fingerprint_of(sdp("phone"))


def earlier_answer() -> str:
    """To an offer of another process of the same camera, in a session of the same name."""
    other = Bench()
    other.door.greet("s0", caller(), 0)
    return session.answer(key("phone"), other.offered(caller()), sdp("phone"), NOW)


ANSWERS: dict[str, Callable[[statement.Said[Offer]], tuple[str, str | None]]] = {
    "no proof": lambda _: (sdp("phone"), None),
    "an empty proof": lambda _: (sdp("phone"), ""),
    "the description": lambda offered: (sdp("thief"), session.answer(key("phone"), offered, sdp("phone"), NOW)),
    "the description and the signature": lambda offered: (
        sdp("thief"),
        session.answer(key("thief"), offered, sdp("thief"), NOW),
    ),
    "a second certificate": lambda offered: (
        sdp("phone") + sdp("thief"),
        session.answer(key("phone"), offered, sdp("phone"), NOW),
    ),
    "another of the owner's browsers": lambda offered: (
        sdp("laptop"),
        session.answer(key("laptop"), offered, sdp("laptop"), NOW),
    ),
    "an earlier answer": lambda _: (sdp("phone"), earlier_answer()),
    "our own offer": lambda offered: (sdp("camera"), statement.sign(key("phone"), OFFER, offered.what)),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_swap_in_the_answer_is_seen_before_it_is_used(what: str) -> None:
    bench = Bench()
    answer, proof = ANSWERS[what](bench.offered(caller()))
    with pytest.raises(Untrue):
        bench.door.check(bench.entered["s1"], answer, proof)


def test_swap_of_who_is_behind_a_session_is_refused() -> None:
    bench = Bench()
    bench.offered(caller())
    with pytest.raises(Untrue, match="is open"):
        bench.door.enter("s1", guest())


def test_swap_of_sessions_is_seen() -> None:
    bench = Bench()
    first, second = bench.offered(caller(), "s1"), bench.offered(caller("laptop"), "s2")
    for name, offered, by in (("s1", second, "phone"), ("s2", first, "laptop")):
        with pytest.raises(Untrue):
            bench.door.check(bench.entered[name], sdp(by), session.answer(key(by), offered, sdp(by), NOW))


def test_swap_of_a_session_by_a_later_one_of_its_name_is_seen() -> None:
    bench = Bench()
    offered = bench.offered(caller())
    first = bench.entered["s1"]
    bench.door.leave("s1")
    upload = bench.door.upload("s1")
    bench.door.release(first)
    assert bench.door.knows("s1"), "it is another's by now"
    for ask in (
        lambda: bench.door.sign(first, sdp("camera")),
        lambda: bench.door.check(first, sdp("phone"), session.answer(key("phone"), offered, sdp("phone"), NOW)),
    ):
        with pytest.raises(Over):
            ask()
    assert bench.door.sign(upload, sdp("camera")) is None
    bench.door.release(upload)
    assert not bench.door.knows("s1")


def test_swap_of_tables_is_refused_whatever_comes_first() -> None:
    bench = Bench()
    bench.door.enter("s1", guest())
    with pytest.raises(Untrue, match="is open"):
        bench.door.greet("s1", caller(), 0)
    bench.door.greet("s2", caller(), 0)
    for ask in (lambda: bench.door.enter("s2", guest()), lambda: bench.door.upload("s2")):
        with pytest.raises(Untrue, match="is open"):
            ask()
    bench.door.order([], ordered())
    assert set(bench.door.judge(online=True).over) == {"s1"}


def test_a_ring_that_grows_and_shrinks_between_two_looks_turns_the_key() -> None:
    bench = Bench(texts=PHONE)
    bench.door.greet("s1", caller("laptop", BOTH), 0)
    bench.door.order(without(BOTH, "phone", "phone"), None)
    judgement = bench.door.judge(online=True)
    assert (set(judgement.out), judgement.turn) == ({"s1"}, True)


def test_an_upload_that_began_unsealed_ends_however_quickly_that_was_taken_back() -> None:
    bench = Bench()
    bench.door.order([], STANDARD)
    assert not bench.door.upload("s1").sealed
    bench.door.order([], ordered(n=1, serials=()))
    assert bench.door.upload("s2").sealed
    assert bench.door.judge(online=True).anew == ("s1",)
    assert bench.door.judge(online=True).anew == ()


def test_a_hello_that_was_left_out_lets_nobody_in_unless_the_owner_signed_that() -> None:
    bench = Bench()
    for ask in (lambda: bench.door.enter("s1", None), lambda: bench.door.greet("s1", None, 0)):
        with pytest.raises(Untrue, match=UNKNOWN):
            ask()
    for forged in (ordered(by="stranger", serials=(), standard=True), ordered(camera=PHONE[0][:43], standard=True), ""):
        with pytest.raises(Untrue):
            bench.door.order([], forged)
        assert bench.door.sealing
    bench.door.order([], STANDARD)
    assert not bench.door.sealing
    player = bench.door.enter("s1", None)
    assert bench.door.sign(player, sdp("camera")) is None
    assert bench.door.check(player, sdp("thief"), None) is None
    assert bench.door.greet("s2", None, 0) is None


def test_where_standard_players_may_watch_who_said_hello_is_still_checked() -> None:
    bench = Bench(orders=STANDARD)
    offered = bench.offered(caller())
    with pytest.raises(Untrue, match="not signed"):
        bench.door.check(bench.entered["s1"], sdp("phone"), None)
    assert (
        bench.door.check(bench.entered["s1"], sdp("phone"), session.answer(key("phone"), offered, sdp("phone"), NOW))
        is not None
    )
    shown = guest()
    with pytest.raises(Untrue):
        bench.door.enter("s2", Caller(shown.hello, shown.keyring))


def test_a_viewer_of_the_relay_gets_the_key_in_an_envelope_that_only_he_can_open() -> None:
    bench, shown = Bench(), caller()
    letter = bench.door.greet("s1", shown, 12)
    assert bench.opened(shown, "phone", letter) == bench.door.key.epoch == 0
    with pytest.raises(Untrue):
        bench.opened(shown, "laptop", letter)
    with pytest.raises(Untrue):
        bench.opened(caller(label="other"), "phone", letter)


def test_a_plain_word_is_signed_and_for_one_hello() -> None:
    bench, shown = Bench(orders=STANDARD), caller()
    letter = bench.door.greet("s1", shown, 0)
    assert letter is not None
    check_plain(letter, CAMERA, shown.hello)
    with pytest.raises(Untrue):
        check_plain(letter, CAMERA, caller(label="other").hello)


def test_who_is_revoked_goes_and_gets_no_further_key() -> None:
    bench, shown = Bench(), caller()
    bench.door.enter("s1", guest())
    bench.door.greet("s2", guest(), 0)
    bench.door.greet("s3", shown, 0)
    assert not bench.door.judge(online=True).over
    bench.door.order([], ordered())
    judgement = bench.door.judge(online=False)
    assert (judgement.over, judgement.out) == ({"s1": "this grant was revoked"}, {"s2": "this grant was revoked"})
    assert judgement.turn and judgement.learnt and not judgement.tell
    bench.door.turn()
    letters = bench.door.letters(0)
    assert set(letters) == {"s3"}
    assert bench.opened(shown, "phone", letters["s3"]) == 1
    assert bench.door.facts.epoch == 1


def test_a_key_is_turned_also_for_a_holder_whose_session_is_over() -> None:
    bench = Bench()
    bench.door.greet("s1", guest(), 0)
    bench.door.gone("s1")
    bench.door.judge(online=True)
    bench.door.order([], ordered())
    assert bench.door.judge(online=True).turn


def test_an_end_of_right_ends_what_runs_and_turns_the_key() -> None:
    bench = Bench()
    bench.door.enter("s1", guest(exp=NOW + 60))
    bench.door.greet("s2", guest(exp=NOW + 60), 0)
    bench.wall += 59
    early = bench.door.judge(online=True)
    assert (early.over, early.out, early.turn) == ({}, {}, False)
    bench.wall += 1
    late = bench.door.judge(online=False)
    assert (set(late.over), set(late.out), late.turn) == ({"s1"}, {"s2"}, True)


def test_who_is_taken_out_of_the_ring_goes() -> None:
    bench = Bench()
    bench.door.enter("s1", caller("laptop"))
    bench.door.greet("s2", caller("laptop"), 0)
    bench.door.order(without(BOTH, "phone", "phone"), None)
    judgement = bench.door.judge(online=True)
    assert (set(judgement.over), set(judgement.out), judgement.turn) == ({"s1"}, {"s2"}, True)


def test_a_worn_key_waits_until_the_next_can_be_handed_out() -> None:
    bench = Bench()
    bench.door.greet("s1", caller(), 0)
    bench.now += EPOCH_SECONDS
    assert not bench.door.judge(online=False).turn
    assert bench.door.judge(online=True).turn


def test_standard_players_go_when_the_owner_takes_it_back_and_the_others_get_a_key() -> None:
    bench, shown = Bench(orders=STANDARD), caller()
    bench.door.enter("s1", None)
    bench.door.greet("s2", None, 0)
    bench.door.greet("s3", shown, 0)
    bench.door.order([], ordered(n=1, serials=()))
    judgement = bench.door.judge(online=True)
    assert judgement.over == {"s1": CLOSED_TO_PLAYERS}
    assert judgement.out == {"s2": CLOSED_TO_PLAYERS}
    assert judgement.tell and not judgement.again
    assert bench.opened(shown, "phone", bench.door.letters(0)["s3"]) == 0


def test_who_had_a_key_comes_again_when_sealing_ends() -> None:
    bench = Bench()
    bench.door.greet("s1", caller(), 0)
    bench.door.order([], STANDARD)
    judgement = bench.door.judge(online=True)
    assert judgement.again == ("s1",) and not judgement.tell
    assert bench.door.letters(0) == {}


def test_an_older_order_does_not_open_the_door_again() -> None:
    bench = Bench(orders=STANDARD)
    bench.door.order([], ordered(n=1, serials=()))
    bench.door.order([], STANDARD)
    assert bench.door.sealing


def test_orders_that_are_withheld_are_noticed_by_the_owners_hello() -> None:
    bench = Bench()
    bench.door.greet("s1", guest(), 0)
    bench.door.greet("s2", caller(seen=0), 0)
    assert not bench.door.judge(online=True).withheld
    bench.now += GRACE_SECONDS
    judgement = bench.door.judge(online=True)
    assert judgement.withheld and judgement.turn
    assert set(judgement.out) == {"s1"}
    assert not bench.door.judge(online=True).withheld, "said once"


def test_orders_that_come_within_the_grace_are_not_called_withheld() -> None:
    bench = Bench()
    bench.door.greet("s2", caller(seen=0), 0)
    bench.door.judge(online=True)
    bench.now += GRACE_SECONDS / 2
    bench.door.order([], ordered())
    bench.now += GRACE_SECONDS
    assert not bench.door.judge(online=True).withheld


def test_the_receipt_says_what_was_taken() -> None:
    bench = Bench(texts=PHONE)
    before = read_receipt(bench.door.receipt(), CAMERA)
    assert (before.orders, before.n) == ("", -1)
    bench.door.order(BOTH, ordered())
    after = read_receipt(bench.door.receipt(), CAMERA)
    assert (after.orders, after.n) == (statement.digest(ordered()), 0)
    assert after.head == statement.digest(BOTH[1])


def test_the_oldest_goes_when_there_are_too_many() -> None:
    bench = Bench()
    for number in range(MAX_VISITORS + 1):
        bench.door.greet(f"s{number}", caller(), 0)
    assert set(bench.door.letters(0)) == {f"s{number}" for number in range(1, MAX_VISITORS + 1)}


def test_a_withheld_order_keeps_no_standard_player_watching() -> None:
    bench = Bench(orders=STANDARD)
    bench.door.enter("s1", None)
    bench.door.greet("s0", caller("laptop"), 0)
    bench.door.greet("s2", caller(seen=1), 0)
    judgement = bench.door.judge(online=True)
    assert judgement.over == {"s1": CLOSED_TO_PLAYERS}
    assert judgement.tell and bench.door.sealing
