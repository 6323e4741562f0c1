"""What comes from outside is bounded, and one tenant cannot touch another's."""

import pytest

from signaling.limits import Limits
from tests.signaling.world import ANSWER, OFFER, World


def test_another_tenants_session_is_as_if_it_were_not_there_and_is_counted() -> None:
    world = World()
    device, viewer = world.device("c1"), world.viewer("u1")
    session = world.flow(viewer, device)
    before = (list(device.inbox), list(viewer.inbox))
    for foreign in (world.device("c2"), world.viewer("u2")):
        foreign.tell("trickle", session=session, candidate={"candidate": "evil"})
        foreign.tell("belvedere.close", session=session)
        foreign.tell("error", session=session, code=1002)
        foreign.tell("belvedere.stats", session=session, firstFrameMs=1)
    unknown = world.viewer("u2").ask("extend", session="unknown")["error"]
    assert world.viewer("u2").ask("extend", session=session)["error"] == unknown
    assert world.device("c2").ask("invite", session=session, offer=OFFER)["error"]["code"] == 400
    assert (device.inbox, viewer.inbox) == before
    assert session in world.table.sessions
    assert world.counted["foreign_session"] == 10


def test_a_second_screen_of_the_same_account_cannot_touch_the_first_ones_session() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    other = world.viewer("u1")
    other.tell("belvedere.close", session=session)
    assert session in world.table.sessions
    assert world.counted["foreign_session"] == 1


def test_an_answer_to_somebody_elses_question_finds_nothing() -> None:
    world = World()
    device, viewer = world.device("c1"), world.viewer("u1")
    session = world.call(viewer)
    device.ask("invite", session=session, offer=OFFER)
    thief = world.viewer("u2")
    thief.reply(viewer.got("invite")[0], answer="mine")
    assert world.counted["late_answer"] == 1
    viewer.reply(viewer.got("invite")[0], answer=ANSWER)
    assert device.answers()[-1]["result"]["answer"] == ANSWER


@pytest.mark.parametrize(
    "limits", [Limits(sessions_per_device=2), Limits(sessions_per_user=2), Limits(sessions_per_socket=2)]
)
def test_sessions_are_bounded_and_room_is_given_back(limits: Limits) -> None:
    world = World(limits)
    world.device()
    viewer = world.viewer()
    first = world.call(viewer)
    world.call(viewer)
    assert viewer.ask("connect", peer="c1")["error"]["code"] == 429
    viewer.tell("belvedere.close", session=first)
    assert "result" in viewer.ask("connect", peer="c1")


def test_a_camera_that_never_answers_collects_no_questions() -> None:
    world = World(Limits(pending_per_socket=2))
    device, viewer = world.device(), world.viewer()
    for _ in range(2):
        world.call(viewer)
    assert viewer.ask("connect", peer="c1")["error"]["code"] == 480
    world.sleep(6)
    assert world.table.parties[device.address].pending == {}
    assert "result" in viewer.ask("connect", peer="c1")


def test_candidates_are_bounded_per_side_and_the_sender_hears_once() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    for _ in range(80):
        device.tell("trickle", session=session, candidate={"candidate": "c"})
    viewer.tell("trickle", session=session, candidate={"candidate": "v"})
    assert len(viewer.got("trickle")) == 64
    assert [m["params"]["code"] for m in device.got("error")] == [1001]
    assert len(device.got("trickle")) == 1
    assert world.counted["candidate_refused"] == 16


def test_candidates_held_for_an_offer_are_bounded_and_go_with_the_session() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    for _ in range(500):
        device.tell("trickle", session=session, candidate={"candidate": "c"})
    assert len(world.table.sessions[session].held) == 64
    device.ask("invite", session=session, offer=OFFER)
    assert world.table.sessions[session].held == []
    assert len(viewer.got("trickle")) == 64


@pytest.mark.parametrize("candidate", [5, None, {"candidate": 5}, {"candidate": "x" * 3000}, {"sdpMid": []}])
def test_a_malformed_candidate_is_1003_and_nothing_more(candidate: object) -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    viewer.tell("trickle", session=session, candidate=candidate)
    assert [m["params"]["code"] for m in viewer.got("error")] == [1003]
    assert device.got("trickle") == []
    assert session in world.table.sessions


def test_a_candidate_is_relayed_unaltered() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    candidate = {"candidate": "candidate:1 1 udp 1 abc.local 9 typ host", "sdpMLineIndex": 0, "future": {"a": [1.5]}}
    viewer.tell("trickle", session=session, candidate=candidate)
    assert device.got("trickle")[0]["params"] == {"session": session, "candidate": candidate}


def test_an_id_is_not_used_twice_while_it_waits() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    invite = {"id": 1, "method": "invite", "params": {"session": session, "offer": OFFER}}
    device.say(invite)
    device.say(invite)
    assert device.answers()[-1]["error"]["code"] == 400
    viewer.reply(viewer.got("invite")[0], answer=ANSWER)
    device.say({**invite, "params": {"session": "other", "offer": OFFER}})
    assert device.answers()[-1]["error"]["message"] == "there is no such session"


def test_what_register_may_bring_is_bounded() -> None:
    world = World()
    for params in (
        {"name": "n" * 129},
        {"capabilities": {"a": "x" * 5000}},
        {"belvedere": {"tickets": ["t"] * 129}},
        {"capabilities": 5},
    ):
        assert world.peer().ask("register", authorization="viewer u1 u1", **params)["error"]["code"] == -32602


def test_long_words_are_cut_before_they_travel() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    device.tell("belvedere.close", session=session, reason="r" * 10_000)
    assert viewer.got("belvedere.close")[0]["params"]["reason"] == "r" * 200


def test_what_has_ended_is_remembered_but_not_for_ever() -> None:
    world = World(Limits(ended_remembered=10))
    device, viewer = world.device(), world.viewer()
    for _ in range(50):
        viewer.tell("belvedere.close", session=world.flow(viewer, device))
    assert len(world.table.ended) == 10
    assert len(world.table.alarms) < 100
    assert world.table.by_camera == world.table.by_user == {}
    assert viewer.ask("extend", session="session-50")["error"]["code"] == 410
    assert viewer.ask("extend", session="session-1")["error"]["code"] == 400


def test_a_camera_reports_at_its_own_rate_and_goes_on_with_its_calls() -> None:
    world = World()
    device, viewer, other = world.device("c1"), world.viewer("u1"), world.device("c2")
    world.news.clear()
    for number in range(1000):
        device.tell("belvedere.event", name=f"problem {number}", detail="")
    other.tell("belvedere.event", name="source_failed", detail="")
    told = [news.camera for news in world.news]
    assert told == ["c1"] * world.table.limits.reports_burst + ["c2"]
    assert world.counted["event_refused"] == 1000 - world.table.limits.reports_burst
    world.flow(viewer, device)
    world.sleep(1.0)
    device.tell("belvedere.event", name="ok", detail="")
    assert len(world.news) == len(told) + 1


def test_a_wall_of_cameras_tells_all_its_first_pictures() -> None:
    world = World(Limits(sessions_per_socket=3))
    device, viewer = world.device(), world.viewer()
    sessions = [world.flow(viewer, device) for _ in range(3)]
    world.news.clear()
    for _ in range(100):
        for session in sessions:
            viewer.tell("belvedere.stats", session=session, firstFrameMs=80)
    assert len(world.news) == 3
    viewer.tell("belvedere.close", session=sessions[0])
    viewer.tell("belvedere.stats", session=world.flow(viewer, device), firstFrameMs=80)
    assert len(world.news) == 3 and world.counted["stats_refused"] == 1
