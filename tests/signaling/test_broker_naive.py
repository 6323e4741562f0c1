"""How naive brokers break, one test each (the list was made by looking at broken ones)."""

from signaling import broker
from signaling.effects import Went
from tests.signaling.world import ANSWER, OFFER, World


def test_glare_cannot_happen_because_only_the_camera_offers() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    device.ask("invite", session=session, offer=OFFER)
    assert viewer.ask("invite", session=session, offer=OFFER)["error"]["code"] == 403
    viewer.reply(viewer.got("invite")[0], answer=ANSWER)
    assert device.answers()[-1]["result"]["answer"] == ANSWER


def test_a_late_answer_of_an_old_attempt_does_not_land_in_the_new_one() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    old = world.call(viewer)
    device.ask("invite", session=old, offer="old")
    world.sleep(16)
    new = world.call(viewer)
    device.ask("invite", session=new, offer="new")
    viewer.reply(viewer.got("invite")[0], answer="answer to the old offer")
    assert world.counted["late_answer"] == 1
    assert world.table.sessions[new].state.value == "offered"
    viewer.reply(viewer.got("invite")[1], answer=ANSWER)
    assert device.answers()[-1]["result"]["answer"] == ANSWER


def test_a_second_offer_while_the_first_waits_is_refused() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    device.ask("invite", session=session, offer="first")
    error = device.ask("invite", session=session, offer="second")["error"]
    assert error["code"] == 400
    assert "offered" in error["message"]
    assert len(viewer.got("invite")) == 1


def test_an_old_sockets_end_after_a_reconnect_changes_nothing() -> None:
    world = World()
    old, viewer = world.device(), world.viewer()
    session = world.flow(viewer, old)
    held = world.ticket(old, session)
    world.device(tickets=[held])
    world.apply(broker.closed(world.table, old.address, world.now, left=True))
    assert session in world.table.sessions
    assert not [news for news in world.news if isinstance(news, Went)]


def test_a_half_open_camera_does_not_hold_up_its_viewer() -> None:
    world = World()
    world.device()
    viewer = world.viewer()
    session = world.call(viewer)
    world.sleep(6)
    assert viewer.got("error")[0]["params"] == {
        "session": session,
        "code": 408,
        "message": "the camera did not answer",
    }


def test_candidates_before_the_offer_wait_for_it_in_order() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    for number in range(3):
        device.tell("trickle", session=session, candidate={"candidate": str(number)})
    assert viewer.got("trickle") == []
    device.ask("invite", session=session, offer=OFFER)
    device.tell("trickle", session=session, candidate={"candidate": "3"})
    kinds = [m["method"] for m in viewer.inbox if "method" in m]
    assert kinds == ["invite", "trickle", "trickle", "trickle", "trickle"]
    assert [m["params"]["candidate"]["candidate"] for m in viewer.got("trickle")] == ["0", "1", "2", "3"]


def test_candidates_before_the_answer_wait_for_it() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    device.ask("invite", session=session, offer=OFFER)
    viewer.tell("trickle", session=session, candidate={"candidate": "early"})
    assert device.got("trickle") == []
    viewer.reply(viewer.got("invite")[0], answer=ANSWER)
    assert "result" in device.inbox[-2]
    assert device.inbox[-1]["method"] == "trickle"


def test_the_end_of_candidates_passes_through() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    viewer.tell("trickle", session=session, candidate={"candidate": ""})
    assert device.got("trickle")[0]["params"]["candidate"] == {"candidate": ""}


def test_a_closed_tab_stops_the_camera() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    viewer.leave(properly=True)
    assert [m["params"]["session"] for m in device.got("belvedere.close")] == [session]


def test_mass_reconnect_crosses_no_wires() -> None:
    world = World()
    pairs = {}
    for n in range(50):
        device, viewer = world.device(f"c{n}"), world.viewer(f"u{n}")
        session = world.flow(viewer, device, f"c{n}")
        pairs[n] = (session, world.ticket(device, session))
    for peer in list(world.peers.values()):
        peer.leave()
    devices = {n: world.device(f"c{n}", tickets=[ticket]) for n, (_, ticket) in reversed(pairs.items())}
    viewers = {n: world.viewer(f"u{n}", tickets=[ticket]) for n, (_, ticket) in pairs.items()}
    for n, (session, _) in pairs.items():
        viewers[n].tell("trickle", session=session, candidate={"candidate": f"for camera {n}"})
    for n, device in devices.items():
        assert [m["params"]["candidate"]["candidate"] for m in device.got("trickle")] == [f"for camera {n}"]


def test_a_session_id_is_never_used_again() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    viewer.tell("belvedere.close", session=session)
    for method in ("extend",):
        assert viewer.ask(method, session=session)["error"]["code"] == 410
    assert device.ask("invite", session=session, offer=OFFER)["error"]["code"] == 410
