"""A code that works only from where its owner was when it was made."""

from pathlib import Path

import aiohttp
import pytest

from signaling.server import serving
from tests.signaling.api import Answer, Api, Documented
from tests.signaling.device import Device
from tests.signaling.helpers import quick_settings, secret_of


class Elsewhere(Api):
    """An app or a camera at another address, as a proxy that we trust tells it."""

    address = ""

    async def call(self, method: str, path: str, body: object = None, **more: object) -> Answer:
        return await super().call(method, path, body, headers={"X-Forwarded-For": self.address}, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("owner_at", "bound_to", "inside", "outside"),
    [
        ("203.0.113.7", "203.0.113.7/32", "203.0.113.7", "203.0.113.8"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.7", "2001:db8:1:2::1"),
        ("2001:db8:1:2::aaaa", "2001:db8:1:2::/64", "2001:db8:1:2:ffff::1", "2001:db8:1:3::1"),
        ("192.168.7.20", "192.168.7.0/24", "192.168.7.99", "192.168.8.20"),
    ],
)
async def test_behind_a_trusted_proxy(
    tmp_path: Path, http: aiohttp.ClientSession, owner_at: str, bound_to: str, inside: str, outside: str
) -> None:
    settings = quick_settings(tmp_path, behind_proxy=True, public_url="https://cameras.example")
    async with serving(settings) as running:
        local = f"http://127.0.0.1:{settings.port}"
        async with http.get(local + "/api/openapi.json") as answer:
            documented = Documented(await answer.json())
        owner = Elsewhere(local, http, documented)
        owner.address = owner_at
        await owner.register(secret_of(running))
        made = await owner.good("POST", "/api/cameras", {"name": "Yard", "model": "Test", "from_here": True})
        assert made["pairing"]["allowed_networks"] == [bound_to]
        camera = Elsewhere(local, http, documented)
        camera.address = outside
        body = {"secret_token": made["pairing"]["token"], "my_hardware_id": "a", "my_local_ip": ""}
        assert (await camera.call("POST", "/api/camera/activate", body)).code == "network_not_allowed"
        again = await owner.good("POST", f"/api/cameras/{made['camera']['id']}/pairing", {"from_here": True})
        camera.address = inside
        body["secret_token"] = again["pairing"]["token"]
        assert (await camera.call("POST", "/api/camera/activate", body)).status == 200


async def test_without_a_proxy_the_connection_itself_counts(owner: Api) -> None:
    """And what a stranger writes into the header does not."""
    forged = {"X-Forwarded-For": "203.0.113.7"}
    body = {"name": "Yard", "model": "Test", "from_here": True, "allowed_networks": ["198.51.100.0/24"]}
    made = (await owner.call("POST", "/api/cameras", body, headers=forged)).json
    assert made["pairing"]["allowed_networks"] == ["127.0.0.1/32", "198.51.100.0/24"]
    await Device(owner).activate(made["pairing"]["token"])
