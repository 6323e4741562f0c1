"""Which way a session goes, as the broker decides it: policy, direct viewers, relays; and what it tells the viewer."""

from typing import Any

import pytest

from signaling import broker
from signaling.limits import RELAY_LIMITS
from signaling.ways import Policy
from tests.signaling.world import Json, Peer, World


def via(viewer: Peer, wish: str | None = None) -> str | int:
    """Asks for `c1`; the way it got, or the fault."""
    extra = {"belvedere": {"via": wish}} if wish else {}
    answer = viewer.ask("connect", peer="c1", **extra)
    return answer["result"]["belvedere"]["via"] if "result" in answer else answer["error"]["code"]  # type: ignore[no-any-return]


def told(viewer: Peer) -> Json:
    """What stood under `belvedere` in the last answer."""
    return dict(viewer.answers()[-1]["result"]["belvedere"])


@pytest.mark.parametrize(
    ("policy", "wish", "outcome"),
    [
        ("auto", None, "direct"),
        ("auto", "direct", "direct"),
        ("auto", "relay", "relay"),
        ("never_relay", None, "direct"),
        ("never_relay", "relay", 488),
        ("always_relay", None, "relay"),
        ("always_relay", "direct", 488),
    ],
)
def test_the_owners_policy_holds(policy: Policy, wish: str | None, outcome: str | int) -> None:
    world = World()
    world.policy = policy
    world.device()
    world.relay()
    assert via(world.viewer(), wish) == outcome


def test_a_plain_onvif_viewer_gets_what_the_policy_allows() -> None:
    world = World()
    world.policy = "always_relay"
    device, viewer = world.device(), world.peer()
    player, _ = world.relay()
    viewer.ask("register", authorization="viewer u1 u1")
    assert "session" in viewer.ask("connect", peer="c1")["result"]
    assert len(player.got("connect")) == 1 and device.got("connect") == []


def test_always_relay_without_a_relay_is_refused_and_the_camera_hears_nothing() -> None:
    world = World()
    world.policy = "always_relay"
    device, viewer = world.device(), world.viewer()
    assert [via(viewer), via(viewer, "direct"), via(viewer, "relay")] == [488, 488, 488]
    assert device.got("connect") == []


def test_more_viewers_than_a_camera_serves_itself_go_to_the_relay() -> None:
    world = World()
    world.direct_viewers = 2
    device = world.device()
    _, asker = world.relay()
    first, second, third = world.viewer(), world.viewer(), world.viewer()
    world.flow(first, device)
    world.flow(second, device)
    assert via(third) == "relay" and told(third)["ways"] == ["relay"]
    world.call(asker)
    assert via(third, "direct") == 488
    # One of the two that changes over takes no place that it has not already, and the upload is nobody's.
    assert via(first, "direct") == "direct"
    assert via(world.viewer()) == "relay"
    first.leave(properly=True)
    assert via(third) == "direct" and told(third)["ways"] == ["direct", "relay"]


def test_a_viewer_whose_socket_is_away_still_takes_its_place() -> None:
    world = World()
    world.direct_viewers = 1
    device = world.device()
    world.relay()
    first = world.viewer()
    world.flow(first, device)
    first.leave()
    assert via(world.viewer()) == "relay"


def test_a_picture_beats_the_number_where_no_relay_is() -> None:
    world = World()
    world.direct_viewers = 0
    world.device()
    assert via(world.viewer()) == "direct"
    assert via(world.viewer(), "direct") == "direct"


def test_a_camera_that_is_away_is_away_for_the_relay_too() -> None:
    world = World()
    world.relay()
    assert via(world.viewer(), "relay") == 480


def test_a_relay_that_is_full_or_stuck_is_passed_over() -> None:
    world = World()
    world.table.relay_limits = type(RELAY_LIMITS)(sessions_per_device=1)
    world.device()
    first, _ = world.relay("a")
    second, _ = world.relay("b")
    assert [via(world.viewer(), "relay") for _ in range(3)] == ["relay", "relay", 488]
    assert [len(player.got("connect")) for player in (first, second)] == [1, 1]


def test_the_round_trip_to_the_camera_is_told_once_it_is_known() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    world.call(viewer)
    assert "roundTripMs" not in told(viewer)
    world.sleep(0.0415)
    device.reply(device.got("connect")[-1])
    world.call(viewer)
    assert told(viewer)["roundTripMs"] == pytest.approx(41.5, abs=0.1)
    world.relay()
    via(viewer, "relay")
    assert told(viewer)["roundTripMs"] == pytest.approx(41.5, abs=0.1)


def test_a_clock_that_steps_back_measures_nothing_below_zero() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    world.call(viewer)
    world.now -= 100
    device.reply(device.got("connect")[-1])
    world.call(viewer)
    assert told(viewer)["roundTripMs"] == 0


# --- a camera that has moved ---


def come_back(world: World, tickets: list[str], **extra: Any) -> Peer:
    peer = world.peer()
    peer.ask("register", authorization="device c1", belvedere={"tickets": tickets} | extra)
    return peer


def test_a_camera_that_moved_wakes_those_that_watch_it() -> None:
    world = World()
    device, viewer, other = world.device(), world.viewer(), world.device("c2")
    player, asker = world.relay()
    via(viewer, "relay")
    upload, session, elsewhere = (
        world.flow(asker, device),
        world.flow(viewer, device),
        world.flow(world.viewer("u2"), other, "c2"),
    )
    setting_up = world.call(viewer)
    come_back(world, [world.ticket(device, name) for name in (upload, session)], moved=True)
    assert [m["params"] for m in viewer.got("belvedere.wake")] == [{"session": session}]
    assert [m["params"] for m in asker.got("belvedere.wake")] == [{"session": upload}]
    assert player.got("belvedere.wake") == other.got("belvedere.wake") == []
    assert setting_up not in world.table.sessions and elsewhere in world.table.sessions
    assert session in world.table.sessions


def test_a_camera_that_did_not_move_wakes_nobody() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    come_back(world, [world.ticket(device, session)])
    assert viewer.got("belvedere.wake") == []


def test_only_the_server_wakes() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    device.tell("belvedere.wake", session=session)
    viewer.tell("belvedere.wake", session=session)
    assert viewer.got("belvedere.wake") == device.got("belvedere.wake") == []
    assert world.counted["notification_refused"] == 2


# --- a rule that changes ---


@pytest.mark.parametrize(("policy", "left"), [("auto", 2), ("never_relay", 1), ("always_relay", 1)])
def test_a_new_rule_ends_what_it_forbids(policy: Policy, left: int) -> None:
    world = World()
    device, viewer, stranger = world.device(), world.viewer(), world.viewer("u2")
    player, _ = world.relay()
    direct = world.flow(viewer, device)
    via(viewer, "relay")
    relayed = player.got("connect")[0]["params"]["session"]
    theirs = world.flow(stranger, world.device("c2"), "c2")
    world.apply(broker.close_ways(world.table, "u1", policy))
    assert theirs in world.table.sessions
    assert len({direct, relayed} & set(world.table.sessions)) == left
    ended = {m["params"]["session"] for m in viewer.got("belvedere.close")}
    assert ended == {direct, relayed} - set(world.table.sessions)
    assert (relayed in ended) is (policy == "never_relay")
