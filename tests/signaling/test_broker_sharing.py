"""A guest at the broker: sessions end with the grant, its owner's rules hold, and it is known who watches."""

from signaling import broker
from tests.signaling.world import Peer, World

GUEST = "u9"


def guest_watches(world: World) -> tuple[Peer, Peer, str]:
    """Camera `c1` of `u1`, seen by the guest."""
    world.guests.add((GUEST, "c1"))
    device, viewer = world.device(), world.viewer(GUEST)
    return device, viewer, world.flow(viewer, device)


def closed(peer: Peer) -> list[str]:
    return [message["params"]["session"] for message in peer.got("belvedere.close")]


def test_a_revoked_guest_loses_the_picture_and_others_do_not() -> None:
    world = World()
    device, viewer, session = guest_watches(world)
    owner = world.viewer()
    kept = world.flow(owner, device)
    world.device("c9")
    own = world.call(viewer, "c9")
    world.apply(broker.revoke_watching(world.table, GUEST, "c1"))
    assert closed(device) == closed(viewer) == [session]
    assert set(world.table.sessions) == {kept, own} and viewer.closed is None


def test_a_revoked_guest_loses_the_relays_picture_too() -> None:
    world = World()
    world.policy = "always_relay"
    world.guests.add((GUEST, "c1"))
    world.device()
    player, _ = world.relay()
    viewer = world.viewer(GUEST)
    session = world.flow(viewer, player)
    world.apply(broker.revoke_watching(world.table, GUEST, "c1"))
    assert closed(player) == closed(viewer) == [session]


def test_no_lease_outlives_the_grant() -> None:
    world = World()
    world.until = world.now + 100.5
    device, viewer, session = guest_watches(world)
    assert viewer.answers()[1]["result"]["expiryTimeSeconds"] == 100
    assert device.got("connect")[0]["params"]["expiryTimeSeconds"] == 100
    viewer.ask("extend", session=session)
    device.reply(device.got("extend")[0])
    assert viewer.answers()[-1]["result"]["expiryTimeSeconds"] == 100
    world.sleep(99)
    assert session in world.table.sessions
    world.sleep(2)
    assert world.table.sessions == {} and closed(device) == closed(viewer) == [session]


def test_a_grant_that_is_cut_short_shortens_the_lease_at_the_camera() -> None:
    world = World()
    device, _, session = guest_watches(world)
    world.apply(broker.watch_until(world.table, GUEST, "c1", world.now + 60, world.now))
    told = device.got("extend")[-1]["params"]
    assert (told["session"], told["expiryTimeSeconds"]) == (session, 60)
    device.reply(device.got("extend")[-1])
    world.apply(broker.watch_until(world.table, GUEST, "c1", world.now + 7200, world.now))
    assert len(device.got("extend")) == 1, "more time comes with the next extension"
    world.sleep(61)
    assert session not in world.table.sessions


def test_an_extension_on_its_way_does_not_outlive_a_grant_that_is_cut_short() -> None:
    world = World()
    device, viewer, session = guest_watches(world)
    world.sleep(3000)
    viewer.ask("extend", session=session)
    world.apply(broker.watch_until(world.table, GUEST, "c1", world.now + 700, world.now))
    device.reply(device.got("extend")[0])
    assert viewer.answers()[-1]["result"]["expiryTimeSeconds"] == 700
    assert device.got("extend")[-1]["params"]["expiryTimeSeconds"] == 700, "the camera hears it as well"


def test_the_set_up_does_not_outlive_it_either() -> None:
    world = World()
    world.guests.add((GUEST, "c1"))
    device, viewer = world.device(), world.viewer(GUEST)
    world.call(viewer)
    world.apply(broker.watch_until(world.table, GUEST, "c1", world.now + 2, world.now))
    device.reply(device.got("connect")[-1])
    world.sleep(3)
    assert world.table.sessions == {}


def test_the_owners_rule_is_for_whoever_watches_the_owners_cameras() -> None:
    world = World()
    _, _, session = guest_watches(world)
    device = world.device("c9")
    own = world.flow(world.viewer(GUEST), device, "c9")
    world.apply(broker.close_ways(world.table, GUEST, "always_relay"))
    assert set(world.table.sessions) == {session}, "a guest's rule is for the guest's cameras"
    world.apply(broker.close_ways(world.table, "u1", "always_relay"))
    assert world.table.sessions == {} and own not in world.table.sessions


def test_a_ticket_rests_on_the_grant_as_it_is_then() -> None:
    before = World()
    device, _, session = guest_watches(before)
    held = before.ticket(device, session)
    after = World()
    after.until = after.now + 50
    device = after.device(tickets=[held])
    assert after.table.sessions[session].lease == after.now + 50
    assert after.table.sessions[session].owner == "u1"
    assert device.got("extend")[0]["params"]["expiryTimeSeconds"] == 50
    after.sleep(51)
    assert closed(device) == [session]


def test_it_is_known_who_watches_and_who_watched() -> None:
    world = World()
    device, _, _ = guest_watches(world)
    owner = world.viewer()
    world.flow(owner, device)
    began = world.now
    assert [(one.user, one.way) for one in world.viewings.running("c1")] == [("u1", "direct"), (GUEST, "direct")]
    world.sleep(30)
    world.apply(broker.revoke_watching(world.table, GUEST, "c1"))
    assert [one.user for one in world.viewings.running("c1")] == ["u1"]
    (told,) = world.viewings.over(world.now + 100)
    assert (told.user, told.owner, told.began, told.ended) == (GUEST, "u1", began, began + 30)


def test_who_only_asked_did_not_watch_and_a_relay_is_nobody() -> None:
    world = World()
    world.policy = "always_relay"
    device = world.device()
    player, asker = world.relay()
    viewer = world.viewer()
    world.call(viewer)
    assert world.viewings.running("c1") == []
    session = world.flow(viewer, player)
    upload = asker.ask("connect", peer="c1")["result"]["session"]
    device.reply(device.got("connect")[-1])
    device.ask("invite", session=upload, offer="v=0")
    asker.reply(asker.got("invite")[-1], answer="v=0")
    assert [(one.user, one.way, one.sessions) for one in world.viewings.running("c1")] == [
        ("u1", "relay", {session: "relay"})
    ]


def test_a_viewing_outlives_the_server() -> None:
    before = World()
    device, _, session = guest_watches(before)
    held = before.ticket(device, session)
    after = World()
    after.now = before.now + 600
    device = after.device(tickets=[held])
    assert [one.user for one in after.viewings.running("c1")] == [GUEST]
    after.device(tickets=[])
    (told,) = after.viewings.over(after.now + 100)
    assert (told.began, told.ended) == (before.now, after.now)
