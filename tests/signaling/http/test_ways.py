"""Which ways the video may go: the account's rule, and how many viewers a camera serves itself."""

import pytest

from signaling.server import Running
from signaling.ways import Terms
from tests.signaling.api import Api
from tests.signaling.device import Device


async def test_an_account_says_which_ways_it_allows(owner: Api) -> None:
    assert (await owner.good("GET", "/api/me"))["ways"] == "auto"
    for ways in ("never_relay", "always_relay", "auto"):
        assert (await owner.good("PATCH", "/api/me", {"ways": ways}))["ways"] == ways
        assert (await owner.good("GET", "/api/me"))["ways"] == ways


async def test_a_camera_says_how_many_viewers_it_serves_itself(owner: Api) -> None:
    camera, _ = await owner.add_camera()
    path = f"/api/cameras/{camera}"
    assert (await owner.good("GET", path))["direct_viewers"] == 2
    assert (await owner.good("PATCH", path, {"direct_viewers": 0}))["direct_viewers"] == 0
    changed = await owner.good("PATCH", path, {"name": "Yard", "direct_viewers": 64})
    assert (changed["name"], changed["direct_viewers"]) == ("Yard", 64)
    assert (await owner.good("PATCH", path, {}))["name"] == "Yard"


@pytest.mark.parametrize("viewers", [-1, 65, 2.5, "2", None, True])
async def test_what_is_no_such_number_is_refused(owner: Api, viewers: object) -> None:
    camera, _ = await owner.add_camera()
    assert (await owner.call("PATCH", f"/api/cameras/{camera}", {"direct_viewers": viewers})).code == "invalid_body"


@pytest.mark.parametrize("body", [{"ways": "sometimes"}, {}, {"ways": None}, {"ways": "auto", "administrator": True}])
async def test_what_is_no_rule_is_refused(owner: Api, body: dict[str, object]) -> None:
    assert (await owner.call("PATCH", "/api/me", body)).code == "invalid_body"
    assert (await owner.good("GET", "/api/me"))["ways"] == "auto"


async def test_nobody_rules_for_others(owner: Api) -> None:
    camera, _ = await owner.add_camera()
    guest = owner.another()
    await guest.register(await owner.invite(), "guest@example.org")
    assert (await guest.call("PATCH", f"/api/cameras/{camera}", {"direct_viewers": 9})).code == "not_found"
    await guest.good("PATCH", "/api/me", {"ways": "never_relay"})
    assert (await owner.good("GET", "/api/me"))["ways"] == "auto"
    assert (await owner.another().call("PATCH", "/api/me", {"ways": "auto"})).code == "unauthorized"


async def test_the_gate_tells_the_terms(owner: Api, running: Running) -> None:
    camera, token = await owner.add_camera()
    await Device(owner).activate(token)
    await owner.good("PATCH", "/api/me", {"ways": "always_relay"})
    await owner.good("PATCH", f"/api/cameras/{camera}", {"direct_viewers": 5})
    viewer = await running.services.gate.viewer_by_token(owner.token)
    account = (await owner.good("GET", "/api/me"))["id"]
    assert viewer is not None
    assert await running.services.gate.may_watch(viewer, camera) == Terms(account, "always_relay", 5)
    assert await running.services.gate.policy_of(account) == "always_relay"
    assert await running.services.gate.policy_of("nobody") is None


async def test_a_yes_to_one_pairing_is_none_to_the_next(owner: Api) -> None:
    camera, token = await owner.add_camera()
    await Device(owner).activate(token)
    shown = (await owner.good("GET", f"/api/cameras/{camera}"))["pairing"]["id"]
    again = await owner.good("POST", f"/api/cameras/{camera}/pairing", {"ssid": "net"})
    await Device(owner).activate(again["pairing"]["token"])
    path = f"/api/cameras/{camera}/confirm"
    assert (await owner.call("POST", path, {"mine": True, "pairing": shown})).code == "not_pending"
    assert not (await owner.good("GET", f"/api/cameras/{camera}"))["confirmed"]
    assert (await owner.good("POST", path, {"mine": True, "pairing": again["pairing"]["id"]}))["confirmed"]
