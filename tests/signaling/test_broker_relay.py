"""A relay is a party like any other: to a viewer it is the camera, to the camera it is a viewer (DESIGN §4)."""

import pytest

from signaling import broker
from signaling.effects import Came, Went
from signaling.protocol import tickets
from tests.signaling.world import ANSWER, KEY, OFFER, Json, Peer, World


def relayed(world: World, viewer: Peer, player: Peer) -> str:
    """A viewer sees `c1` through the relay; returns its session."""
    session = str(viewer.ask("connect", peer="c1", belvedere={"via": "relay"})["result"]["session"])
    player.reply(player.got("connect")[-1])
    player.ask("invite", session=session, offer=OFFER)
    viewer.reply(viewer.got("invite")[-1], answer=ANSWER)
    return session


def watched(world: World) -> tuple[tuple[Peer, Peer], tuple[Peer, Peer], tuple[str, str]]:
    """Camera and viewer; the relay's two sockets, player and asker; the sessions: viewer's and upload."""
    device, viewer = world.device(), world.viewer()
    player, asker = world.relay()
    return (device, viewer), (player, asker), (relayed(world, viewer, player), world.flow(asker, device))


def extra(peer: Peer) -> Json:
    """What stood under `belvedere` in the last `connect` that this device was asked."""
    return dict(peer.got("connect")[-1]["params"]["belvedere"])


def test_a_viewer_sees_a_camera_through_the_relay() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, asker = world.relay()
    result = viewer.ask("connect", peer="c1", profile="main", belvedere={"via": "relay", "attempt": 1})["result"]
    session = result["session"]
    assert result["belvedere"]["via"] == "relay"
    assert result["belvedere"]["ways"] == ["direct", "relay"]
    connect = player.got("connect")[0]["params"]
    assert connect.get("iceServers") is None and connect["profile"] == "main" and connect["session"] == session
    assert (extra(player)["camera"], extra(player)["owner"]) == ("c1", "u1")
    assert device.got("connect") == []
    upload = world.call(asker)
    assert extra(device)["via"] == "relay" and extra(device)["tunnel"] == "wss://relay.example/m"
    assert "owner" not in extra(device)
    device.reply(device.got("connect")[0])
    device.ask("invite", session=upload, offer=OFFER)
    asker.reply(asker.got("invite")[0], answer=ANSWER)
    player.reply(player.got("connect")[0])
    player.ask("invite", session=session, offer=OFFER)
    viewer.reply(viewer.got("invite")[0], answer=ANSWER)
    assert player.answers()[-1]["result"] == {"answer": ANSWER}
    viewer.tell("trickle", session=session, candidate={"candidate": "v"})
    asker.tell("trickle", session=upload, candidate={"candidate": "r"})
    assert [m["params"]["session"] for m in player.got("trickle")] == [session]
    assert [m["params"]["session"] for m in device.got("trickle")] == [upload]
    assert world.news == [Came("c1", 1, [])]


def test_the_picture_through_a_relay_is_a_first_picture_and_its_upload_is_none() -> None:
    world = World()
    (_, viewer), (player, asker), (session, upload) = watched(world)
    world.news.clear()
    asker.tell("belvedere.stats", session=upload, firstFrameMs=5)
    player.tell("belvedere.event", name="source_failed", detail="")
    assert world.news == []
    viewer.tell("belvedere.stats", session=session, firstFrameMs=80, way="relay")
    assert [news.camera for news in world.news] == ["c1"]


def test_a_relay_asks_only_for_what_it_shows() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, asker = world.relay()
    unknown = asker.ask("connect", peer="nowhere9")["error"]
    assert asker.ask("connect", peer="c1")["error"] == unknown
    other_player, other_asker = world.relay("away")
    viewer.ask("connect", peer="c1", belvedere={"via": "relay"})
    served, idle = (asker, other_asker) if player.got("connect") else (other_asker, asker)
    assert "result" in served.ask("connect", peer="c1")
    assert idle.ask("connect", peer="c1")["error"]["code"] == 403
    assert len(device.got("connect")) == 1
    assert other_player.closed is None


@pytest.mark.parametrize("peer", ["relay:home", "relay:", "relay:nowhere"])
def test_a_relay_is_no_camera_to_ask_for(peer: str) -> None:
    world = World()
    world.device()
    player, asker = world.relay()
    for viewer in (world.viewer(), asker):
        assert viewer.ask("connect", peer=peer)["error"]["code"] == 403
    assert player.got("connect") == []


def test_a_role_is_for_relays_alone() -> None:
    world = World()
    for who in ("viewer u1 u1", "device c1"):
        for role in ("device", "client"):
            peer = world.peer()
            assert peer.ask("register", authorization=who, belvedere={"role": role})["error"]["code"] == 401
            assert peer.closed is not None
    assert world.table.devices == {}


@pytest.mark.parametrize("tunnel", ["http://x/", "wss://" + "x" * 600, "wss://\n", "javascript:alert(1)", "wss://é"])
def test_a_tunnel_is_a_short_web_socket_url(tunnel: str) -> None:
    world = World()
    refused = world.peer().ask("register", authorization="relay home", belvedere={"role": "device", "tunnel": tunnel})
    assert refused["error"]["code"] == -32602


@pytest.mark.parametrize("stun", [["turn:x"], ["stun:" + "x" * 600], ["stun:\n"], ["stun:é"], ["stun:x"] * 5])
def test_its_stun_is_a_few_short_urls(stun: list[str]) -> None:
    world = World()
    refused = world.peer().ask("register", authorization="relay home", belvedere={"role": "device", "stun": stun})
    assert refused["error"]["code"] == -32602


def test_a_relay_that_is_full_says_so_and_the_viewer_hears_it() -> None:
    world = World()
    world.device()
    viewer = world.viewer()
    player, _ = world.relay()
    session = viewer.ask("connect", peer="c1", belvedere={"via": "relay"})["result"]["session"]
    player.refuse(player.got("connect")[0], 1001, "this relay serves as many viewers as it may")
    assert viewer.got("error")[0]["params"] == {
        "session": session,
        "code": 1001,
        "message": "this relay serves as many viewers as it may",
    }
    assert world.table.sessions == {}


def test_half_a_relay_is_none() -> None:
    world = World()
    world.device()
    viewer = world.viewer()
    player, asker = world.relay()
    asker.leave()
    assert viewer.ask("connect", peer="c1", belvedere={"via": "relay"})["error"]["code"] == 488
    assert viewer.ask("connect", peer="c1")["result"]["belvedere"]["ways"] == ["direct"]
    assert player.closed is None


def test_a_relay_is_no_camera_that_comes_and_goes() -> None:
    world = World()
    player, asker = world.relay()
    player.leave()
    asker.leave(properly=True)
    assert world.news == []
    device = world.device()
    device.leave()
    assert world.news == [Came("c1", 1, []), Went("c1", 1)]
    assert world.table.devices == world.table.uploads == world.table.parties == {}


# --- the newest connection wins, what it forgot is over ---


def test_a_newer_connection_of_a_relay_wins() -> None:
    world = World()
    player, asker = world.relay()
    world.relay()
    assert player.closed == asker.closed == (4001, "a newer connection of this relay is here")
    assert len(world.table.relays()) == 1 and len(world.table.parties) == 2


def test_a_relay_that_comes_back_goes_on() -> None:
    world = World()
    (device, viewer), (player, asker), (session, upload) = watched(world)
    player.leave()
    asker.leave()
    assert set(world.table.sessions) == {session, upload}
    player, asker = world.relay(tickets=([world.ticket(player, session)], [world.ticket(asker, upload)]))
    assert set(world.table.sessions) == {session, upload}
    viewer.ask("extend", session=session)
    player.reply(player.got("extend")[0])
    asker.ask("extend", session=upload)
    device.reply(device.got("extend")[0])
    assert [peer.answers()[-1]["result"]["expiryTimeSeconds"] for peer in (viewer, asker)] == [3600, 3600]


def test_a_relay_that_was_restarted_has_nothing_and_everybody_hears() -> None:
    world = World()
    (device, viewer), _, (session, upload) = watched(world)
    world.relay()
    assert viewer.got("belvedere.close")[0]["params"] == {"session": session, "reason": "the relay was restarted"}
    assert device.got("belvedere.close")[0]["params"] == {"session": upload, "reason": "the relay was restarted"}
    assert world.table.sessions == {}


def test_all_go_on_after_a_restart_of_the_server() -> None:
    before = World()
    (device, viewer), (player, asker), (session, upload) = watched(before)
    held = {peer: before.ticket(peer, name) for peer, name in ((player, session), (asker, upload), (device, upload))}
    assert tickets.read(KEY, held[player], before.now) == tickets.Ticket(
        session, "c1", "u1", "u1", int(before.now) + 3600, "relay:home", int(before.now)
    )
    after = World()
    viewer = after.viewer(tickets=[before.ticket(viewer, session)])
    device = after.device(tickets=[held[device]])
    player, asker = after.relay(tickets=([held[player]], [held[asker]]))
    for peer, name in ((viewer, session), (device, upload), (player, session), (asker, upload)):
        assert peer.inbox[0]["result"]["belvedere"]["adopted"] == [name]
        assert peer.got("belvedere.close") == []
    viewer.tell("belvedere.close", session=session)
    assert player.got("belvedere.close")[0]["params"]["session"] == session
    assert device.got("belvedere.close") == []


def test_a_camera_does_not_take_up_what_a_relay_shows_of_it() -> None:
    """Nor the other way round: the ticket says who serves the session."""
    world = World()
    _, (player, asker), (session, upload) = watched(world)
    held = [world.ticket(player, session), world.ticket(asker, upload)]
    after = World()
    assert after.device(tickets=held).inbox[0]["result"]["belvedere"]["adopted"] == [upload]
    player, _ = after.relay(tickets=(held, []))
    assert player.inbox[0]["result"]["belvedere"]["adopted"] == [session]


def test_a_server_that_restarts_with_its_own_relay_tells_the_viewers() -> None:
    before = World()
    before.device()
    viewer, (player, _) = before.viewer(), before.relay()
    session = relayed(before, viewer, player)
    after = World()
    after.relay()
    returned = after.viewer(tickets=[before.ticket(viewer, session)])
    assert returned.got("belvedere.close")[0]["params"]["session"] == session
    assert after.table.sessions == {}


# --- revocation ---


def test_a_login_that_ends_takes_its_relayed_picture_along() -> None:
    world = World()
    (device, _), (player, asker), (session, upload) = watched(world)
    world.apply(broker.revoke_login(world.table, "u1", world.now))
    assert player.got("belvedere.close")[0]["params"]["session"] == session
    assert set(world.table.sessions) == {upload}
    assert asker.closed is None and player.closed is None
    asker.tell("belvedere.close", session=upload)
    assert device.got("belvedere.close")[0]["params"]["session"] == upload


def test_a_camera_that_is_removed_goes_from_the_relay_too() -> None:
    world = World()
    (_, viewer), (player, asker), (session, upload) = watched(world)
    world.apply(broker.revoke_camera(world.table, "c1", world.now))
    assert player.got("belvedere.close")[0]["params"]["session"] == session
    assert asker.got("belvedere.close")[0]["params"]["session"] == upload
    assert viewer.got("belvedere.close")[0]["params"]["session"] == session
    assert world.table.sessions == {} and player.closed is None


# --- tenants ---


def test_the_relays_two_sockets_are_two_parties() -> None:
    world = World()
    (device, _), (player, asker), (session, upload) = watched(world)
    asker.tell("belvedere.close", session=session)
    player.tell("belvedere.close", session=upload)
    device.tell("belvedere.close", session=session)
    world.relay("away")[0].tell("belvedere.close", session=session)
    assert set(world.table.sessions) == {session, upload}
    assert world.counted["foreign_session"] == 4
