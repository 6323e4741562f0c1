"""Until its owner has said yes, only the account that added a camera sees it; the administrator is no exception."""

import pytest

from tests.signaling.api import Api
from tests.signaling.device import Device
from tests.signaling.viewer_client import Fault, connected


async def test_only_who_added_it_sees_and_watches_it(owner: Api) -> None:
    adder = owner.another()
    await adder.register(await owner.invite(), "adder@example.org")
    camera, token = await adder.add_camera()
    device = Device(adder)
    await device.activate(token)
    url = owner.origin + "/api/signaling"
    async with connected(url, device.authorization(camera)) as peer:
        await peer.register()
        assert (await adder.camera(camera))["confirmed"] is False
        assert (await owner.good("GET", "/api/cameras"))["cameras"] == []
        for method, path in (("GET", ""), ("POST", "/invitations"), ("POST", "/transfer"), ("POST", "/confirm")):
            body = {"mine": True} if path == "/confirm" else {"scopes": ["live"]} if path == "/invitations" else None
            assert (await owner.call(method, f"/api/cameras/{camera}{path}", body)).code == "not_found", path
        async with connected(url, f"Bearer {owner.token}") as stranger:
            await stranger.register()
            with pytest.raises(Fault):
                await stranger.request("connect", peer=camera)
        async with connected(url, f"Bearer {adder.token}") as viewer:
            await viewer.register()
            assert (await viewer.request("connect", peer=camera))["session"]
    for path, body in (("/invitations", {"scopes": ["live"]}), ("/transfer", None)):
        assert (await adder.call("POST", f"/api/cameras/{camera}{path}", body)).code == "not_active"
