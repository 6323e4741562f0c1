"""A benchmark says by itself when a bound is missed, or when what it measured is worth nothing."""

from dataclasses import replace

from tests.benchmarks import bench_camera, bench_loss, bench_recovery, bench_relay, bench_ttff, bench_ways
from tests.benchmarks.bench_camera import Result
from tests.benchmarks.judged import exit_code
from tests.benchmarks.light_client import CountingConnection
from tests.natlab.recovery import Stop

FINE = Result(viewers=16, connected=16, percent=40.0, rss=90.0, sent=20_000, received=19_990, microseconds=120.0)


def test_a_fair_price_of_a_packet_is_a_success() -> None:
    price = bench_camera.price(0.62)
    assert str(price).endswith("= 0.62   (judged: at most 1.0: yes)")
    assert exit_code([price], FINE.missing) == 0


def test_a_price_over_the_bound_is_a_failure() -> None:
    price = bench_camera.price(1.01)
    assert "NO" in str(price)
    assert exit_code([price], FINE.missing) == 1


def test_missing_viewers_are_a_failure_whatever_the_price() -> None:
    few = replace(FINE, connected=14)
    assert "ONLY 14 CONNECTED" in bench_camera.row("ours", few)
    assert exit_code([bench_camera.price(0.62)], FINE.missing, few.missing) == 1


def test_more_than_a_hundredth_lost_is_marked() -> None:
    assert bench_camera.row("ours", FINE).endswith("120.0")
    assert bench_camera.row("ours", replace(FINE, received=19_700)).endswith("1.5 % LOST")
    assert bench_camera.row("ours", replace(FINE, sent=0, received=0)).endswith("100.0 % LOST")


def test_the_first_picture_is_judged_by_both_bounds() -> None:
    assert exit_code(bench_ttff.judged(ours=70, bare=60, plain=3600)) == 0
    slow, fine = bench_ttff.judged(ours=300, bare=290, plain=3600)
    assert (slow.holds, fine.holds) == (False, True)
    assert str(slow) == "ours / plain = 1/12.0   (judged: at most 1/15: NO)"
    assert exit_code([slow, fine]) == 1
    assert exit_code(bench_ttff.judged(ours=95, bare=60, plain=3600)) == 1


async def test_a_report_is_not_taken_for_a_packet_that_arrived() -> None:
    crowd = CountingConnection()
    for second in (96, 224, 200, 201):  # RTP, RTP with its marker, a sender's and a receiver's report
        crowd.data_received(bytes([128, second]) + bytes(10), 1)
    assert (crowd.packets, crowd.reports) == (4, 2)


def test_the_relay_is_judged_beside_janus_and_by_what_it_lost() -> None:
    assert exit_code([bench_relay.judged(ours=8.0, janus=20.0)], bench_relay.too_many_lost(0.001)) == 0
    assert exit_code([bench_relay.judged(ours=11.0, janus=20.0)]) == 1
    assert exit_code([bench_relay.judged(ours=8.0, janus=20.0)], bench_relay.too_many_lost(0.03)) == 1


def test_freezes_are_judged_beside_janus_or_are_short() -> None:
    found = {f"{way}_{place}_freeze_s_5": 2.0 for way in bench_loss.WAYS for place in bench_loss.PLACES}
    assert exit_code(bench_loss.judged(found, (5,))) == 0
    assert exit_code(bench_loss.judged(found | {"ours_relay_upload_freeze_s_5": 2.3}, (5,))) == 1
    short = found | {"janus_upload_freeze_s_5": 0.0, "ours_relay_upload_freeze_s_5": 0.4}
    assert exit_code(bench_loss.judged(short, (5,))) == 0


def test_ways_are_judged_by_their_medians_and_by_what_went_over_the_relay() -> None:
    rows = {row.key: row for row in bench_ways.ROWS}
    near, far, blocked = (rows[key] for key in ("direct_0", "direct_40", "relay_when_blocked_40"))
    assert bench_ways.judged(near, bench_ways.Figures(1.0, [900.0])) is None
    for row, quick, slow in ((far, 319.0, 321.0), (blocked, 700.0, 701.0)):
        verdicts = [bench_ways.judged(row, bench_ways.Figures(40.0, [ms] * 50)) for ms in (quick, slow)]
        assert [one is not None and one.holds for one in verdicts] == [True, False]
    for relayed, holds in ((1, True), (2, False)):
        share = bench_ways.relayed_share({far: bench_ways.Figures(40.0, [300.0] * 50, relayed=relayed)})
        assert share is not None and share.holds is holds


def test_recovery_is_judged_by_the_median_of_its_rounds() -> None:
    case = bench_recovery.CASES[0]
    quick, slow = Stop(1.2, 1.2), Stop(3.0, 3.0)
    assert bench_recovery.judged(case, [quick, slow, quick]).holds
    assert not bench_recovery.judged(case, [quick, slow, slow]).holds
    never = next(one for one in bench_recovery.CASES if one.aim == 0)
    assert bench_recovery.judged(never, [Stop(0.0, 0.1)]).holds and not bench_recovery.judged(never, [quick]).holds
