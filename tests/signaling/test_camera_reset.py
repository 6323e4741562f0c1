"""A factory reset: the server hears of it from the key itself, and nothing is left."""

import os
import time
from pathlib import Path

import pytest

from camera_peer import farewell, label
from camera_peer.identity import Identity
from camera_peer.memory import Memory
from camera_peer.state import Pairing
from signaling.server import Running
from tests.servers import free_port
from tests.signaling.api import Api
from tests.signaling.device import Device
from tests.signaling.sharing import confirmed_camera


def kept_in(directory: Path, camera: str, device: Device, origin: str) -> None:
    memory = Memory(directory, os.urandom)
    memory.identity = Identity(device.key)
    memory.win(Pairing(camera, origin, "ws://unused"), unless_changed=False)


async def test_the_server_knows_and_the_key_is_worth_nothing(running: Running, owner: Api, tmp_path: Path) -> None:
    camera, device = await confirmed_camera(owner)
    data = tmp_path / "camera"
    kept_in(data, camera, device, owner.origin)
    printed = Memory(data, os.urandom).label().text
    assert await farewell.leave(data) == ("told", True)
    shown = await owner.camera(camera)
    assert (shown["state"], shown["confirmed"], shown["problem"]["code"]) == ("unpaired", False, "factory_reset")
    assert await running.services.gate.device_by_token(device.authorization(camera)) is None
    newest = (await owner.good("GET", f"/api/audit?camera={camera}"))["entries"][0]
    assert (newest["deed"], newest["by"]) == ("camera_reset", "camera")
    left = {path.name for path in data.iterdir()} - {"memory.lock", "running.lock"}
    assert left == {label.LABEL_FILE} and Memory(data, os.urandom).label().text == printed
    assert await farewell.leave(tmp_path / "nowhere") == ("nobody", False)


async def test_a_wrong_clock_is_put_right_by_the_servers(owner: Api) -> None:
    camera, device = await confirmed_camera(owner)
    pairing = Pairing(camera, owner.origin, "ws://unused")
    assert await farewell.tell(pairing, Identity(device.key), clock=lambda: time.time() + 86400)


async def test_another_key_resets_nothing(owner: Api) -> None:
    camera, device = await confirmed_camera(owner)
    other, stranger = await confirmed_camera(owner)
    assert not await farewell.tell(Pairing(camera, owner.origin, ""), Identity(stranger.key))
    assert not await farewell.tell(Pairing(camera, owner.origin, ""), Identity(Device(owner).key))
    assert (await owner.camera(camera))["state"] == (await owner.camera(other))["state"] == "active"
    token = device.authorization(camera).removeprefix("Bearer ")
    used = [(await owner.call("POST", "/api/camera/reset", {"token": token})).status for _ in range(2)]
    assert used == [204, 400], "good once"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "nonsense"])
async def test_without_a_server_it_is_forgotten_all_the_same(tmp_path: Path, owner: Api, origin: str) -> None:
    data = tmp_path / "camera"
    kept_in(data, "c1", Device(owner), origin.format(port=free_port()))
    assert await farewell.leave(data) == ("untold", True)
    assert farewell.known(data) is None
