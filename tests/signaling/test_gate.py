"""Who comes in by the gate: devices once per token, people while their login lasts, tickets once."""

import time

import pytest

from signaling.server import Running
from tests.signaling.api import Api
from tests.signaling.device import Device


@pytest.fixture
async def paired(owner: Api) -> tuple[Device, str]:
    camera, token = await owner.add_camera()
    device = Device(owner)
    await device.activate(token)
    return device, camera


async def test_a_device_token_is_good_once(paired: tuple[Device, str], running: Running) -> None:
    device, camera = paired
    authorization = device.authorization(camera)
    assert await running.services.gate.device_by_token(authorization) is not None
    assert await running.services.gate.device_by_token(authorization) is None
    assert await running.services.gate.viewer_by_token(authorization) is None


@pytest.mark.parametrize(
    "changed",
    [{"aud": "https://other.example.org"}, {"iss": "other"}, {"exp": int(time.time()) + 3600}, {"iat": 0, "exp": 60}],
)
async def test_a_wrong_device_token_is_nobody(
    paired: tuple[Device, str], running: Running, changed: dict[str, object]
) -> None:
    device, camera = paired
    assert await running.services.gate.device_by_token(device.authorization(camera, **changed)) is None


async def test_another_cameras_key_is_nobody(paired: tuple[Device, str], running: Running, owner: Api) -> None:
    other, token = await owner.add_camera("Other")
    stranger = Device(owner)
    await stranger.activate(token)
    assert await running.services.gate.device_by_token(stranger.authorization(paired[1])) is None
    assert await running.services.gate.device_by_token(stranger.authorization(other)) is not None
    assert await running.services.gate.device_by_token(stranger.authorization("unknown")) is None
    assert await running.services.gate.device_by_token(stranger.authorization("\0")) is None


@pytest.mark.parametrize(
    "text", ["", "Bearer", "Bearer ", "Basic x", "\0", "Bearer \0", "Bearer " + "x" * 9000, "a.b.c"]
)
async def test_nonsense_is_nobody(running: Running, text: str) -> None:
    assert await running.services.gate.device_by_token(text) is None
    assert await running.services.gate.viewer_by_token(text) is None


async def test_people_come_by_bearer_cookie_or_ticket(paired: tuple[Device, str], owner: Api, running: Running) -> None:
    camera, gate = paired[1], running.services.gate
    account = (await owner.good("GET", "/api/me"))["id"]
    for text in (f"Bearer {owner.token}", f"bearer {owner.token}", owner.token):
        viewer = await gate.viewer_by_token(text)
        assert viewer is not None and viewer.user_id == account
        assert await gate.device_by_token(text) is None and viewer.only_camera is None
    ticket = (await owner.good("POST", "/api/socket-tickets", {"camera": camera}))["ticket"]
    viewer = await gate.viewer_by_token(f"Ticket {ticket}")
    assert viewer is not None and viewer.user_id == account and viewer.only_camera == camera
    assert await gate.viewer_by_token(f"Ticket {ticket}") is None


async def test_a_ticket_is_for_one_camera_of_ones_own(paired: tuple[Device, str], owner: Api, running: Running) -> None:
    """DESIGN §5: one camera, live only. The page that embeds it cannot reach the others."""
    camera, gate = paired[1], running.services.gate
    other, token = await owner.add_camera("Other")
    await Device(owner).activate(token)
    ticket = (await owner.good("POST", "/api/socket-tickets", {"camera": camera}))["ticket"]
    viewer = await gate.viewer_by_token(f"Ticket {ticket}")
    assert viewer is not None
    assert await gate.may_watch(viewer, camera) and not await gate.may_watch(viewer, other)
    guest = owner.another()
    await guest.register(await owner.invite(), "guest@example.org")
    for stranger, named in ((guest, camera), (owner, "unknown")):
        assert (await stranger.call("POST", "/api/socket-tickets", {"camera": named})).code == "not_found"
    assert (await owner.call("POST", "/api/socket-tickets")).code == "invalid_body"


async def test_a_login_that_ended_opens_nothing(paired: tuple[Device, str], owner: Api, running: Running) -> None:
    gate = running.services.gate
    viewer = await gate.viewer_by_token(owner.token)
    assert viewer is not None and await gate.session_alive(viewer.login_id)
    ticket = (await owner.good("POST", "/api/socket-tickets", {"camera": paired[1]}))["ticket"]
    await owner.good("DELETE", "/api/sessions/current")
    assert not await gate.session_alive(viewer.login_id)
    assert await gate.viewer_by_token(owner.token) is None
    assert await gate.viewer_by_token(f"Ticket {ticket}") is None


async def test_owners_alone_watch(paired: tuple[Device, str], owner: Api, running: Running) -> None:
    camera, gate = paired[1], running.services.gate
    guest = owner.another()
    await guest.register(await owner.invite(), "guest@example.org")
    mine, theirs = await gate.viewer_by_token(owner.token), await gate.viewer_by_token(guest.token)
    assert mine is not None and theirs is not None
    assert await gate.may_watch(mine, camera) and not await gate.may_watch(theirs, camera)
    assert not await gate.may_watch(mine, "unknown") and not await gate.may_watch(mine, "\0")
    pending, _ = await owner.add_camera()
    assert not await gate.may_watch(mine, pending)
    await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": False})
    assert not await gate.may_watch(mine, camera) and not await gate.camera_alive(camera)
