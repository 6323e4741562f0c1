"""How sessions end, and what outlives a dead socket."""

import pytest

from signaling import broker
from signaling.effects import Went
from tests.signaling.world import ANSWER, OFFER, Peer, World


def setup(world: World, stage: str) -> tuple[Peer, Peer, str]:
    """A session that has come as far as `stage`."""
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    if stage in ("accepted", "offered", "flowing"):
        device.reply(device.got("connect")[0])
    if stage in ("offered", "flowing"):
        device.ask("invite", session=session, offer=OFFER)
    if stage == "flowing":
        viewer.reply(viewer.got("invite")[0], answer=ANSWER)
    assert world.table.sessions[session].state.value == stage
    return device, viewer, session


@pytest.mark.parametrize("stage", ["asked", "accepted", "offered"])
def test_a_lost_camera_ends_what_is_being_set_up(stage: str) -> None:
    world = World()
    device, viewer, session = setup(world, stage)
    device.leave()
    assert viewer.got("error")[0]["params"]["code"] == 1002
    assert viewer.got("error")[0]["params"]["session"] == session
    assert not world.table.sessions


@pytest.mark.parametrize("stage", ["asked", "accepted", "offered"])
def test_a_lost_viewer_ends_what_is_being_set_up(stage: str) -> None:
    world = World()
    device, viewer, _ = setup(world, stage)
    viewer.leave()
    assert device.got("error")[0]["params"]["code"] == 1002
    if stage == "offered":
        assert device.answers()[-1]["error"]["code"] == 410
    assert not world.table.sessions


def test_flowing_media_survives_both_sockets() -> None:
    world = World()
    device, viewer, session = setup(world, "flowing")
    device.leave()
    viewer.leave()
    assert world.table.sessions[session].state.value == "flowing"
    assert device.got("belvedere.close") == viewer.got("belvedere.close") == []


@pytest.mark.parametrize("stage", ["asked", "accepted", "offered", "flowing"])
def test_a_closed_page_ends_its_sessions(stage: str) -> None:
    world = World()
    device, viewer, session = setup(world, stage)
    viewer.leave(properly=True)
    assert device.got("belvedere.close")[0]["params"] == {"session": session, "reason": "the viewer left"}
    assert not world.table.sessions


@pytest.mark.parametrize("stage", ["asked", "accepted", "offered", "flowing"])
def test_each_party_may_close(stage: str) -> None:
    for party in (0, 1):
        world = World()
        pair = setup(world, stage)
        session = pair[2]
        closing, other = (pair[0], pair[1]) if party == 0 else (pair[1], pair[0])
        closing.tell("belvedere.close", session=session, reason="enough")
        assert other.got("belvedere.close")[0]["params"] == {"session": session, "reason": "enough"}
        assert closing.got("belvedere.close") == []
        assert not world.table.sessions


def test_an_error_ends_the_session_but_a_bad_candidate_does_not() -> None:
    world = World()
    device, viewer, session = setup(world, "offered")
    viewer.tell("error", session=session, code=1003, message="what is this")
    assert device.got("error")[0]["params"]["code"] == 1003
    assert session in world.table.sessions
    device.say({"error": {"code": 1001, "message": "too hot", "session": session}})
    assert viewer.got("error")[0]["params"] == {"session": session, "code": 1001, "message": "too hot"}
    assert not world.table.sessions


def test_a_camera_that_cannot_use_the_answer_says_why_and_the_viewer_learns_the_code() -> None:
    world = World()
    device, viewer, session = setup(world, "flowing")
    device.tell("error", session=session, code=488, message="no common codec")
    assert viewer.got("error")[0]["params"]["code"] == 488
    assert not world.table.sessions


def test_a_transport_that_died_under_flowing_media_ends_it_as_a_close() -> None:
    world = World()
    device, viewer, session = setup(world, "flowing")
    device.tell("error", session=session, code=1002, message="nothing comes from the viewer")
    assert viewer.got("belvedere.close")[0]["params"]["session"] == session


@pytest.mark.parametrize(("stage", "seconds"), [("asked", 5), ("accepted", 10), ("offered", 15)])
def test_nobody_waits_for_ever(stage: str, seconds: float) -> None:
    world = World()
    device, viewer, session = setup(world, stage)
    world.sleep(seconds - 1)
    assert session in world.table.sessions
    world.sleep(1.5)
    assert viewer.got("error")[0]["params"]["code"] == 408
    assert device.got("error")[0]["params"]["code"] == 408
    if stage == "offered":
        assert device.answers()[-1]["error"]["code"] == 408
    assert not world.table.sessions
    assert world.counted["session_timeout"] == 1


def test_a_lease_ends_the_session_for_both() -> None:
    world = World()
    device, viewer, session = setup(world, "flowing")
    world.sleep(3590)
    assert session in world.table.sessions
    world.sleep(11)
    for party in (device, viewer):
        assert party.got("belvedere.close")[0]["params"]["session"] == session


def test_an_extended_session_goes_on() -> None:
    world = World()
    device, viewer, session = setup(world, "flowing")
    world.sleep(3000)
    assert viewer.ask("extend", session=session) == {}
    asked = device.got("extend")[0]
    assert asked["params"]["expiryTimeSeconds"] == 3600
    device.reply(asked, expiryTimeSeconds=3600)
    answer = viewer.answers()[-1]["result"]
    assert answer["expiryTimeSeconds"] == 3600
    assert answer["belvedere"]["ticket"] == asked["params"]["belvedere"]["ticket"]
    world.sleep(3000)
    assert session in world.table.sessions
    world.sleep(700)
    assert session not in world.table.sessions


def test_a_camera_that_knows_no_extend_has_no_lease_of_its_own() -> None:
    world = World()
    device, viewer, session = setup(world, "flowing")
    viewer.ask("extend", session=session)
    device.refuse(device.got("extend")[0], -32601)
    assert viewer.answers()[-1]["result"]["expiryTimeSeconds"] == 3600


def test_extend_is_refused_and_times_out() -> None:
    world = World()
    device, viewer, session = setup(world, "flowing")
    assert viewer.ask("extend", session=session, authorization="wrong")["error"]["code"] == 401
    viewer.ask("extend", session=session)
    world.sleep(11)
    assert viewer.answers()[-1]["error"]["code"] == 408
    device.leave()
    assert viewer.ask("extend", session=session)["error"]["code"] == 480
    assert session in world.table.sessions


@pytest.mark.parametrize("how", ["refuses", "is silent", "leaves", "outlasts the viewer"])
def test_time_that_the_camera_did_not_grant_is_not_added(how: str) -> None:
    world = World()
    device, viewer, session = setup(world, "flowing")
    lease = world.table.sessions[session].lease
    world.sleep(3000)
    viewer.ask("extend", session=session)
    if how == "refuses":
        device.refuse(device.got("extend")[0], 400)
    elif how == "is silent":
        world.sleep(11)
    elif how == "leaves":
        device.leave()
    else:
        viewer.leave()
        device.reply(device.got("extend")[0])
    assert world.table.sessions[session].lease == lease
    world.sleep(601)
    assert session not in world.table.sessions


def test_extend_before_media_flows_names_the_state() -> None:
    world = World()
    _, viewer, session = setup(world, "offered")
    error = viewer.ask("extend", session=session)["error"]
    assert error["code"] == 400
    assert "offered" in error["message"]


def test_no_lease_outlives_the_login() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    world.table.parties[viewer.address].deadline = world.now + 100
    world.table.wake_at(world.now + 100, *viewer.address)
    session = world.flow(viewer, device)
    assert device.got("connect")[0]["params"]["expiryTimeSeconds"] == 100
    world.sleep(101)
    assert viewer.closed == (4401, "signed out")
    assert device.got("belvedere.close")[0]["params"]["session"] == session


@pytest.mark.parametrize("stage", ["asked", "accepted", "offered", "flowing"])
def test_signing_out_ends_everything_of_that_login_and_nothing_else(stage: str) -> None:
    world = World()
    device, viewer, session = setup(world, stage)
    phone = world.viewer("u1", login="phone")
    kept = world.flow(phone, device)
    world.apply(broker.revoke_login(world.table, "u1", world.now))
    assert viewer.closed is not None
    assert viewer.closed[0] == 4401
    assert device.got("belvedere.close")[0]["params"]["session"] == session
    assert list(world.table.sessions) == [kept]
    assert phone.closed is None


def test_signing_out_reaches_sessions_whose_viewer_is_away() -> None:
    world = World()
    device, viewer, session = setup(world, "flowing")
    viewer.leave()
    world.apply(broker.revoke_login(world.table, "u1", world.now))
    assert device.got("belvedere.close")[0]["params"]["session"] == session


def test_a_removed_camera_is_shut_out_and_its_viewers_hear_of_it() -> None:
    world = World()
    device, viewer, session = setup(world, "flowing")
    world.apply(broker.revoke_camera(world.table, "c1", world.now))
    assert viewer.got("belvedere.close")[0]["params"]["session"] == session
    assert device.got("belvedere.close")[0]["params"]["session"] == session
    assert device.closed is not None
    assert world.news[-1] == Went("c1", 1)
    assert viewer.ask("connect", peer="c1")["error"]["code"] == 480


def test_a_plain_onvif_camera_is_spoken_to_in_plain_onvif() -> None:
    world = World()
    device, viewer = world.device(ours=False), world.viewer()
    session = world.flow(viewer, device)
    viewer.tell("belvedere.close", session=session)
    assert device.got("belvedere.close") == []
    assert device.inbox[-1]["error"] == {"code": 1002, "session": session}
    assert "method" not in device.inbox[-1]
    assert "id" not in device.inbox[-1]


def test_goaway_reaches_those_who_understand_it() -> None:
    world = World()
    plain, ours = world.device("c1", ours=False), world.device("c2")
    world.apply(broker.go_away(world.table, 1.0, 2.0))
    assert ours.got("belvedere.goAway")[0]["params"] == {"graceSeconds": 1.0, "jitterSeconds": 2.0}
    assert plain.got("belvedere.goAway") == []
