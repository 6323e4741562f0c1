"""The pace of a catch-up on simulated links: a narrow one with a queue, a wide one, a silent one."""

import pytest

from media.pace import LONG_QUEUE, MAX_MULTIPLE, MIN_MULTIPLE, UNKNOWN_PATH, Pace, Probe, first_multiple

BITRATE = 2_000_000
ROUND_TRIP = 0.005
KEY_FRAME = 30_000


class Link:
    """Carries `rate` bit/s after a first `bucket` of bytes; `backlog` are the bytes that wait before it."""

    def __init__(self, rate: float, bucket: int = 0) -> None:
        self._rate = rate
        self._bucket = float(bucket)
        self.backlog = 0.0
        self.longest = 0.0

    def send(self, size: float) -> None:
        free = min(size, self._bucket)
        self._bucket -= free
        self.backlog += size - free
        self.longest = max(self.longest, self.backlog * 8 / self._rate)

    def wait(self, seconds: float) -> None:
        self.backlog = max(0.0, self.backlog - seconds * self._rate / 8)

    @property
    def delay(self) -> float:
        return ROUND_TRIP + self.backlog * 8 / self._rate


def catch_up(link: Link, seconds: float) -> Pace:
    """Key frame, then a stream at the pace's multiple, one probe after the other, 20 ms apart."""
    pace = Pace(BITRATE, ROUND_TRIP)
    sent, now = KEY_FRAME, 0.0
    link.send(KEY_FRAME)

    def stream(until: float) -> int:
        nonlocal now
        size = 0.0
        while now < until:
            piece = pace.multiple * BITRATE / 8 * 0.001
            link.send(piece)
            link.wait(0.001)
            size += piece
            now += 0.001
        return int(size)

    while now < seconds:
        before, sent_at, delay = sent, now, link.delay
        if delay > pace.patience:
            sent += stream(now + pace.patience)
            pace.overdue()
        sent += stream(sent_at + delay)
        pace.answered(Probe(before, sent_at, sent_at + delay))
        sent += stream(now + 0.02)
    return pace


@pytest.mark.parametrize("bucket", [0, 16_000])
@pytest.mark.parametrize("rate", [3_000_000, 5_000_000, 12_000_000])
def test_a_narrow_link_is_filled_and_its_queue_stays_short(rate: int, bucket: int) -> None:
    link = Link(rate, bucket)
    pace = catch_up(link, 1.0)
    assert 0.5 * rate <= pace.multiple * BITRATE <= 1.5 * rate
    assert link.longest < KEY_FRAME * 8 / rate + 0.15


def test_a_wide_link_is_used_within_a_tenth_of_a_second() -> None:
    link = Link(1_000_000_000)
    assert catch_up(link, 0.001).multiple > 10
    assert catch_up(link, 0.1).multiple == MAX_MULTIPLE


def test_a_stream_the_link_hardly_carries_is_not_pushed() -> None:
    assert catch_up(Link(2_000_000), 1.0).multiple == MIN_MULTIPLE


def test_late_answers_slow_down_at_once() -> None:
    pace = Pace(BITRATE, ROUND_TRIP)
    pace.answered(Probe(KEY_FRAME, 0.0, ROUND_TRIP))
    assert pace.multiple > 10
    assert pace.patience == pytest.approx(ROUND_TRIP + LONG_QUEUE)
    assert pace.overdue() == MIN_MULTIPLE


def test_a_busy_viewer_does_not_look_like_a_narrow_link() -> None:
    """Answers 20 ms late but as often as asked: it goes on faster."""
    pace = Pace(BITRATE, ROUND_TRIP)
    pace.answered(Probe(KEY_FRAME, 0.0, ROUND_TRIP + 0.02))
    slow = pace.multiple
    for number in range(1, 12):
        at = number * 0.04
        pace.answered(Probe(KEY_FRAME + number * 1000, at, at + ROUND_TRIP + 0.02))
    assert pace.multiple > 3 * slow


def test_before_anything_is_known_a_home_uplink_is_assumed() -> None:
    assert first_multiple(BITRATE) == UNKNOWN_PATH / BITRATE
    assert first_multiple(20_000_000) == MIN_MULTIPLE
    assert first_multiple(0) == MAX_MULTIPLE
