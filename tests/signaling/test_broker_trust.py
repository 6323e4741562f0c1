"""Who a viewer says it is, what the camera answers, and that nobody in between hears of it."""

from typing import Any

import pytest

from signaling.limits import RELAY_LIMITS, Limits
from signaling.protocol.errors import Fault
from tests.signaling.world import ANSWER, OFFER, Json, Peer, World

TRUST: Json = {"hello": "hello.of.viewer", "keyring": ["first.of.ring", "second.of.ring"], "chain": ["grant.to.guest"]}


def ask(viewer: Peer, via: str, trust: Json | None = TRUST) -> Json:
    wish = {"via": via} | ({"trust": trust} if trust is not None else {})
    return viewer.ask("connect", peer="c1", belvedere=wish)


def relayed(viewer: Peer, player: Peer, trust: Json | None = TRUST) -> str:
    """A session through the relay that flows."""
    session = str(ask(viewer, "relay", trust)["result"]["session"])
    player.reply(player.got("connect")[-1])
    player.ask("invite", session=session, offer=OFFER)
    viewer.reply(viewer.got("invite")[-1], answer=ANSWER)
    return session


def params(peer: Peer, method: str) -> list[Json]:
    return [message["params"] for message in peer.got(method)]


def words_of(*peers: Peer) -> str:
    return str([peer.inbox for peer in peers])


# --- the direct way ---


def test_the_camera_is_told_who_asks_as_it_was_said() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    ask(viewer, "direct")
    assert params(device, "connect")[0]["belvedere"]["trust"] == TRUST
    assert params(device, "belvedere.hello") == []
    assert "trust" not in viewer.inbox[-1]["result"]["belvedere"]


def test_the_signed_words_about_offer_and_answer_go_over_as_they_are() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = str(ask(viewer, "direct")["result"]["session"])
    device.reply(device.got("connect")[0])
    device.ask("invite", session=session, offer=OFFER, belvedere={"proof": "signed.by.camera"})
    assert params(viewer, "invite")[0]["belvedere"] == {"proof": "signed.by.camera"}
    viewer.reply(viewer.got("invite")[0], answer=ANSWER, belvedere={"proof": "signed.by.viewer"})
    assert device.answers()[-1]["result"] == {"answer": ANSWER, "belvedere": {"proof": "signed.by.viewer"}}


@pytest.mark.parametrize("proof", [5, "", "a b", "a" * 4097])
def test_an_answer_with_a_proof_that_is_no_statement_ends_the_session(proof: Any) -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    device.ask("invite", session=session, offer=OFFER)
    viewer.reply(viewer.got("invite")[0], answer=ANSWER, belvedere={"proof": proof})
    assert device.answers()[-1]["error"]["code"] == Fault.BAD_REQUEST
    assert session not in world.table.sessions


def test_plain_onvif_hears_nothing_of_it() -> None:
    world = World()
    device, viewer = world.device(ours=False), world.viewer()
    session = str(ask(viewer, "direct")["result"]["session"])
    assert set(params(device, "connect")[0]["belvedere"]) == {"ticket"}
    device.ask("invite", session=session, offer=OFFER)
    assert "belvedere" not in params(viewer, "invite")[0]
    viewer.reply(viewer.got("invite")[0], answer=ANSWER, belvedere={"proof": "signed.by.viewer"})
    assert device.answers()[-1]["result"] == {"answer": ANSWER}


def test_a_plain_viewer_is_shown_no_proof_and_its_trust_goes_nowhere() -> None:
    world = World()
    device, viewer = world.device(), world.peer()
    viewer.ask("register", authorization="viewer u1 u1")
    session = str(ask(viewer, "direct")["result"]["session"])
    assert set(params(device, "connect")[0]["belvedere"]) == {"ticket"}
    device.ask("invite", session=session, offer=OFFER, belvedere={"proof": "signed.by.camera"})
    assert "belvedere" not in params(viewer, "invite")[0]


def test_a_camera_that_does_not_know_the_viewer_says_so_to_it() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    ask(viewer, "direct")
    device.refuse(device.got("connect")[0], Fault.NOT_TRUSTED, "this viewer is not known here")
    (told,) = params(viewer, "error")
    assert (told["code"], told["message"]) == (495, "this viewer is not known here")
    assert world.counted["not_trusted"] == 1


# --- past a relay ---


def test_camera_and_viewer_speak_past_the_relay_and_it_hears_nothing() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, asker = world.relay()
    session = relayed(viewer, player)
    upload = world.flow(asker, device)
    assert params(device, "belvedere.hello") == [{"session": session, "trust": TRUST}]
    assert "trust" not in params(device, "connect")[0]["belvedere"]
    device.tell("belvedere.envelope", session=session, envelope="key.of.frames")
    device.tell("belvedere.envelope", session=session, envelope="next.of.keys")
    assert params(viewer, "belvedere.envelope") == [
        {"session": session, "envelope": "key.of.frames"},
        {"session": session, "envelope": "next.of.keys"},
    ]
    heard = words_of(player, asker)
    assert not [word for word in ("hello", "trust", "ring", "grant", "key.of", "envelope") if word in heard]
    assert upload not in str(params(device, "belvedere.hello"))


def test_no_proof_goes_by_a_relay() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, asker = world.relay()
    session = str(ask(viewer, "relay")["result"]["session"])
    player.reply(player.got("connect")[-1])
    player.ask("invite", session=session, offer=OFFER, belvedere={"proof": "forged.by.relay"})
    viewer.reply(viewer.got("invite")[-1], answer=ANSWER, belvedere={"proof": "signed.by.viewer"})
    upload = world.call(asker)
    device.ask("invite", session=upload, offer=OFFER, belvedere={"proof": "signed.by.camera"})
    asker.reply(asker.got("invite")[0], answer=ANSWER, belvedere={"proof": "forged.by.relay"})
    assert "by." not in words_of(viewer, player, asker, device)


def test_a_relay_says_nothing_of_itself() -> None:
    """What it would have to say could only be somebody else's."""
    world = World()
    device, viewer = world.device(), world.viewer()
    player, asker = world.relay()
    relayed(viewer, player)
    device.inbox.clear()
    asker.ask("connect", peer="c1", belvedere={"trust": TRUST})
    assert "trust" not in params(device, "connect")[0]["belvedere"]
    player.tell("belvedere.hello", session="session-1", trust=TRUST)
    asker.tell("belvedere.hello", session="session-2", trust=TRUST)
    player.tell("belvedere.envelope", session="session-1", envelope="forged.by.relay")
    assert params(device, "belvedere.hello") == [] and params(viewer, "belvedere.envelope") == []


def test_the_camera_hears_that_somebody_watches_no_more() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    session = relayed(viewer, player)
    viewer.tell("belvedere.close", session=session, reason="enough")
    assert params(device, "belvedere.close") == [{"session": session, "reason": "enough"}]
    relayed(viewer, player)
    viewer.leave(properly=True)
    assert len(params(device, "belvedere.close")) == 2


def test_the_camera_turns_a_viewer_away_and_the_relay_lets_it_go() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    session = relayed(viewer, player)
    device.tell("error", session=session, code=Fault.NOT_TRUSTED, message="your grant has ended")
    told = {"session": session, "code": 495, "message": "your grant has ended"}
    assert params(viewer, "error") == [told]
    assert params(player, "belvedere.close")[0]["session"] == session
    assert params(device, "belvedere.close") == [] and session not in world.table.sessions
    assert world.counted["not_trusted"] == 1


def test_what_else_a_camera_says_of_a_session_past_a_relay_is_not_its_business() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    session = relayed(viewer, player)
    before = (list(viewer.inbox), list(player.inbox))
    device.tell("trickle", session=session, candidate={"candidate": "c"})
    device.tell("error", session=session, code=1003, message="no")
    assert device.ask("invite", session=session, offer=OFFER)["error"]["message"] == "there is no such session"
    assert (viewer.inbox, player.inbox) == before and session in world.table.sessions


def test_another_camera_gives_no_keys_and_ends_nothing() -> None:
    world = World()
    world.device()
    viewer, thief = world.viewer(), world.device("c2")
    player, _ = world.relay()
    session = relayed(viewer, player)
    thief.tell("belvedere.envelope", session=session, envelope="forged.by.thief")
    thief.tell("error", session=session, code=495)
    thief.tell("belvedere.close", session=session)
    assert params(viewer, "belvedere.envelope") == [] and session in world.table.sessions
    assert world.counted["foreign_session"] == 3


def test_another_screen_of_the_same_account_says_no_hello_for_it() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    session = relayed(viewer, player)
    world.viewer("u1").tell("belvedere.hello", session=session, trust=TRUST)
    world.viewer("u2").tell("belvedere.hello", session=session, trust=TRUST)
    assert len(params(device, "belvedere.hello")) == 1 and world.counted["foreign_session"] == 2


def test_on_the_direct_way_there_is_no_hello_and_no_envelope() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.flow(viewer, device)
    viewer.tell("belvedere.hello", session=session, trust=TRUST)
    device.tell("belvedere.envelope", session=session, envelope="key.of.frames")
    assert params(device, "belvedere.hello") == params(viewer, "belvedere.envelope") == []


def test_a_plain_camera_is_greeted_by_nobody() -> None:
    world = World()
    device, viewer = world.device(ours=False), world.viewer()
    player, _ = world.relay()
    session = relayed(viewer, player)
    viewer.tell("belvedere.close", session=session)
    assert params(device, "belvedere.hello") == params(device, "belvedere.close") == []


# --- who returns ---


def test_a_camera_that_returns_is_told_again_of_who_watches() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    first, second = relayed(viewer, player), relayed(viewer, player)
    device.leave()
    back = world.device()
    assert back.inbox[0]["result"]["id"] == "c1"
    assert [each["session"] for each in params(back, "belvedere.hello")] == [first, second]
    back.tell("belvedere.envelope", session=first, envelope="new.key.here")
    assert params(viewer, "belvedere.envelope")[-1]["envelope"] == "new.key.here"


def test_a_viewer_that_returns_to_a_restarted_server_says_hello_anew() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    session = relayed(viewer, player)
    tickets = [world.ticket(peer, session) for peer in (player, viewer)]
    anew = World()
    anew.relay(tickets=([tickets[0]], []))
    back = anew.viewer(tickets=[tickets[1]])
    back.tell("belvedere.hello", session=session, trust=TRUST)
    device = anew.device()
    assert params(device, "belvedere.hello") == [{"session": session, "trust": TRUST}]
    back.tell("belvedere.hello", session=session, trust=TRUST | {"hello": "another.one.now"})
    assert params(device, "belvedere.hello")[-1]["trust"]["hello"] == "another.one.now"
    device.tell("belvedere.envelope", session=session, envelope="key.of.frames")
    assert len(params(back, "belvedere.envelope")) == 1


def test_an_envelope_for_a_viewer_that_is_away_goes_nowhere() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    session = relayed(viewer, player)
    viewer.leave()
    device.tell("belvedere.envelope", session=session, envelope="key.of.frames")
    assert world.counted["envelope_unheard"] == 1 and session in world.table.sessions


# --- bounds ---


def test_a_camera_is_greeted_by_so_many_and_room_is_given_back() -> None:
    world = World(Limits(greeted_per_camera=2))
    world.device()
    viewer = world.viewer()
    player, _ = world.relay()
    first = relayed(viewer, player)
    relayed(viewer, player)
    assert ask(viewer, "relay")["error"]["code"] == 429
    assert "result" in ask(viewer, "relay", None) and "result" in ask(viewer, "direct")
    viewer.tell("belvedere.close", session=first)
    assert "result" in ask(viewer, "relay")


LONG: Json = {"hello": "h" * 4096, "keyring": ["k" * 4096] * 8, "chain": ["g" * 4096] * 2}


@pytest.mark.parametrize("via", ["direct", "relay"])
def test_a_camera_is_not_told_more_than_it_can_read(via: str) -> None:
    world = World(Limits(trust_bytes_per_camera=100_000, trust_bytes_per_second=1000))
    device, viewer = world.device(), world.viewer()
    world.relay()
    answers = [ask(viewer, via, LONG) for _ in range(6)]
    assert [answer["error"]["code"] for answer in answers if "error" in answer] == [429] * 4
    assert sum(len(str(message)) for message in device.inbox) < 110_000
    world.sleep(60)
    assert "result" in ask(viewer, via, LONG)


def test_the_longest_trust_of_all_fits_into_the_queue_of_a_camera_that_returns() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    world.relay()
    for _ in range(64):
        ask(viewer, "relay", LONG)
        world.now += 2.0
        for session in world.table.sessions.values():
            session.deadline = world.now + 60
    device.leave()
    back = world.device()
    assert len(params(back, "belvedere.hello")) == 11
    assert sum(len(str(message)) for message in back.inbox) < world.table.limits.queue_bytes * 0.6
    assert RELAY_LIMITS.greeted_per_camera == world.table.limits.greeted_per_camera


def test_hellos_and_envelopes_of_a_session_have_a_rate() -> None:
    world = World(Limits(hellos_burst=2, envelopes_burst=3))
    device, viewer = world.device(), world.viewer()
    player, _ = world.relay()
    session = relayed(viewer, player)
    for _ in range(5):
        viewer.tell("belvedere.hello", session=session, trust=TRUST)
        device.tell("belvedere.envelope", session=session, envelope="key.of.frames")
    assert len(params(device, "belvedere.hello")) == 1 + 2 and world.counted["hello_refused"] == 3
    assert len(params(viewer, "belvedere.envelope")) == 3 and world.counted["envelope_refused"] == 2
    world.sleep(5)
    viewer.tell("belvedere.hello", session=session, trust=TRUST)
    device.tell("belvedere.envelope", session=session, envelope="key.of.frames")
    assert len(params(device, "belvedere.hello")) == 4 and len(params(viewer, "belvedere.envelope")) == 4
