"""Parties that come back, to this server or to one that was restarted, and go on where they were."""

from signaling import broker
from signaling.limits import Limits
from signaling.protocol import tickets
from tests.signaling.world import KEY, World


def adopted(peer_inbox: list[dict[str, dict[str, dict[str, list[str]]]]]) -> list[str]:
    """From the answer to `register`."""
    return peer_inbox[0]["result"].get("belvedere", {}).get("adopted", [])


def test_both_parties_come_back_to_a_server_that_was_restarted() -> None:
    before = World()
    device, viewer = before.device(), before.viewer()
    session = before.flow(viewer, device)
    held = before.ticket(device, session), before.ticket(viewer, session)
    after = World()
    device, viewer = after.device(tickets=[held[0]]), after.viewer(tickets=[held[1]])
    assert adopted(device.inbox) == adopted(viewer.inbox) == [session]
    viewer.ask("extend", session=session)
    device.reply(device.got("extend")[0])
    assert viewer.answers()[-1]["result"]["expiryTimeSeconds"] == 3600
    viewer.tell("belvedere.close", session=session)
    assert device.got("belvedere.close")[0]["params"]["session"] == session


def test_the_viewer_may_be_the_first_to_come_back() -> None:
    before = World()
    device, viewer = before.device(), before.viewer()
    session = before.flow(viewer, device)
    held = before.ticket(viewer, session)
    after = World()
    viewer = after.viewer(tickets=[held])
    assert adopted(viewer.inbox) == [session]
    after.device(tickets=[held])
    assert viewer.got("belvedere.close") == []
    assert session in after.table.sessions


def test_what_a_restarted_camera_did_not_list_is_over_for_a_viewer_that_comes_later() -> None:
    before = World()
    device, viewer = before.device(), before.viewer()
    session = before.flow(viewer, device)
    held = before.ticket(viewer, session)
    after = World()
    after.device(tickets=[])
    viewer = after.viewer(tickets=[held])
    assert adopted(viewer.inbox) == [] and after.table.sessions == {}
    assert viewer.got("belvedere.close")[0]["params"]["session"] == session
    plain = World()
    plain.device(ours=False)
    assert adopted(plain.viewer(tickets=[held]).inbox) == [session]


def test_a_camera_that_restarted_has_no_sessions_and_its_viewers_hear_at_once() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    device.leave()
    world.device(tickets=[])
    assert viewer.got("belvedere.close")[0]["params"] == {"session": session, "reason": "the camera was restarted"}


def test_a_plain_onvif_camera_knows_no_tickets_and_keeps_its_sessions() -> None:
    world = World()
    device, viewer = world.device(ours=False), world.viewer()
    session = world.flow(viewer, device)
    device.leave()
    world.device(ours=False)
    assert session in world.table.sessions
    assert viewer.got("error") == []


def test_a_session_that_ended_meanwhile_is_not_taken_up() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    held = world.ticket(device, session)
    device.leave()
    viewer.tell("belvedere.close", session=session)
    device = world.device(tickets=[held])
    assert adopted(device.inbox) == []
    assert device.got("belvedere.close")[0]["params"]["session"] == session


def test_a_session_of_a_login_that_ended_is_not_taken_up() -> None:
    before = World()
    device, viewer = before.device(), before.viewer()
    session = before.flow(viewer, device)
    after = World()
    after.dead_logins.add("u1")
    device = after.device(tickets=[before.ticket(device, session)])
    assert adopted(device.inbox) == []
    assert device.got("belvedere.close")[0]["params"]["session"] == session


def test_tickets_of_others_forged_ones_and_old_ones_are_worth_nothing() -> None:
    before = World()
    device, viewer = before.device("c2"), before.viewer("u2")
    session = before.flow(viewer, device, "c2")
    good = before.ticket(viewer, session)
    forged = tickets.sign(b"another key, also of thirty-two bytes", tickets.Ticket("x", "c1", "u1", "u1", 2**40))
    old = tickets.sign(KEY, tickets.Ticket("y", "c1", "u1", "u1", int(before.now) - 1))
    after = World()
    for thief in (after.device("c1", tickets=[good, forged, old]), after.viewer("u1", tickets=[good, forged, old])):
        assert adopted(thief.inbox) == []
        told = [message["params"]["session"] for message in thief.got("belvedere.close")]
        assert told == sorted([session, "x", "y"])  # what is not adopted is over, and every party hears it
    assert not after.table.sessions
    assert after.counted["ticket_refused"] == 6


def test_a_lease_that_ended_while_the_party_was_away_is_answered() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    held = world.ticket(viewer, session)
    viewer.leave()
    world.sleep(4000)
    viewer = world.viewer(tickets=[held, "no ticket", "a.b.c", held[:-5]])
    assert [message["params"]["session"] for message in viewer.got("belvedere.close")] == [session]


def test_naming_a_session_by_a_forged_ticket_does_nothing_to_it() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    forged = tickets.sign(b"another key, also of thirty-two bytes", tickets.Ticket(session, "c1", "u1", "u1", 2**40))
    good = world.ticket(viewer, session)
    viewer.leave()
    viewer = world.viewer(tickets=[forged, good])
    assert adopted(viewer.inbox) == [session] and viewer.got("belvedere.close") == []
    stranger = world.viewer("u2", tickets=[forged])
    assert len(stranger.got("belvedere.close")) == 1 and session in world.table.sessions
    assert viewer.got("belvedere.close") == [] and device.got("belvedere.close") == []


def test_a_camera_that_was_away_when_time_was_added_hears_of_it() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    held = world.ticket(device, session)
    world.sleep(100)
    viewer.ask("extend", session=session)
    device.reply(device.got("extend")[0])
    device.leave()
    device = world.device(tickets=[held])
    told = device.got("extend")[0]["params"]
    assert told["session"] == session
    assert told["expiryTimeSeconds"] == 3600
    assert tickets.read(KEY, told["belvedere"]["ticket"], world.now) is not None


def test_who_returns_under_another_login_watches_under_that_one() -> None:
    world = World()
    device, viewer = world.device(), world.viewer(login="first")
    session = world.flow(viewer, device)
    held = world.ticket(viewer, session)
    viewer.leave()
    world.viewer(login="second", tickets=[held])
    renewed = tickets.read(KEY, device.got("extend")[0]["params"]["belvedere"]["ticket"], world.now)
    assert renewed is not None
    assert renewed.login == "second"
    world.apply(broker.revoke_login(world.table, "first", world.now))
    assert session in world.table.sessions
    world.apply(broker.revoke_login(world.table, "second", world.now))
    assert device.got("belvedere.close")[0]["params"]["session"] == session


def test_a_lease_is_no_longer_than_the_login_of_the_return() -> None:
    world = World()
    device, viewer = world.device(), world.viewer(login="first")
    session = world.flow(viewer, device)
    held = world.ticket(viewer, session)
    viewer.leave()
    world.login_seconds = 60
    world.viewer(login="second", tickets=[held])
    assert device.got("extend")[0]["params"]["expiryTimeSeconds"] == 60
    world.sleep(61)
    assert session not in world.table.sessions


def test_the_newest_connection_of_a_camera_wins() -> None:
    world = World()
    old, viewer = world.device(), world.viewer()
    setting_up = world.call(viewer)
    new = world.device()
    assert old.closed == (4001, "a newer connection of this camera is here")
    assert viewer.got("error")[0]["params"] == {
        "session": setting_up,
        "code": 1002,
        "message": "the camera disconnected",
    }
    world.call(viewer)
    assert len(new.got("connect")) == 1
    assert len(old.got("connect")) == 1


def test_the_cleaning_up_of_an_old_socket_cannot_remove_the_new_one() -> None:
    world = World()
    old, viewer = world.device(), world.viewer()
    world.device()
    news = list(world.news)
    world.apply(broker.closed(world.table, old.address, world.now, left=False))
    world.apply(broker.closed(world.table, old.address, world.now, left=True))
    assert world.news == news
    assert "session" in viewer.ask("connect", peer="c1")["result"]


def test_an_older_epoch_that_arrives_late_does_not_win() -> None:
    world = World()
    new = world.device()
    world.epochs["c1"] -= 2
    late = world.peer()
    late.ask("register", authorization="device c1")
    assert late.closed is not None
    assert late.closed[0] == 4001
    assert new.closed is None


def test_a_page_that_reconnects_takes_its_session_from_the_old_socket() -> None:
    world = World()
    device, old = world.device(), world.viewer()
    session = world.flow(old, device)
    new = world.viewer(tickets=[world.ticket(old, session)])
    assert adopted(new.inbox) == [session]
    assert old.ask("extend", session=session)["error"]["code"] == 400
    old.leave(properly=True)
    assert session in world.table.sessions


def test_a_camera_cannot_bring_more_sessions_than_it_may_have() -> None:
    world = World(Limits(sessions_per_device=3))
    held = [tickets.sign(KEY, tickets.Ticket(f"t{n}", "c1", "u1", "u1", int(world.now) + 100)) for n in range(10)]
    assert len(adopted(world.device(tickets=held).inbox)) == 3
    assert len(world.table.sessions) == 3
