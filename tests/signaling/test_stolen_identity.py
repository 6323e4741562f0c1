"""Two sockets take turns with one camera's key: the owner is warned, and what ends the warning."""

from typing import Any

import pytest

from signaling.rivals import RETURNS
from signaling.server import Running
from tests.signaling.api import Api
from tests.signaling.device import Device
from tests.signaling.sharing import confirmed_camera
from tests.signaling.viewer_client import Fault, connected


async def comes(owner: Api, camera: str, device: Device, word: str) -> None:
    """Registers, and the server has heard of it."""
    url = owner.origin + "/api/signaling"
    async with connected(url, device.authorization(camera)) as peer:
        await peer.register(belvedere={"instance": word})
        for _ in range(200):
            if (await owner.camera(camera))["online"]:
                return


async def take_turns(running: Running, owner: Api, camera: str, device: Device, *words: str) -> None:
    """The first lives on: it returns each time that the second took its place."""
    for word in words:
        await comes(owner, camera, device, word)
        await running.hub._news.flush()


async def code_of(owner: Api, camera: str) -> str | None:
    problem: dict[str, Any] | None = (await owner.camera(camera))["problem"]
    return problem["code"] if problem else None


async def test_the_owner_is_warned_and_the_camera_cannot_talk_it_away(running: Running, owner: Api) -> None:
    camera, device = await confirmed_camera(owner)
    await take_turns(running, owner, camera, device, *(["real", "copy"] * (RETURNS - 1)))
    assert await code_of(owner, camera) is None
    await take_turns(running, owner, camera, device, *(["real", "copy"] * 2))
    assert await code_of(owner, camera) == "identity_contested"
    await running.services.events.reported(camera, "ok", "")
    assert await code_of(owner, camera) == "identity_contested"
    newest = (await owner.good("GET", f"/api/audit?camera={camera}"))["entries"][0]
    assert (newest["deed"], newest["details"]) == ("identity_contested", {"one": "127.0.0.1", "two": "127.0.0.1"})


async def test_turns_that_nobody_could_be_told_of_at_the_time_are_told(running: Running, owner: Api) -> None:
    """Busy, or with its database away, the server hears of them together."""
    camera, device = await confirmed_camera(owner)
    async with running.hub._news._telling:
        for word in ["real", "copy"] * (RETURNS + 1):
            async with connected(owner.origin + "/api/signaling", device.authorization(camera)) as peer:
                await peer.register(belvedere={"instance": word})
    await running.hub._news.flush()
    assert await code_of(owner, camera) == "identity_contested"


async def test_one_that_reconnects_or_restarts_warns_nobody(running: Running, owner: Api) -> None:
    camera, device = await confirmed_camera(owner)
    await take_turns(running, owner, camera, device, "real", "real", "real", "real", "next", "next", "third")
    assert await code_of(owner, camera) is None


async def test_the_owner_may_take_the_warning_away(running: Running, owner: Api) -> None:
    camera, device = await confirmed_camera(owner)
    await take_turns(running, owner, camera, device, *(["real", "copy"] * (RETURNS + 1)))
    await owner.good("DELETE", f"/api/cameras/{camera}/alert")
    assert await code_of(owner, camera) is None
    await take_turns(running, owner, camera, device, *(["real", "copy"] * (RETURNS + 1)))
    assert await code_of(owner, camera) == "identity_contested", "it goes on, so it is told again"


async def test_pairing_with_a_new_key_ends_it_and_with_the_same_does_not(running: Running, owner: Api) -> None:
    camera, device = await confirmed_camera(owner)
    await take_turns(running, owner, camera, device, *(["real", "copy"] * (RETURNS + 1)))
    for again, expected in ((device, "identity_contested"), (Device(owner), None)):
        token = (await owner.good("POST", f"/api/cameras/{camera}/pairing", {}))["pairing"]["token"]
        await again.activate(token)
        assert await code_of(owner, camera) == expected


async def test_a_word_that_is_none_is_refused(owner: Api) -> None:
    camera, device = await confirmed_camera(owner)
    url = owner.origin + "/api/signaling"
    for word in ("a b", "x" * 65, "ü", "\x00"):
        async with connected(url, device.authorization(camera)) as peer:
            with pytest.raises(Fault, match="instance"):
                await peer.register(belvedere={"instance": word})
