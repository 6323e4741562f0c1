"""Which pair carries the media: a race in virtual time."""

import pytest

from media.nomination import HOLD_ROUND_TRIPS, HOLD_SECONDS, Nomination, Rank, Way

PAIRS = {
    "host": Rank(Way.DIRECT, -252, -30),
    "host4": Rank(Way.DIRECT, -252, -29),
    "srflx": Rank(Way.DIRECT, -226, -20),
    "turn": Rank(Way.TURN, -126, -10),
    "turn2": Rank(Way.TURN, 0, -5),
    "tunnel": Rank(Way.TUNNEL, -252, 0),
}
R = 0.04


def race(*answers: tuple[float, str], direct_until: float = 10.0) -> list[tuple[float, str]]:
    """Pairs that answer at their times; the moves of the media. `direct_until`: direct pairs are tried so long."""
    nomination = Nomination(lambda pair: PAIRS[str(pair)])
    moves: list[tuple[float, str]] = []
    pending = sorted(answers)
    now = 0.0
    while True:
        pair = nomination.decide(now, direct_tried=now < direct_until)
        if pair is not None:
            moves.append((round(now, 3), str(pair)))
        times = [t for t in (nomination.next_due(), pending[0][0] if pending else None) if t is not None]
        times += [direct_until] if now < direct_until and times else []
        if not times:
            return moves
        now = min(times)
        if pending and pending[0][0] <= now:
            at, name = pending.pop(0)
            nomination.answered(name, R, at)


HOLD = round(HOLD_ROUND_TRIPS * R + HOLD_SECONDS, 3)


@pytest.mark.parametrize(
    ("answers", "moves"),
    [
        ([(0.04, "srflx")], [(0.04, "srflx")]),
        ([(0.04, "turn")], [(0.04 + HOLD, "turn")]),
        ([(0.04, "turn"), (0.15, "srflx")], [(0.15, "srflx")]),
        ([(0.04, "turn"), (0.9, "srflx")], [(0.04 + HOLD, "turn"), (0.9, "srflx")]),
        ([(0.04, "srflx"), (0.06, "host")], [(0.04, "srflx"), (0.06, "host")]),
        ([(0.04, "host"), (0.06, "srflx"), (0.07, "turn")], [(0.04, "host")]),
        ([(0.04, "host4"), (0.05, "host")], [(0.04, "host4")]),
        ([(0.04, "host"), (0.05, "host4")], [(0.04, "host")]),
        ([(0.04, "turn2"), (0.05, "turn")], [(0.04 + HOLD, "turn2"), (0.05 + HOLD, "turn")]),
        ([(0.6, "tunnel"), (0.7, "host")], [(0.6, "tunnel"), (0.7, "host")]),
        ([], []),
    ],
)
def test_the_media_takes_the_best_pair_in_time(
    answers: list[tuple[float, str]], moves: list[tuple[float, str]]
) -> None:
    assert race(*answers) == [(pytest.approx(at), name) for at, name in moves]


def test_turn_does_not_wait_for_direct_pairs_that_have_failed() -> None:
    assert race((0.04, "turn"), direct_until=0.0) == [(0.04, "turn")]
    assert race((0.04, "turn"), direct_until=0.06) == [(0.06, "turn")]


def test_a_remote_address_that_turns_out_to_be_a_turn_servers_loses_to_a_direct_one() -> None:
    ranks = {"unknown": Rank(Way.DIRECT, -236, -50), "srflx": Rank(Way.DIRECT, -226, -20)}
    nomination = Nomination(lambda pair: ranks[str(pair)])
    nomination.answered("unknown", R, 0.0)
    assert nomination.decide(0.0, direct_tried=True) == "unknown"
    assert not nomination.improves("srflx")
    ranks["unknown"] = Rank(Way.TURN, -236, -50)
    assert nomination.improves("srflx")
    nomination.answered("srflx", R, 0.2)
    assert nomination.decide(0.2, direct_tried=True) == "srflx"


def test_what_is_worse_is_not_kept_waiting() -> None:
    nomination = Nomination(lambda pair: PAIRS[str(pair)])
    nomination.answered("turn", R, 0.0)
    nomination.answered("host", R, 0.01)
    assert nomination.decide(0.01, direct_tried=True) == "host"
    assert nomination.next_due() is None
