"""A benchmark says by itself when a bound is missed, or when what it measured is worth nothing."""

from dataclasses import replace

from tests.benchmarks import bench_camera, bench_ttff
from tests.benchmarks.bench_camera import Result
from tests.benchmarks.judged import exit_code
from tests.benchmarks.light_client import CountingConnection

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
