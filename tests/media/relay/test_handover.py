"""When the next upload of a camera may take over, in virtual time."""

import pytest

from media.relay.handover import FLOWING_SECONDS, FRESH_SECONDS, LIMIT_SECONDS, PATIENCE_SECONDS, Handover

OLD, NEW = b"seen before", b"never seen"


def begun(at: float = 100.0) -> Handover:
    """One whose first packet, the key frame that viewers saw a second ago, came while the other upload flowed."""
    handover = Handover(at - 0.5)
    assert not handover.admits(OLD, (OLD, at - 1.0), at, at)
    return handover


def test_a_key_frame_that_viewers_have_not_seen_takes_over() -> None:
    handover = begun()
    assert not handover.admits(None, (OLD, 99.0), 100.1, 100.1)
    assert not handover.admits(OLD, (OLD, 99.0), 100.2, 100.2)
    assert handover.admits(NEW, (OLD, 99.0), 100.3, 100.3)


@pytest.mark.parametrize(("late", "admitted"), [(FRESH_SECONDS - 0.01, True), (FRESH_SECONDS + 0.01, False)])
def test_the_same_key_frame_may_come_a_little_later_on_a_slower_way(late: float, admitted: bool) -> None:
    assert begun().admits(NEW, (NEW, 101.0), 101.0 + late, 101.0 + late) is admitted


def test_the_group_that_it_begins_with_is_not_shown_again_however_short() -> None:
    assert not Handover(0.0).admits(NEW, (NEW, 0.05), 0.1, 0.1)


def test_before_any_key_frame_was_shown_every_one_is_new() -> None:
    handover = Handover(0.0)
    assert not handover.has_begun
    assert handover.admits(NEW, None, 0.1, 0.1)
    assert handover.has_begun


def test_where_nothing_flows_the_first_packet_takes_over() -> None:
    assert Handover(0.0).admits(None, (OLD, 0.0), 1.0, 1.0 + FLOWING_SECONDS + 0.01)
    assert Handover(0.0).admits(None, None, None, 0.0)


@pytest.mark.parametrize("flowed_at", [None, 100.0])
def test_when_the_flow_ends_the_next_key_frame_does(flowed_at: float | None) -> None:
    handover, now = begun(), 100.0 + FLOWING_SECONDS + 0.01
    assert not handover.admits(None, (OLD, 99.0), flowed_at, now)
    assert handover.admits(OLD, (OLD, 99.0), flowed_at, now)


def test_patience_with_old_key_frames_ends() -> None:
    handover = begun()
    end = 100.0 + PATIENCE_SECONDS
    assert not handover.admits(OLD, (OLD, 99.0), end, end)
    assert handover.admits(OLD, (OLD, 99.0), end + 0.01, end + 0.01)
    assert not handover.is_overdue(99.5 + LIMIT_SECONDS) and handover.is_overdue(99.6 + LIMIT_SECONDS)
