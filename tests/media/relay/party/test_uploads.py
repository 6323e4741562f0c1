"""Uploads of a camera: asked for once, two while it moves, extended ahead of time."""

from media.relay.uploads import COMING_SECONDS, EXTEND_AGAIN_SECONDS, EXTEND_AHEAD_SECONDS, Uploads


def with_upload(seconds: float = 3600.0) -> Uploads:
    uploads = Uploads()
    assert uploads.ask("c1", 0.0)
    uploads.answered("c1")
    uploads.begin("s1", "c1", seconds, "t1", 0.0)
    uploads.take("s1")
    return uploads


def test_a_camera_is_asked_once_at_a_time() -> None:
    uploads = Uploads()
    assert uploads.ask("c1", 0.0) and not uploads.ask("c1", 0.0) and uploads.ask("c2", 0.0)
    uploads.answered("c1")
    assert uploads.ask("c1", 0.0)


def test_nor_is_it_while_its_offer_may_still_come() -> None:
    uploads = Uploads()
    uploads.begin("s1", "c1", 3600.0, None, 10.0)
    assert not uploads.ask("c1", 10.0 + COMING_SECONDS - 1) and uploads.ask("c2", 10.0)
    assert uploads.ask("c1", 10.0 + COMING_SECONDS)
    uploads.answered("c1")
    uploads.take("s1")
    assert uploads.ask("c1", 10.0), "a camera that moved is asked beside its upload"
    uploads.answered("c1")
    uploads.begin("s2", "c1", 3600.0, None, 10.0)
    uploads.drop("s2")
    assert uploads.ask("c1", 10.0)


def test_a_session_carries_nothing_before_its_offer_was_taken() -> None:
    uploads = Uploads()
    uploads.begin("s1", "c1", 60.0, "t1", 0.0)
    assert uploads.camera_of("s1") == "c1" and not uploads.carries("s1") and not uploads.has_upload("c1")
    uploads.take("s1")
    assert uploads.carries("s1") and uploads.has_upload("c1")


def test_a_camera_that_moves_has_two_until_one_is_over() -> None:
    uploads = with_upload()
    uploads.begin("s2", "c1", 60.0, "t2", 1.0)
    uploads.take("s2")
    assert uploads.carries("s1") and uploads.carries("s2") and uploads.leases.tickets() == ["t1", "t2"]
    assert uploads.drop("s1") and not uploads.drop("s1")
    assert uploads.has_upload("c1") and uploads.camera_of("s1") is None
    assert uploads.leases.tickets() == ["t2"]


def test_an_ended_one_leaves_another_cameras_alone() -> None:
    uploads = with_upload()
    uploads.begin("s2", "c2", 60.0, None, 0.0)
    uploads.take("s2")
    uploads.drop("s1")
    uploads.drop("unknown")
    assert not uploads.has_upload("c1") and uploads.has_upload("c2") and uploads.carries("s2")


def test_leases_are_extended_ahead_and_not_all_the_time() -> None:
    uploads = with_upload(3600.0)
    due = 3600.0 - EXTEND_AHEAD_SECONDS
    assert uploads.to_extend(due - 1) == []
    assert uploads.to_extend(due) == ["s1"]
    assert uploads.to_extend(due + EXTEND_AGAIN_SECONDS - 1) == []
    assert uploads.to_extend(due + EXTEND_AGAIN_SECONDS) == ["s1"]
    uploads.leases.grant("s1", 3600.0, None, due + 40)
    assert uploads.to_extend(due + 100) == []


def test_what_carries_nothing_is_not_extended() -> None:
    uploads = with_upload(60.0)
    uploads.begin("s2", "c1", 60.0, None, 0.0)
    assert uploads.to_extend(10.0) == ["s1"]
