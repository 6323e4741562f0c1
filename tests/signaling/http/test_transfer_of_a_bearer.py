"""A camera whose token its old owner has seen does not go on living with the new one."""

from collections.abc import Awaitable, Callable

import pytest

from signaling.server import Running
from tests.signaling.api import Api
from tests.signaling.device import Device
from tests.signaling.sharing import confirmed_camera
from tests.signaling.viewer_client import Fault, connected

TAKER = "taker@example.org"


@pytest.fixture
async def taker(owner: Api) -> Api:
    api = owner.another()
    await api.register(await owner.invite(), TAKER)
    return api


async def camera_by_token(owner: Api) -> tuple[str, str]:
    """Camera id and the bearer that the owner made for it."""
    camera, _ = await owner.add_camera()
    return camera, (await owner.good("POST", f"/api/cameras/{camera}/token"))["token"]


async def camera_by_plain_firmware(owner: Api) -> tuple[str, str]:
    """Camera id and the bearer that it was given for its code."""
    camera, code = await owner.add_camera()
    answer = await Device(owner).try_activate(code, public_key=None, proof=None)
    await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    return camera, answer.json["bearer"]


async def give(owner: Api, camera: str) -> str:
    made = await owner.good("POST", f"/api/cameras/{camera}/transfer")
    return str(made["link"].rpartition("/")[2])


async def registers(api: Api, bearer: str) -> bool:
    async with connected(api.origin + "/api/signaling", f"Bearer {bearer}") as peer:
        try:
            await peer.register()
        except Fault:
            return False
        return True


@pytest.mark.parametrize("make", [camera_by_token, camera_by_plain_firmware])
async def test_the_old_token_ends_and_the_taker_makes_a_new_one(
    owner: Api, taker: Api, make: Callable[[Api], Awaitable[tuple[str, str]]]
) -> None:
    camera, bearer = await make(owner)
    secret = await give(owner, camera)
    url = owner.origin + "/api/signaling"
    async with connected(url, f"Bearer {bearer}") as peer:
        await peer.register()
        taken = await taker.good("POST", "/api/transfers/accept", {"transfer": secret})
        assert (taken["id"], taken["state"], taken["confirmed"]) == (camera, "unpaired", False)
        assert await peer.closed() is not None, "the old owner's socket ends"
    assert not await registers(owner, bearer)
    refused = await taker.call("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    assert refused.code == "not_active", "there is no picture yet that the taker could have looked at"
    fresh = (await taker.good("POST", f"/api/cameras/{camera}/token"))["token"]
    assert not await registers(owner, bearer)
    async with connected(url, f"Bearer {fresh}") as device, connected(url, f"Bearer {taker.token}") as viewer:
        await device.register()
        await viewer.register()
        watching = await viewer.request("connect", peer=camera)
        assert (await device.expect("connect"))["params"]["session"] == watching["session"]


async def test_both_are_told_before(owner: Api, taker: Api) -> None:
    by_key, _ = await confirmed_camera(owner)
    by_token, _ = await camera_by_token(owner)
    for camera, stays in ((by_key, True), (by_token, False)):
        assert (await owner.good("GET", f"/api/cameras/{camera}/transfer"))["stays_paired"] is stays
        made = await owner.good("POST", f"/api/cameras/{camera}/transfer")
        assert made["stays_paired"] is stays
        found = await taker.good("POST", "/api/transfers/check", {"transfer": made["link"].rpartition("/")[2]})
        assert found["stays_paired"] is stays


async def test_a_token_that_was_made_after_the_link_ends_too(running: Running, owner: Api, taker: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    secret = await give(owner, camera)
    bearer = (await owner.good("POST", f"/api/cameras/{camera}/token"))["token"]
    await taker.good("POST", "/api/transfers/accept", {"transfer": secret})
    assert await running.services.gate.device_by_token(f"Bearer {bearer}") is None
