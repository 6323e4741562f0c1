"""A code that works only from where its owner was when it was made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from signaling.server import serving
from tests.signaling.api import Answer, Api, Documented
from tests.signaling.device import Device
from tests.signaling.helpers import quick_settings, secret_of


class Elsewhere(Api):
    """An app or a camera at another address, as a proxy that we trust tells it; None: it says nothing."""

    address: str | None = ""

    async def call(self, method: str, path: str, body: object = None, **more: object) -> Answer:
        headers = {} if self.address is None else {"X-Forwarded-For": self.address}
        return await super().call(method, path, body, headers=headers, **more)  # type: ignore[arg-type]

    def elsewhere(self, address: str | None) -> "Elsewhere":
        other = Elsewhere(self.origin, self.http, self._documented)
        other.address = address
        return other


@asynccontextmanager
async def behind_proxy(tmp_path: Path, http: aiohttp.ClientSession) -> AsyncIterator[Elsewhere]:
    """The owner of a server that trusts a proxy on this machine."""
    settings = quick_settings(tmp_path, behind_proxy=True, public_url="https://cameras.example")
    async with serving(settings) as running:
        local = f"http://127.0.0.1:{settings.port}"
        async with http.get(local + "/api/openapi.json") as answer:
            documented = Documented(await answer.json())
        owner = Elsewhere(local, http, documented)
        owner.address = "203.0.113.7"
        await owner.register(secret_of(running))
        yield owner


@pytest.mark.parametrize(
    ("owner_at", "bound_to", "inside", "outside"),
    [
        ("203.0.113.7", "203.0.113.7/32", "203.0.113.7", "203.0.113.8"),
        ("203.0.113.7:51234", "203.0.113.7/32", "203.0.113.7:9", "203.0.113.8:51234"),
        ("[2001:db8:1:2::aaaa]:443", "2001:db8:1:2::/64", "[2001:db8:1:2::1]", "[2001:db8:1:3::1]:443"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.7", "2001:db8:1:2::1"),
        ("2001:db8:1:2::aaaa", "2001:db8:1:2::/64", "2001:db8:1:2:ffff::1", "2001:db8:1:3::1"),
        ("192.168.7.20", "192.168.7.0/24", "192.168.7.99", "192.168.8.20"),
    ],
)
async def test_behind_a_trusted_proxy(
    tmp_path: Path, http: aiohttp.ClientSession, owner_at: str, bound_to: str, inside: str, outside: str
) -> None:
    async with behind_proxy(tmp_path, http) as owner:
        owner.address = owner_at
        made = await owner.good("POST", "/api/cameras", {"name": "Yard", "model": "Test", "from_here": True})
        assert made["pairing"]["allowed_networks"] == [bound_to]
        camera = owner.elsewhere(outside)
        body = {"secret_token": made["pairing"]["token"], "my_hardware_id": "a", "my_local_ip": ""}
        assert (await camera.call("POST", "/api/camera/activate", body)).code == "network_not_allowed"
        again = await owner.good("POST", f"/api/cameras/{made['camera']['id']}/pairing", {"from_here": True})
        camera.address = inside
        body["secret_token"] = again["pairing"]["token"]
        assert (await camera.call("POST", "/api/camera/activate", body)).status == 200


@pytest.mark.parametrize(
    "said", [None, "unknown", "", "_hidden", "127.0.0.1", "[::1]:80", "::ffff:127.0.0.1", "1.2.3.4:x"]
)
async def test_where_the_proxy_does_not_say_who_calls_nothing_is_bound(
    tmp_path: Path, http: aiohttp.ClientSession, said: str | None
) -> None:
    async with behind_proxy(tmp_path, http) as owner:
        hidden = owner.elsewhere(said)
        hidden.token = owner.token
        body = {"name": "Yard", "model": "Test", "from_here": True}
        refused = await hidden.call("POST", "/api/cameras", body)
        assert refused.code == "network_invalid" and "proxy" in refused.json["detail"]
        bound = {"name": "Yard", "model": "Test", "allowed_networks": ["127.0.0.0/8", "0.0.0.0/0"]}
        made = await owner.good("POST", "/api/cameras", bound)
        claim = {"secret_token": made["pairing"]["token"], "my_hardware_id": "a", "my_local_ip": ""}
        assert (await hidden.call("POST", "/api/camera/activate", claim)).code == "network_not_allowed"
        assert (await hidden.good("GET", "/readyz"))["your_address"] == "unknown"
        assert (await owner.good("GET", "/readyz"))["your_address"] == "known"


async def test_the_log_says_once_that_all_visitors_look_alike(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    with capture_logs() as logged:
        async with behind_proxy(tmp_path, http) as owner:
            for address in ("203.0.113.9", None, "unknown"):
                await owner.elsewhere(address).call("GET", "/api/setup")
    assert [entry["proxy"] for entry in logged if entry["event"] == "visitors_look_alike"] == ["127.0.0.1"]


async def test_without_a_proxy_the_connection_itself_counts(owner: Api) -> None:
    """And what a stranger writes into the header does not."""
    forged = {"X-Forwarded-For": "203.0.113.7"}
    body = {"name": "Yard", "model": "Test", "from_here": True, "allowed_networks": ["198.51.100.0/24"]}
    made = (await owner.call("POST", "/api/cameras", body, headers=forged)).json
    assert made["pairing"]["allowed_networks"] == ["127.0.0.1/32", "198.51.100.0/24"]
    await Device(owner).activate(made["pairing"]["token"])
