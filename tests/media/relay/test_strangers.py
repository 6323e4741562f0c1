"""What strangers may cost: answers for each network, frames of a TCP stream, whose address is whose."""

from collections.abc import Hashable

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from media.liveness import DEAD_SECONDS
from media.relay.framing import MAX_FRAME, BadFrame, Deframer, framed
from media.relay.inbox import Inbox
from media.relay.path import Path
from media.relay.rates import BURST, MAX_NETWORKS, NetworkRates, network_of
from media.relay.stun import Binding
from media.relay.switchboard import MAX_ADDRESSES, MAX_TRANSACTIONS, PREFER_UDP_SECONDS, Switchboard

PASSWORD = b"0123456789abcdef0123456789abcdef"


class FakePath:
    def __init__(self, source: str, *, reliable: bool = False) -> None:
        self.source = source
        self.reliable = reliable
        self.closed = False

    def send(self, packets: list[bytes]) -> None: ...

    def backlog(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True


class FakeLeg:
    def __init__(self, ufrag: str) -> None:
        self.ufrag = ufrag
        self.password = PASSWORD
        self.path: Path | None = None
        self.heard_at = 0.0
        self.is_keyed = False
        self.dtls: list[bytes] = []

    def holds(self, source: Hashable, now: float) -> bool:
        is_here = self.path is not None and self.path.source == source
        return self.is_keyed and is_here and now - self.heard_at < DEAD_SECONDS

    def use(self, path: Path) -> None:
        self.path = path

    def end(self, reason: str) -> None: ...

    def take_dtls(self, data: bytes) -> None:
        self.dtls.append(data)

    def take_answer(self, answer: Binding, now: float) -> bool:
        return answer.integrity is not None and now < 0

    def take_media(self, inbox: Inbox, now: float, wall: float) -> None: ...


def check(ufrag: str, password: bytes = PASSWORD, *, nominate: bool = False) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ufrag}:theirs"
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password)
    return bytes(message)


def ask(board: Switchboard, data: bytes, path: FakePath, now: float = 0.0) -> bytes | None:
    return board.check(data, "192.0.2.7", 5000, path, now)


def test_a_check_caught_on_its_way_leads_nobody_astray(board: Switchboard) -> None:
    leg, home, thief = FakeLeg("mine"), FakePath("home"), FakePath("thief")
    board.add(leg)
    caught = check("mine", nominate=True)
    assert ask(board, caught, home) is not None
    assert ask(board, caught, home) is not None, "its sender may repeat it"
    assert ask(board, caught, thief) is None and board.leg_at("thief") is None
    assert leg.path is home
    for _ in range(2 * MAX_TRANSACTIONS):
        assert ask(board, check("mine"), home) is not None
    assert len(board._transactions["mine"]) == MAX_TRANSACTIONS


@pytest.fixture
def board() -> Switchboard:
    return Switchboard()


def test_a_network_has_one_budget_and_gets_it_back() -> None:
    rates = NetworkRates(per_second=2, burst=3)
    admitted = [rates.admits(f"192.0.2.{number}", 0.0) for number in range(5)]
    assert admitted == [True, True, True, False, False]
    assert rates.admits("192.0.3.1", 0.0)
    assert [rates.admits("192.0.2.9", 1.0) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:0:ff::1", "2001:db8:0:ab::2", True),
        ("2001:db8:0:100::1", "2001:db8:0:200::1", False),
        ("::ffff:192.0.2.1", "192.0.2.2", True),
    ],
)
def test_networks_are_24_and_56_bits_long(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


def test_forged_networks_do_not_fill_memory() -> None:
    rates = NetworkRates()
    for number in range(MAX_NETWORKS + 100):
        rates.admits(f"10.{number >> 8 & 255}.{number & 255}.1", 0.0)
    assert len(rates) == MAX_NETWORKS


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20), st.integers(1, 50))
def test_frames_survive_any_cutting(packets: list[bytes], step: int) -> None:
    stream = b"".join(map(framed, packets))
    deframer = Deframer()
    found = [frame for at in range(0, len(stream), step) for frame in deframer.feed(stream[at : at + step])]
    assert found == packets


@pytest.mark.parametrize("size", [0, MAX_FRAME + 1])
def test_frames_of_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(BadFrame):
        Deframer().feed(size.to_bytes(2, "big") + b"x")


def test_an_address_belongs_to_a_leg_only_after_a_valid_check(board: Switchboard) -> None:
    leg = FakeLeg("a")
    board.add(leg)
    for data in (check("a", b"wrong"), check("b"), b"\x00\x01junk"):
        assert ask(board, data, FakePath("here")) is None
    assert board.leg_at("here") is None and leg.path is None and board.ignored == 3
    assert ask(board, check("a"), FakePath("here"))
    assert board.leg_at("here") is leg and leg.path is not None


def test_a_session_moves_only_when_its_peer_says_so(board: Switchboard) -> None:
    leg = FakeLeg("a")
    board.add(leg)
    ask(board, check("a"), FakePath("here"))
    ask(board, check("a"), FakePath("there"))
    assert leg.path is not None and leg.path.source == "here"
    ask(board, check("a", b"wrong", nominate=True), FakePath("there"))
    assert leg.path.source == "here"
    ask(board, check("a", nominate=True), FakePath("there"))
    assert leg.path.source == "there"


def test_a_peer_that_nominates_two_ways_is_answered_on_the_one_it_speaks_on(board: Switchboard) -> None:
    leg, first, second, third = FakeLeg("a"), FakePath("first"), FakePath("second"), FakePath("third", reliable=True)
    board.add(leg)
    for path in (first, second):
        ask(board, check("a", nominate=True), path)
    ask(board, check("a"), third)
    assert leg.path is second
    assert board.take_dtls(b"hello", "first") and leg.path is first
    assert board.take_dtls(b"again", "third") and leg.path is third
    leg.is_keyed = True
    assert board.take_dtls(b"goodbye", "first") and leg.path is third
    assert leg.dtls == [b"hello", b"again", b"goodbye"]
    assert not board.take_dtls(b"hello", "elsewhere") and len(leg.dtls) == 3


def test_tcp_does_not_take_over_while_udp_lives(board: Switchboard) -> None:
    leg = FakeLeg("a")
    board.add(leg)
    ask(board, check("a", nominate=True), FakePath("udp"), now=0.0)
    ask(board, check("a", nominate=True), FakePath("tcp", reliable=True), now=1.0)
    assert leg.path is not None and leg.path.source == "udp"
    ask(board, check("a", nominate=True), FakePath("tcp", reliable=True), now=2.0 + PREFER_UDP_SECONDS)
    assert leg.path.source == "tcp"


def test_a_leg_has_few_addresses_and_leaves_none_behind(board: Switchboard) -> None:
    leg = FakeLeg("a")
    board.add(leg)
    for number in range(MAX_ADDRESSES + 5):
        ask(board, check("a"), FakePath(f"place {number}"))
    assert board.leg_at("place 1") is None and board.leg_at(f"place {MAX_ADDRESSES}") is leg
    board.remove(leg)
    assert all(board.leg_at(f"place {number}") is None for number in range(MAX_ADDRESSES + 5))
    assert ask(board, check("a"), FakePath("again")) is None


def test_the_way_in_use_is_never_forgotten(board: Switchboard) -> None:
    leg, used = FakeLeg("a"), FakePath("used", reliable=True)
    board.add(leg)
    others = [FakePath(f"place {number}", reliable=True) for number in range(MAX_ADDRESSES + 5)]
    for path in (used, *others):
        ask(board, check("a"), path)
        ask(board, check("a"), others[0])
    assert leg.path is used and board.leg_at("used") is leg and not used.closed
    assert board.leg_at("place 0") is leg, "nor is one that is asked over all the time"
    assert [path.closed for path in others] == [False, *[True] * 6, *[False] * (MAX_ADDRESSES - 2)]


def test_the_connections_of_a_leg_end_with_it(board: Switchboard) -> None:
    """But for the one in use, which takes its goodbye."""
    leg, other = FakeLeg("a"), FakeLeg("b")
    board.add(leg)
    board.add(other)
    used, spare, handed_on = (FakePath(name, reliable=True) for name in ("used", "spare", "handed on"))
    for path in (used, spare, handed_on):
        ask(board, check("a"), path)
    ask(board, check("b"), handed_on)
    board.remove(leg)
    assert (used.closed, spare.closed, handed_on.closed) == (False, True, False)


def test_the_address_of_a_living_leg_is_not_taken_from_it(board: Switchboard) -> None:
    one, other, nat = FakeLeg("a"), FakeLeg("b"), FakePath("nat")
    board.add(one)
    board.add(other)
    ask(board, check("a"), nat)
    one.is_keyed = True
    assert ask(board, check("b", nominate=True), FakePath("nat"), now=1.0) is None
    assert board.leg_at("nat") is one and other.path is None and board.ignored == 1
    assert ask(board, check("a"), FakePath("spare"), now=1.0) and ask(board, check("b"), FakePath("spare"), now=1.0)
    assert board.leg_at("spare") is other, "it was not in use"


def test_an_address_whose_owner_is_silent_belongs_to_the_newest(board: Switchboard) -> None:
    """A NAT gives the port of one to another."""
    one, other = FakeLeg("a"), FakeLeg("b")
    board.add(one)
    board.add(other)
    ask(board, check("a"), FakePath("nat"))
    one.is_keyed = True
    assert ask(board, check("b"), FakePath("nat"), now=DEAD_SECONDS)
    assert board.leg_at("nat") is other
    board.remove(one)
    assert board.leg_at("nat") is other


def test_plain_stun_is_answered_until_the_budget_is_spent(board: Switchboard) -> None:
    bare = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))
    answers = [ask(board, bare, FakePath("x")) for _ in range(int(BURST) + 10)]
    assert sum(answer is not None for answer in answers) == BURST
