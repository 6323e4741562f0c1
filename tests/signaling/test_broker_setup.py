"""From `register` to flowing media, and every way in which that may be refused (ONVIF WebRTC)."""

import pytest

from signaling.effects import Came, FirstFrame, Reported, Went
from signaling.protocol.messages import IceServer
from tests.signaling.world import ANSWER, OFFER, World


def test_a_viewer_sees_a_camera() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    world.client_ice = [IceServer(urls=["stun:stun.example:3478"])]
    result = viewer.ask("connect", peer="c1", profile="main")["result"]
    session = result["session"]
    assert result["iceServers"] == [{"urls": ["stun:stun.example:3478"]}]
    assert result["expiryTimeSeconds"] == 3600
    connect = device.got("connect")[0]
    assert connect["params"]["session"] == session
    assert connect["params"]["profile"] == "main"
    assert connect["params"]["iceServers"] == [{"urls": ["stun:stun.example:3478"]}]
    assert connect["params"]["expiryTimeSeconds"] == 3600
    device.reply(connect)
    assert device.ask("invite", session=session, offer=OFFER, subprotocols=["p"]) == {}
    invite = viewer.got("invite")[0]
    assert invite["params"] == {"session": session, "offer": OFFER, "subprotocols": ["p"]}
    viewer.reply(invite, answer=ANSWER, subprotocols=["p"])
    assert device.answers()[-1]["result"] == {"answer": ANSWER, "subprotocols": ["p"]}
    viewer.tell("belvedere.stats", session=session, firstFrameMs=63.5, way="direct")
    viewer.tell("belvedere.stats", session=session, firstFrameMs=63.5, way="direct")
    assert world.news == [Came("c1", 1, []), FirstFrame("c1")]


@pytest.mark.parametrize("told", [[], ["stun:relay.example:3481"]])
def test_who_watches_over_a_relay_asks_only_the_stun_server_that_it_names(told: list[str]) -> None:
    """A browser would take checks and media from another's address for STUN answers. TURN may be the way there."""
    world = World()
    world.client_ice = [IceServer(["stun:s.example", "turn:t.example"], "u", "c"), IceServer(["stun:relay.example"])]
    world.device()
    viewer, _ = world.viewer(), world.relay(stun=told)
    found = [viewer.ask("connect", peer="c1", belvedere={"via": via})["result"] for via in ("direct", "relay")]
    assert len(found[0]["iceServers"]) == 2
    own = [{"urls": told}] if told else []
    assert found[1]["iceServers"] == [*own, {"urls": ["turn:t.example"], "username": "u", "credential": "c"}]


def test_the_viewer_hears_at_once_not_after_the_camera() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    assert "session" in viewer.ask("connect", peer="c1")["result"]
    assert len(device.got("connect")) == 1


def test_a_camera_may_offer_before_it_says_yes() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    device.ask("invite", session=session, offer=OFFER)
    device.reply(device.got("connect")[0])
    viewer.reply(viewer.got("invite")[0], answer=ANSWER)
    assert device.answers()[-1]["result"] == {"answer": ANSWER}


def test_the_camera_tells_what_it_can_and_the_viewer_learns_it() -> None:
    world = World()
    peer = world.peer()
    peer.ask("register", authorization="device c1", capabilities=["extend"])
    assert world.viewer().ask("connect", peer="c1")["result"]["capabilities"] == ["extend"]


def test_nobody_does_anything_before_register() -> None:
    world = World()
    world.device()
    stranger = world.peer()
    assert stranger.ask("connect", peer="c1")["error"]["code"] == 401
    assert stranger.ask("invite", session="x", offer=OFFER)["error"]["code"] == 401
    assert stranger.ask("unregister")["error"]["code"] == 404
    stranger.tell("trickle", session="x", candidate={})
    assert world.counted["notification_refused"] == 1


def test_a_wrong_token_is_a_fault_and_the_end_of_the_socket() -> None:
    world = World()
    peer = world.peer()
    assert peer.ask("register", authorization="nonsense")["error"]["code"] == 401
    assert peer.closed is not None
    assert peer.closed[0] == 4401


def test_register_comes_once_and_in_time() -> None:
    world = World()
    viewer = world.viewer()
    assert viewer.ask("register", authorization="viewer u1 u1")["error"]["code"] == 400
    silent = world.peer()
    world.sleep(11)
    assert silent.closed == (4408, "no register in time")
    assert viewer.closed is None


@pytest.mark.parametrize(("camera", "code"), [("c2", 403), ("nowhere1", 403), ("c1", 480)])
def test_whom_connect_refuses(camera: str, code: int) -> None:
    world = World()
    world.device("c2")
    viewer = world.viewer("u1")
    assert viewer.ask("connect", peer=camera)["error"]["code"] == code
    assert not world.table.sessions


def test_roles_do_not_change_places() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    assert device.ask("connect", peer="c1")["error"]["code"] == 403
    assert viewer.ask("invite", session=session, offer=OFFER)["error"]["code"] == 403
    assert device.ask("extend", session=session)["error"]["code"] == 403


def test_the_camera_refuses_and_the_viewer_hears_why() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    device.refuse(device.got("connect")[0], 1001, "no room")
    assert viewer.got("error")[0]["params"] == {"session": session, "code": 1001, "message": "no room"}
    assert not world.table.sessions


def test_the_viewer_refuses_and_the_camera_hears_why() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    device.ask("invite", session=session, offer=OFFER)
    viewer.refuse(viewer.got("invite")[0], 488, "no common codec")
    assert device.answers()[-1]["error"] == {"code": 488, "message": "no common codec"}
    assert not world.table.sessions


def test_a_malformed_answer_ends_the_try_for_both() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    device.ask("invite", session=session, offer=OFFER)
    viewer.reply(viewer.got("invite")[0], answer=5)
    assert device.answers()[-1]["error"]["code"] == 400
    assert viewer.got("error")[0]["params"]["code"] == 400


def test_an_offer_needs_a_session_and_an_sdp() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    session = world.call(viewer)
    assert device.ask("invite", session="unknown", offer=OFFER)["error"]["code"] == 400
    assert device.ask("invite", session=session, offer="")["error"]["code"] == 400
    assert device.ask("invite", session=session)["error"]["code"] == -32602
    assert device.ask("invite", session=session, offer=OFFER, subprotocols=["x"] * 17)["error"]["code"] == -32602
    assert viewer.got("invite") == []


def test_what_is_no_method_or_no_message() -> None:
    world = World()
    viewer = world.viewer()
    assert viewer.ask("recordings")["error"]["code"] == -32601
    for text, code in (("{", -32700), ("[]", -32600), ('{"jsonrpc":"1.0","id":1,"method":"register"}', -32600)):
        viewer.say(text)
        assert viewer.inbox[-1]["error"]["code"] == code
        assert viewer.inbox[-1]["id"] is None
    assert world.counted["malformed"] == 3


def test_a_camera_reports_and_goes() -> None:
    world = World()
    device, viewer = world.device(), world.viewer()
    device.tell("belvedere.event", name="wifi_password_wrong", detail="d" * 5000)
    viewer.tell("belvedere.event", name="x", detail="")
    assert device.ask("unregister")["result"] == {}
    assert world.news[1:] == [Reported("c1", "wifi_password_wrong", "d" * 500), Went("c1", 1)]
    assert viewer.ask("connect", peer="c1")["error"]["code"] == 480
    assert world.counted["event_refused"] == 1


def test_who_unregistered_may_register_again() -> None:
    world = World()
    device = world.device()
    device.ask("unregister")
    assert device.ask("register", authorization="device c1")["result"]["id"] == "c1"
    assert world.viewer().ask("connect", peer="c1")["result"]["session"]
