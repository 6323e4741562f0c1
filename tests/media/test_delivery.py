"""What one viewer is sent next, in virtual time."""

from collections.abc import Callable

from media.delivery import MAX_BACKLOG_BYTES, Delivery, Due
from media.packetiser import CutFrame

MakeFrame = Callable[..., CutFrame]


def numbers(due: list[Due], fps: int = 30) -> list[int]:
    return [frame.timestamp * fps // 90_000 for frame, _ in due]


def drain(delivery: Delivery, now: float) -> tuple[list[Due], float]:
    """Take everything queued at the times the delivery asks for; returns it and the time of the last."""
    taken: list[Due] = []
    while (due := delivery.next_due()) is not None:
        now = max(now, due)
        taken += delivery.take(now)
    return taken, now


def test_without_a_group_the_first_picture_is_the_next_key_frame(make_frame: MakeFrame) -> None:
    delivery = Delivery()
    delivery.start((), now=100.0)
    delivery.push(make_frame(1))
    assert delivery.waiting and delivery.take(101.0) == []
    delivery.push(make_frame(2, key=True))
    delivery.push(make_frame(3))
    assert numbers(delivery.take(101.0)) == [2, 3]


def test_the_key_frame_of_the_group_goes_at_once_and_the_rest_follows_faster_than_live(make_frame: MakeFrame) -> None:
    delivery = Delivery()
    group = tuple(make_frame(number, key=number == 0) for number in range(45))
    now = group[-1].arrived_at
    delivery.start(group, now)
    assert numbers(delivery.take(now)) == [0]
    taken, end = drain(delivery, now)
    assert numbers(taken) == list(range(1, 45))
    assert 0 < end - now < 0.2
    assert not delivery.catching_up and delivery.remaining(end) == 0.0


def test_on_an_unknown_path_the_group_is_sent_no_faster_than_a_home_uplink_carries(make_frame: MakeFrame) -> None:
    """2 Mbit/s: the group of 1.5 s is sent at three times its speed."""
    delivery = Delivery()
    group = tuple(make_frame(number, key=number == 0, size=8333) for number in range(45))
    now = group[-1].arrived_at
    delivery.start(group, now)
    _, end = drain(delivery, now)
    assert 0.45 < end - now < 0.55


def test_the_speed_may_change_on_the_way(make_frame: MakeFrame) -> None:
    """0.1 s at three times the speed, then thirty times: the remaining 1.2 s take 40 ms, and time never goes back."""
    delivery = Delivery()
    group = tuple(make_frame(number, key=number == 0, size=8333) for number in range(45))
    now = group[-1].arrived_at
    delivery.start(group, now)
    taken = delivery.take(now + 0.1)
    assert delivery.remaining(now + 0.1) > 0.35
    delivery.retune(30.0, now + 0.1)
    assert delivery.remaining(now + 0.1) < 0.05
    rest, end = drain(delivery, now + 0.1)
    assert numbers(taken + rest) == list(range(45))
    assert 0.13 < end - now < 0.15
    stamps = [stamp for _, stamp in taken + rest]
    assert stamps == sorted(set(stamps))


def test_live_frames_queue_behind_the_group_and_keep_their_order_and_time(make_frame: MakeFrame) -> None:
    delivery = Delivery()
    group = tuple(make_frame(number, key=number == 0, size=8333) for number in range(45))
    delivery.start(group, group[-1].arrived_at)
    taken: list[Due] = []
    for number in range(45, 150):
        frame = make_frame(number, size=8333)
        delivery.push(frame)
        taken += delivery.take(frame.arrived_at)
    assert numbers(taken) == list(range(150))
    stamps = [stamp for _, stamp in taken]
    assert stamps == sorted(set(stamps))
    assert all(stamp == frame.timestamp for frame, stamp in taken[100:])
    assert delivery.next_due() is None


def test_a_key_frame_makes_what_is_queued_before_it_needless(make_frame: MakeFrame) -> None:
    delivery = Delivery()
    group = tuple(make_frame(number, key=number == 0, size=8333) for number in range(45))
    now = group[-1].arrived_at
    delivery.start(group, now)
    first = delivery.take(now)
    delivery.push(make_frame(45, key=True))
    then = delivery.take(now + 0.033)
    assert numbers(first) == [0] and numbers(then) == [45]
    assert then[0][1] > first[0][1]


def test_the_backlog_is_bounded_and_ends_in_waiting_for_a_key_frame(make_frame: MakeFrame) -> None:
    delivery = Delivery()
    delivery.start((make_frame(0, key=True, size=MAX_BACKLOG_BYTES - 100),), 100.0)
    delivery.push(make_frame(1, size=200))
    assert delivery.waiting and delivery.next_due() is None
    delivery.push(make_frame(2, key=True))
    assert numbers(delivery.take(200.0)) == [2]


def test_a_second_start_does_not_turn_time_back(make_frame: MakeFrame) -> None:
    delivery = Delivery()
    group = tuple(make_frame(number, key=number == 0) for number in range(45))
    now = group[-1].arrived_at
    delivery.start(group, now)
    before, now = drain(delivery, now)
    delivery.start(group, now)
    after, _ = drain(delivery, now)
    stamps = [stamp for _, stamp in before + after]
    assert stamps == sorted(set(stamps))
