"""What cameras report ends up before their owner, bounded and readable."""

import pytest

from signaling.server import Running
from tests.signaling.api import Api
from tests.signaling.device import Device


async def test_a_problem_is_shown_until_it_is_over(owner: Api, running: Running) -> None:
    camera, token = await owner.add_camera()
    await Device(owner).activate(token)
    events = running.services.events
    await events.reported(camera, "wifi_password_wrong", "it said no\x00\n" + "x" * 1000)
    problem = (await owner.camera(camera))["problem"]
    assert problem["code"] == "wifi_password_wrong"
    assert problem["detail"].startswith("it said nox") and len(problem["detail"]) == 300
    await events.reported(camera, "ok", "")
    assert (await owner.camera(camera))["problem"] is None


@pytest.mark.parametrize("capabilities", [{"x": "y" * 5000}, {"x": "\0"}])
async def test_useless_capabilities_are_left_out(owner: Api, running: Running, capabilities: dict[str, str]) -> None:
    camera, _ = await owner.add_camera()
    await running.services.events.online(camera, {"codec": "h264"})
    assert (await owner.camera(camera))["capabilities"] == {"codec": "h264"}
    await running.services.events.online(camera, capabilities)
    assert (await owner.camera(camera))["capabilities"] == {}


async def test_coming_and_going_leave_their_time(owner: Api, running: Running) -> None:
    camera, _ = await owner.add_camera()
    assert (await owner.camera(camera))["last_seen_at"] is None
    await running.services.events.offline(camera)
    first = (await owner.camera(camera))["last_seen_at"]
    await running.services.events.online(camera)
    assert (await owner.camera(camera))["last_seen_at"] > first
    assert (await owner.camera(camera))["pairing"]["step"] == "waiting"  # nothing but an activation activates
