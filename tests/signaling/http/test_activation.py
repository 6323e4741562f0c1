"""The camera's side: one winner whatever the race, the same key may repeat, a label authorises nothing."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.activation import Claim
from signaling.cameras import TOKEN_SECONDS, state_now, step_now
from signaling.protocol.identity import token_hash
from signaling.refusals import Refused
from signaling.server import Running, serving
from signaling.store import cameras as rows
from tests.signaling.api import Api
from tests.signaling.device import HARDWARE, Device
from tests.signaling.helpers import api_of, both_databases, quick_settings, secret_of

RACERS = 1000
CONNECTIONS = 200
"""At once; the rest queue in the client, which keeps this within the limit of open files."""


def claimed(body: dict[str, Any]) -> Claim:
    """The body of an activation, as the server's inside takes it."""
    return Claim(
        token=body["secret_token"],
        hardware_id=body["my_hardware_id"],
        local_ip=body["my_local_ip"],
        public_key=body["public_key"],
        proof=body["proof"],
        bearer="unused",
        address="127.0.0.1",
    )


async def test_the_steps_arrive_one_after_another(owner: Api, running: Running) -> None:
    camera, token = await owner.add_camera()
    device = Device(owner)
    assert (await device.seen(token)).status == 204
    assert (await owner.camera(camera))["pairing"]["step"] == "seen"
    answer = await device.activate(token)
    assert answer["camera_id"] == camera and answer["name"] == "Garden" and "bearer" not in answer
    assert answer["signaling_url"] == owner.origin.replace("http", "ws") + "/api/signaling"
    shown = await owner.camera(camera)
    assert (shown["state"], shown["pairing"]["step"], shown["hardware_id"]) == ("active", "activated", HARDWARE)
    events = running.services.events
    await events.first_frame("no such camera")
    await events.online(camera, {"codec": "h264"})
    assert (await owner.camera(camera))["pairing"]["step"] == "online"
    await events.first_frame(camera)
    await events.online(camera)
    shown = await owner.camera(camera)
    assert (shown["pairing"]["step"], shown["first_frame"]) == ("first_frame", True)


async def test_seen_repeats_and_never_goes_back(owner: Api) -> None:
    camera, token = await owner.add_camera()
    device = Device(owner)
    assert [(await device.seen(token)).status for _ in range(3)] == [204] * 3
    await device.activate(token)
    await device.seen(token)
    assert (await owner.camera(camera))["pairing"]["step"] == "activated"
    assert (await device.seen("unknown")).code == "token_unknown"


async def test_a_lost_reply_does_not_brick_the_camera(owner: Api) -> None:
    _, token = await owner.add_camera()
    device, thief = Device(owner), Device(owner)
    first = await device.activate(token)
    again = await device.activate(token)
    assert {**first, "server_time": ""} == {**again, "server_time": ""}
    stolen = await thief.try_activate(token)
    assert (stolen.status, stolen.code) == (410, "token_used")
    # The same public key without its private half is nobody.
    forged = await thief.try_activate(token, public_key=device.public_key)
    assert forged.code == "token_used"


async def test_plain_firmware_gets_a_bearer_once(owner: Api, running: Running) -> None:
    camera, token = await owner.add_camera()
    device = Device(owner)
    answer = await device.try_activate(token, public_key=None, proof=None)
    found = await running.services.gate.device_by_token(f"Bearer {answer.json['bearer']}")
    assert found is not None and found.camera_id == camera
    assert (await device.try_activate(token, public_key=None, proof=None)).code == "token_used"


@pytest.mark.parametrize(
    "changed",
    [
        {"proof": None},
        {"public_key": None},
        {"my_hardware_id": "another"},
        {"proof": "A" * 86},
        {"public_key": "AAAA"},
        {"public_key": "A" * 43},
    ],
    ids=["no proof", "no key", "other label", "wrong proof", "short key", "other key"],
)
async def test_a_wrong_proof_is_refused_and_costs_nothing(owner: Api, changed: dict[str, str | None]) -> None:
    _, token = await owner.add_camera()
    device = Device(owner)
    refused = await device.try_activate(token, **changed)
    assert (refused.status, refused.code) == (400, "proof_invalid")
    await device.activate(token)


async def test_a_label_never_authorises(owner: Api) -> None:
    """Two cameras with the same hardware id are two cameras."""
    cameras = [await owner.add_camera(), await owner.add_camera()]
    for camera, token in cameras:
        assert (await Device(owner).activate(token))["camera_id"] == camera


async def test_only_from_the_allowed_networks(owner: Api) -> None:
    camera, token = await owner.add_camera(allowed_networks=["192.0.2.0/24", "2001:db8::/56"])
    refused = await Device(owner).try_activate(token)
    assert (refused.status, refused.code) == (403, "network_not_allowed")
    shown = await owner.camera(camera)
    assert (shown["pairing"]["step"], shown["problem"]["code"]) == ("failed", "network_not_allowed")
    _, token = await owner.add_camera(allowed_networks=["127.0.0.0/8"])
    await Device(owner).activate(token)
    bad = await owner.call("POST", "/api/cameras", {"name": "A", "model": "B", "allowed_networks": ["home"]})
    assert bad.code == "network_invalid"


async def test_the_signed_address_is_this_server(tmp_path: Path, owner: Api, http: aiohttp.ClientSession) -> None:
    """A proof made for one server is worthless at another: a QR of another server cannot be replayed here."""
    async with serving(quick_settings(tmp_path / "other")) as other:
        foreign = Device(await api_of(other, http))
        _, token = await owner.add_camera()
        answer = await owner.another().call("POST", "/api/camera/activate", foreign.claim(token))
        assert answer.code == "proof_invalid"


async def test_a_code_lives_ten_minutes(owner: Api, running: Running) -> None:
    camera, token = await owner.add_camera()
    activation, account = running.services.activation, (await owner.good("GET", "/api/me"))["id"]
    late = time.time() + TOKEN_SECONDS + 1
    view = await running.services.cameras.show(account, camera, now=running.services.clock())
    assert (state_now(view, late), step_now(view, late)) == ("unpaired", "expired")
    with pytest.raises(Refused) as refusal:
        await activation.seen(token, now=late)
    assert refusal.value.code == "token_expired"
    claim = claimed(Device(owner).claim(token))
    with pytest.raises(Refused) as refusal:
        await activation.activate(claim, now=late)
    assert refusal.value.code == "token_expired"
    assert (await owner.camera(camera))["state"] == "pending"
    await activation.activate(claim, now=late - 2)
    assert (await owner.camera(camera))["state"] == "active"


@pytest.mark.parametrize("how", ["cancel", "replace"])
async def test_a_request_from_before_does_not_win_over_a_cancel(owner: Api, running: Running, how: str) -> None:
    camera, token = await owner.add_camera()
    arrived = time.time() - 5
    if how == "cancel":
        await owner.good("DELETE", f"/api/cameras/{camera}/pairing")
    else:
        await owner.good("POST", f"/api/cameras/{camera}/pairing", {})
    with pytest.raises(Refused) as refusal:
        await running.services.activation.activate(claimed(Device(owner).claim(token)), now=arrived)
    assert refusal.value.code == "token_expired"
    assert (await owner.camera(camera))["state"] != "active"


@both_databases
async def test_a_new_code_does_not_undo_an_activation(
    tmp_path: Path, database_url: str, http: aiohttp.ClientSession
) -> None:
    """The owner asks for another code at the moment at which the camera uses the first."""
    async with serving(quick_settings(tmp_path, database_url=database_url)) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        camera, token = await owner.add_camera()
        async with server.services.store.write() as connection:
            await rows.camera_to_change(connection, camera)
            assert await rows.win(connection, token_hash(token), "key", time.time())
            asked = asyncio.create_task(owner.good("POST", f"/api/cameras/{camera}/pairing", {}))
            await asyncio.sleep(0.3)  # until it waits in the database
            await rows.update_camera(connection, camera, state="active")
        await asked
        assert (await owner.camera(camera))["state"] == "active"


@both_databases
async def test_one_of_a_thousand_wins(tmp_path: Path, database_url: str) -> None:
    """The promise of the issue: 1,000 activations of one token at the same moment."""
    async with serving(quick_settings(tmp_path, database_url=database_url)) as server:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
            api = await api_of(server, http)
            await api.register(secret_of(server))
            camera, token = await api.add_camera()
            devices = [Device(api) for _ in range(RACERS)]
            answers = await asyncio.gather(*(device.try_activate(token) for device in devices))
            assert Counter(answer.code for answer in answers) == {None: 1, "token_used": RACERS - 1}
            winner = next(d for d, answer in zip(devices, answers, strict=True) if answer.status == 200)
            gate = server.services.gate
            assert await gate.device_by_token(winner.authorization(camera)) is not None
            loser = next(device for device in devices if device is not winner)
            assert await gate.device_by_token(loser.authorization(camera)) is None
            assert (await winner.activate(token))["camera_id"] == camera
