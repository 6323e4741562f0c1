"""Sessions become viewings, as a person counts them."""

from signaling.effects import Watching
from signaling.protocol.messages import Way
from signaling.viewings import GAP_SECONDS, MAX_WAITING, Viewing, Viewings

NOW = 1_800_000_000.0


def begin(
    viewings: Viewings, session: str, at: float, *, user: str = "u", camera: str = "c", way: Way = "direct"
) -> None:
    viewings.began(Watching(session, camera, user, "owner", way, at))


def told(viewings: list[Viewing]) -> list[tuple[str, float, float | None, Way]]:
    return [(one.user, one.began - NOW, None if one.ended is None else one.ended - NOW, one.way) for one in viewings]


def test_a_viewing_is_told_a_minute_after_its_end() -> None:
    viewings = Viewings()
    begin(viewings, "s", NOW)
    assert told(viewings.running("c")) == [("u", 0, None, "direct")] and viewings.running("d") == []
    viewings.ended("s", NOW + 10)
    assert viewings.running("c") == [] and viewings.over(NOW + 10 + GAP_SECONDS) == []
    assert told(viewings.over(NOW + 11 + GAP_SECONDS)) == [("u", 0, 10, "direct")]
    assert viewings.over(NOW + 1000) == []


def test_who_reconnects_or_changes_the_way_goes_on() -> None:
    viewings = Viewings()
    begin(viewings, "s1", NOW)
    begin(viewings, "s2", NOW + 5, way="relay")
    viewings.ended("s1", NOW + 6)
    assert told(viewings.running("c")) == [("u", 0, None, "relay")]
    viewings.ended("s2", NOW + 10)
    begin(viewings, "s3", NOW + 10 + GAP_SECONDS)
    viewings.ended("s3", NOW + 100)
    assert told(viewings.over(NOW + 1000)) == [("u", 0, 100, "direct")]


def test_the_way_is_the_one_that_is_left_when_two_were_tried() -> None:
    viewings = Viewings()
    begin(viewings, "s1", NOW)
    begin(viewings, "s2", NOW + 0.3, way="relay")
    viewings.ended("s2", NOW + 1)
    assert told(viewings.running("c")) == [("u", 0, None, "direct")]


def test_after_a_minute_it_is_another_one() -> None:
    viewings = Viewings()
    begin(viewings, "s1", NOW)
    viewings.ended("s1", NOW + 1)
    begin(viewings, "s2", NOW + 2 + GAP_SECONDS)
    viewings.ended("s2", NOW + 200)
    assert told(viewings.over(NOW + 1000)) == [("u", 0, 1, "direct"), ("u", 2 + GAP_SECONDS, 200, "direct")]


def test_a_viewer_that_flaps_makes_one_entry() -> None:
    viewings = Viewings()
    for number in range(1000):
        begin(viewings, f"s{number}", NOW + number)
        viewings.ended(f"s{number}", NOW + number + 0.5)
        assert viewings.over(NOW + number) == []
    assert told(viewings.over(NOW + 2000)) == [("u", 0, 999.5, "direct")]


def test_viewers_and_cameras_are_kept_apart() -> None:
    viewings = Viewings()
    begin(viewings, "s1", NOW + 1)
    begin(viewings, "s2", NOW, user="v")
    begin(viewings, "s3", NOW, camera="d")
    assert [one.user for one in viewings.running("c")] == ["v", "u"]
    viewings.ended("s2", NOW + 2)
    viewings.ended("unknown", NOW + 2)
    assert [one.user for one in viewings.running("c")] == ["u"]


def test_what_could_not_be_told_waits_and_a_stop_tells_all() -> None:
    viewings = Viewings()
    begin(viewings, "s1", NOW)
    begin(viewings, "s2", NOW, user="v")
    viewings.ended("s1", NOW + 1)
    taken = viewings.over(NOW + 100)
    viewings.give_back(taken)
    assert viewings.over(NOW + 101) == taken
    begin(viewings, "s3", NOW + 102)
    viewings.ended("s3", NOW + 103)
    assert told(viewings.stopped(NOW + 110)) == [("v", 0, 110, "direct"), ("u", 102, 103, "direct")]
    viewings.ended("s2", NOW + 111)
    assert viewings.stopped(NOW + 112) == []


def test_what_waits_is_bounded_and_the_newest_stay() -> None:
    viewings = Viewings()
    many = [Viewing("c", "u", "owner", "direct", NOW + number, NOW + number) for number in range(MAX_WAITING + 3)]
    assert viewings.give_back(many) == 3
    assert viewings.over(NOW) == many[3:]


def test_a_session_from_before_a_restart_began_then() -> None:
    viewings = Viewings()
    begin(viewings, "s", NOW - 3000)
    viewings.ended("s", NOW)
    assert told(viewings.over(NOW + 100)) == [("u", -3000, 0, "direct")]


def test_each_owner_is_told_of_their_own_time() -> None:
    viewings = Viewings()
    viewings.began(Watching("s1", "c", "u", "owner", "direct", NOW))
    viewings.ended("s1", NOW + 1)
    viewings.began(Watching("s2", "c", "u", "u", "direct", NOW + 2))
    viewings.ended("s2", NOW + 3)
    assert [(one.owner, one.began - NOW) for one in viewings.over(NOW + 100)] == [("owner", 0), ("u", 2)]
