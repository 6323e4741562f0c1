"""A camera goes to another owner: one link, one taker, and nothing of before goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.protocol.identity import token_hash
from signaling.server import Running, serving
from signaling.store.transfers import open_transfer
from signaling.transfers import TRANSFER_SECONDS
from tests.servers import RedisServer
from tests.signaling.api import EMAIL, Api
from tests.signaling.device import Device
from tests.signaling.helpers import api_of, quick_settings, secret_of
from tests.signaling.sharing import guest_of, link
from tests.signaling.viewer_client import Fault, WirePeer, connected

WITHIN_SECONDS = 1.0
TAKER = "taker@example.org"


@pytest.fixture(params=["memory", "redis"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    """The promise holds on both back ends of the live state."""
    redis: RedisServer | None = request.getfixturevalue("redis") if request.param == "redis" else None
    async with serving(quick_settings(tmp_path, redis_url=redis.url if redis else "")) as server:
        yield server


@pytest.fixture
async def owner(running: Running, http: aiohttp.ClientSession) -> Api:
    api = await api_of(running, http)
    await api.register(secret_of(running))
    return api


@pytest.fixture
async def taker(owner: Api) -> Api:
    api = owner.another()
    await api.register(await owner.invite(), TAKER)
    return api


async def confirmed(owner: Api) -> tuple[str, Device]:
    """A camera that is paired, and that its owner said is theirs."""
    camera, token = await owner.add_camera()
    device = Device(owner)
    await device.activate(token)
    await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    return camera, device


async def secret_for(owner: Api, camera: str) -> str:
    link = (await owner.good("POST", f"/api/cameras/{camera}/transfer"))["link"]
    address, _, secret = link.rpartition("/")
    assert address == f"{owner.origin}/#/transfer" and len(secret) == 22
    return str(secret)


async def accept(api: Api, secret: str) -> Any:
    return await api.call("POST", "/api/transfers/accept", {"transfer": secret})


async def code_of(api: Api, secret: str) -> str | None:
    return (await accept(api, secret)).code


@asynccontextmanager
async def watching(owner: Api, camera: str, device: Device) -> AsyncIterator[tuple[WirePeer, WirePeer, str, str]]:
    """Camera and viewer with media flowing: the two peers, the session, its ticket."""
    url = owner.origin + "/api/signaling"
    async with AsyncExitStack() as stack:
        peer = await stack.enter_async_context(connected(url, device.authorization(camera)))
        await peer.register()
        viewer = await stack.enter_async_context(connected(url, f"Bearer {owner.token}"))
        await viewer.register()
        result = await viewer.request("connect", peer=camera)
        offering = asyncio.create_task(peer.request("invite", session=result["session"], offer="v=0"))
        await viewer.reply(await viewer.expect("invite"), answer="v=0 a")
        await offering
        yield peer, viewer, result["session"], result["belvedere"]["ticket"]


async def test_the_camera_is_the_takers_and_unconfirmed_with_its_key(running: Running, owner: Api, taker: Api) -> None:
    camera, device = await confirmed(owner)
    secret = await secret_for(owner, camera)
    offer = await taker.good("POST", "/api/transfers/check", {"transfer": secret})
    assert (offer["name"], offer["giver"]) == ("Garden", EMAIL)
    taken = (await accept(taker, secret)).json
    assert (taken["id"], taken["state"], taken["confirmed"], taken["pairing"]) == (camera, "active", False, None)
    assert taken["local_ip"] is None and taken["first_frame"] is False
    assert (await owner.call("GET", f"/api/cameras/{camera}")).code == "not_found"
    assert (await owner.good("GET", "/api/cameras"))["cameras"] == []
    assert await running.services.gate.device_by_token(device.authorization(camera)) is not None
    yes = await taker.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    assert yes["confirmed"] is True


async def test_what_is_watched_ends_in_time_and_the_camera_stays_connected(owner: Api, taker: Api) -> None:
    camera, device = await confirmed(owner)
    secret = await secret_for(owner, camera)
    async with watching(owner, camera, device) as (peer, viewer, session, _):
        assert (await accept(taker, secret)).status == 200
        async with asyncio.timeout(WITHIN_SECONDS):
            assert (await viewer.expect("belvedere.close"))["params"]["session"] == session
            assert (await peer.expect("belvedere.close"))["params"]["session"] == session
        with pytest.raises(Fault):
            await viewer.request("connect", peer=camera)
        assert not peer.ws.closed and (await taker.camera(camera))["online"]


async def test_a_session_ticket_from_before_opens_nothing(owner: Api, taker: Api) -> None:
    """Media outlives sockets; the camera and the viewer were both away when the camera changed hands."""
    camera, device = await confirmed(owner)
    secret = await secret_for(owner, camera)
    async with watching(owner, camera, device) as (_, _, session, ticket):
        pass
    assert (await accept(taker, secret)).status == 200
    url = owner.origin + "/api/signaling"
    async with connected(url, device.authorization(camera)) as peer:
        registered = await peer.register(belvedere={"tickets": [ticket]})
        assert session not in registered["belvedere"].get("adopted", [])


async def test_tickets_and_codes_from_before_open_nothing(owner: Api, taker: Api) -> None:
    camera, device = await confirmed(owner)
    code = (await owner.good("POST", f"/api/cameras/{camera}/pairing", {"ssid": "Secret Wi-Fi"}))["pairing"]["token"]
    ticket = (await owner.good("POST", "/api/socket-tickets", {"camera": camera}))["ticket"]
    assert (await accept(taker, await secret_for(owner, camera))).status == 200
    assert (await Device(owner).try_activate(code)).code == "token_unknown"
    url = owner.origin + "/api/signaling"
    async with connected(url, device.authorization(camera)) as peer, connected(url, f"Ticket {ticket}") as viewer:
        await peer.register()
        await viewer.register()
        with pytest.raises(Fault):
            await viewer.request("connect", peer=camera)


async def test_what_was_shared_ends_with_its_links(owner: Api, taker: Api) -> None:
    camera, device = await confirmed(owner)
    guest = await guest_of(owner, camera, "live", "manage")
    unused = await link(owner, camera)
    secret = await secret_for(owner, camera)
    async with watching(guest, camera, device) as (_, viewer, session, _):
        assert (await accept(taker, secret)).status == 200
        async with asyncio.timeout(WITHIN_SECONDS):
            assert (await viewer.expect("belvedere.close"))["params"]["session"] == session
    assert (await guest.good("GET", "/api/cameras"))["cameras"] == []
    await taker.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    assert (await guest.call("GET", f"/api/cameras/{camera}")).code == "not_found"
    assert (await guest.call("POST", "/api/grants", {"invitation": unused})).code == "invitation_invalid"
    assert (await taker.good("GET", f"/api/cameras/{camera}/grants"))["grants"] == []


async def test_a_link_is_good_for_one_taker(owner: Api, taker: Api) -> None:
    camera, _ = await confirmed(owner)
    other = owner.another()
    await other.register(await owner.invite(), "other@example.org")
    secret = await secret_for(owner, camera)
    answers = await asyncio.gather(*(accept(api, secret) for api in (taker, other) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200] + [403] * 7
    assert {answer.code for answer in answers} == {None, "transfer_invalid"}


async def test_withdrawn_replaced_and_wrong_links_give_nothing(owner: Api, taker: Api) -> None:
    camera, _ = await confirmed(owner)
    path = f"/api/cameras/{camera}/transfer"
    first = await secret_for(owner, camera)
    second = await secret_for(owner, camera)
    assert (await owner.good("GET", path))["expires_at"] is not None
    assert await code_of(taker, first) == "transfer_invalid"
    await owner.good("DELETE", path)
    await owner.good("DELETE", path)
    assert (await owner.good("GET", path))["expires_at"] is None
    for secret in (second, "x" * 22):
        assert await code_of(taker, secret) == "transfer_invalid"
        looked = await taker.call("POST", "/api/transfers/check", {"transfer": secret})
        assert looked.code == "transfer_invalid"


async def test_a_link_ends_after_a_day(running: Running, owner: Api, taker: Api) -> None:
    camera, _ = await confirmed(owner)
    secret = await secret_for(owner, camera)
    transfers = running.services.transfers
    late = running.services.clock() + TRANSFER_SECONDS + 1
    async with running.services.store.read() as connection:
        assert await open_transfer(connection, token_hash(secret), late - 2) is not None
        assert await open_transfer(connection, token_hash(secret), late) is None
    await transfers.delete_ended(now=late)
    assert await code_of(taker, secret) == "transfer_invalid"


async def test_only_the_owner_gives_and_not_to_themself(owner: Api, taker: Api) -> None:
    camera, _ = await confirmed(owner)
    secret = await secret_for(owner, camera)
    for method in ("GET", "POST", "DELETE"):
        assert (await taker.call(method, f"/api/cameras/{camera}/transfer")).code == "not_found"
    assert await code_of(owner, secret) == "transfer_invalid"
    assert (await accept(taker, secret)).status == 200, "the owner's own try used the link up"


async def test_what_nobody_confirmed_cannot_be_given(owner: Api, taker: Api) -> None:
    camera, token = await owner.add_camera()
    assert (await owner.call("POST", f"/api/cameras/{camera}/transfer")).code == "not_active"
    await Device(owner).activate(token)
    assert (await owner.call("POST", f"/api/cameras/{camera}/transfer")).code == "not_active"
    confirmed_one, _ = await confirmed(owner)
    secret = await secret_for(owner, confirmed_one)
    await owner.good("POST", f"/api/cameras/{confirmed_one}/confirm", {"mine": False})
    assert await code_of(taker, secret) == "transfer_invalid"


async def test_each_reads_their_own_part_of_what_was_done(owner: Api, taker: Api) -> None:
    camera, _ = await confirmed(owner)
    secret = await secret_for(owner, camera)
    await accept(taker, secret)
    given = await owner.good("GET", f"/api/audit?camera={camera}")
    taken = await taker.good("GET", f"/api/audit?camera={camera}")
    assert [entry["deed"] for entry in given["entries"]][:2] == ["camera_given", "transfer_offered"]
    assert given["entries"][0]["address"] == "", "where the taker lives is no business of the giver"
    assert given["entries"][0]["details"] == {"name": "Garden", "to": TAKER}
    assert [(entry["deed"], entry["details"]) for entry in taken["entries"]] == [
        ("camera_taken", {"name": "Garden", "giver": EMAIL})
    ]
    assert secret not in str(given) + str(taken)


async def test_the_old_owners_app_hears_that_it_is_gone(owner: Api, taker: Api) -> None:
    camera, _ = await confirmed(owner)
    secret = await secret_for(owner, camera)
    headers = {"Authorization": f"Bearer {owner.token}"}
    async with owner.http.get(owner.origin + "/api/events", headers=headers) as stream:
        await stream.content.readuntil(b"\n\n")
        await accept(taker, secret)
        async with asyncio.timeout(WITHIN_SECONDS):
            heard = await stream.content.readuntil(b"\n\n")
    assert heard.startswith(b"event: removed") and camera.encode() in heard
