"""A camera that knows its owner hears what he orders, and of viewers that do not say who they are; and it confirms."""

from signaling import broker
from signaling.effects import Receipted
from signaling.limits import Limits
from signaling.protocol.messages import OrdersParams
from tests.signaling.test_broker_trust import TRUST, ask, params, relayed
from tests.signaling.world import World

OWNER = OrdersParams(["first.of.ring"], "first.of.orders")
LATER = OrdersParams(["first.of.ring"], "second.of.orders")


def owned() -> World:
    world = World()
    world.orders["c1"] = OWNER
    return world


def test_it_hears_the_orders_with_its_registration_before_it_judges_anybody() -> None:
    world = owned()
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    relayed(viewer, player)
    device.leave()
    back = world.device()
    assert [message.get("method") for message in back.inbox] == [None, "belvedere.orders", "belvedere.hello"]
    assert params(back, "belvedere.orders") == [{"keyring": ["first.of.ring"], "orders": "first.of.orders"}]


def test_new_orders_reach_it_at_once_and_old_ones_no_second_time() -> None:
    world = owned()
    device = world.device()
    world.apply(broker.push_orders(world.table, "c1", OWNER))
    assert len(params(device, "belvedere.orders")) == 1
    world.apply(broker.push_orders(world.table, "c1", LATER))
    assert params(device, "belvedere.orders")[-1]["orders"] == "second.of.orders"
    world.apply(broker.push_orders(world.table, "c2", LATER))
    assert len(params(device, "belvedere.orders")) == 2


def test_one_that_knows_no_owner_or_speaks_plain_onvif_hears_of_none() -> None:
    world = World()
    device, plain = world.device(), world.device("c2", ours=False)
    world.apply(broker.push_orders(world.table, "c1", None))
    world.apply(broker.push_orders(world.table, "c2", OWNER))
    viewer = world.viewer()
    player, _ = world.relay()
    session = relayed(viewer, player, None)
    viewer.tell("belvedere.close", session=session)
    assert [m for peer in (device, plain) for m in peer.inbox if str(m.get("method")).startswith("belvedere.")] == []


def test_it_hears_of_strangers_at_the_relay_and_turns_them_away() -> None:
    world = owned()
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    session = relayed(viewer, player, None)
    assert params(device, "belvedere.hello") == [{"session": session}]
    device.tell("belvedere.envelope", session=session, envelope="key.of.frames")
    assert params(viewer, "belvedere.envelope") == [] and world.counted["envelope_refused"] == 1
    device.tell("error", session=session, code=495, message="say who you are")
    assert params(viewer, "error")[0]["code"] == 495 and session not in world.table.sessions


def test_it_hears_of_strangers_anew_when_it_returns_or_its_orders_change() -> None:
    world = owned()
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    stranger, known = relayed(viewer, player, None), relayed(viewer, player)
    device.leave()
    back = world.device()
    assert [each["session"] for each in params(back, "belvedere.hello")] == [stranger, known]
    back.inbox.clear()
    world.apply(broker.push_orders(world.table, "c1", LATER))
    assert [message["method"] for message in back.inbox] == ["belvedere.orders", "belvedere.hello"]
    assert params(back, "belvedere.hello") == [{"session": stranger}]
    viewer.tell("belvedere.close", session=stranger)
    assert params(back, "belvedere.close")[0]["session"] == stranger


def test_strangers_take_no_room_from_those_that_say_who_they_are() -> None:
    world = World(Limits(greeted_per_camera=1))
    world.orders["c1"] = OWNER
    world.device()
    viewer = world.viewer()
    world.relay()
    assert all("result" in ask(viewer, "relay", None) for _ in range(3))
    assert "result" in ask(viewer, "relay", TRUST)


def test_its_receipt_is_told_and_has_a_rate() -> None:
    world = World(Limits(reports_burst=2))
    device = world.device()
    world.news.clear()
    for number in range(4):
        device.tell("belvedere.receipt", receipt=f"receipt.number.{number}")
    assert world.news == [Receipted("c1", "receipt.number.0"), Receipted("c1", "receipt.number.1")]
    assert world.counted["receipt_refused"] == 2


def test_only_cameras_give_receipts_and_only_the_server_gives_orders() -> None:
    world = owned()
    device, viewer = world.device(), world.viewer()
    player, asker = world.relay()
    before, world.news = len(device.inbox), []
    for peer in (viewer, player, asker, world.peer()):
        peer.tell("belvedere.receipt", receipt="receipt.of.nobody")
        peer.tell("belvedere.orders", keyring=[], orders="orders.of.nobody")
    device.tell("belvedere.receipt", receipt="no statement")
    assert world.news == [] and len(device.inbox) == before
