"""The event stream: the whole list first, then changes, and the end of the login ends it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from signaling.http import events
from signaling.live.fanout import LOST
from signaling.server import Running
from signaling.store.cameras import delete_camera
from tests.signaling.api import Api
from tests.signaling.device import Device

PATIENCE = 5.0


class Reader:
    """Reads one stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._content = response.content

    async def raw(self) -> dict[str, str]:
        """The next block of lines; a comment stands under an empty name."""
        block: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            while line := (await self._content.readline()).decode().rstrip("\n"):
                name, _, value = line.partition(": ")
                block[name.rstrip(":")] = value
        return block

    async def next(self) -> tuple[str, Any]:
        block = await self.raw()
        return block["event"], json.loads(block["data"])

    async def at_end(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            return await self._content.read(1) == b""


@asynccontextmanager
async def stream(api: Api) -> AsyncIterator[Reader]:
    headers = {"Authorization": f"Bearer {api.token}"}
    async with api.http.get(api.origin + "/api/events", headers=headers) as response:
        assert response.status == 200 and response.content_type == "text/event-stream"
        yield Reader(response)


async def test_pairing_arrives_step_by_step(owner: Api, running: Running) -> None:
    first, _ = await owner.add_camera("First")
    async with stream(owner) as reader:
        assert (await reader.next())[1]["id"] == first
        camera, token = await owner.add_camera("Second")
        device = Device(owner)
        await device.seen(token)
        await device.activate(token)
        await running.services.events.online(camera, {})
        await running.services.events.first_frame(camera)
        seen = [(await reader.next())[1] for _ in range(5)]
        assert {shown["id"] for shown in seen} == {camera}
        assert [shown["pairing"]["step"] for shown in seen][-1] == "first_frame"
        await owner.good("PATCH", f"/api/cameras/{camera}", {"name": "Yard"})
        assert (await reader.next())[1]["name"] == "Yard"
        await owner.good("DELETE", f"/api/cameras/{camera}")
        assert await reader.next() == ("removed", {"id": camera})


async def test_events_of_others_stay_with_them(owner: Api) -> None:
    guest = owner.another()
    await guest.register(await owner.invite(), "guest@example.org")
    async with stream(guest) as reader:
        await owner.add_camera("Theirs")
        mine, _ = await guest.add_camera("Mine")
        assert (await reader.next())[1]["id"] == mine


@pytest.mark.parametrize("path", ["/api/sessions/current", "/api/sessions"])
async def test_logout_ends_the_stream(owner: Api, path: str) -> None:
    async with stream(owner) as reader:
        await owner.good("DELETE", path)
        assert (await reader.next())[0] == "session_ended"
        assert await reader.at_end()


async def test_the_logout_of_another_session_does_not(owner: Api) -> None:
    other = owner.another()
    await other.sign_in()
    async with stream(owner) as reader:
        await other.good("DELETE", "/api/sessions/current")
        camera, _ = await owner.add_camera()
        assert (await reader.next())[1]["id"] == camera


async def test_who_lost_events_gets_the_list_again(owner: Api, running: Running) -> None:
    kept, _ = await owner.add_camera("Kept")
    removed, _ = await owner.add_camera("Removed")
    async with stream(owner) as reader:
        assert {(await reader.next())[1]["id"] for _ in range(2)} == {kept, removed}
        account = (await owner.good("GET", "/api/me"))["id"]
        async with running.services.store.write() as connection:
            await delete_camera(connection, removed)
        await running.services.live.publish(LOST)
        assert await reader.next() == ("removed", {"id": removed})
        assert (await reader.next())[1]["id"] == kept
        await running.services.accounts.end_all_logins(account, now=running.services.clock())
        assert (await reader.next())[0] == "session_ended"


async def test_a_heartbeat_keeps_the_line_open(owner: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    async with stream(owner) as reader:
        assert await reader.raw() == {"": "still here"}


async def test_streams_are_bounded_and_given_back(owner: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_STREAMS_PER_ACCOUNT", 1)
    async with stream(owner):
        refused = await owner.call("GET", "/api/events")
        assert (refused.status, refused.code) == (429, "too_many_streams")
    async with asyncio.timeout(PATIENCE):
        while True:  # the server hears of the closed connection a moment later
            headers = {"Authorization": f"Bearer {owner.token}"}
            async with owner.http.get(owner.origin + "/api/events", headers=headers) as response:
                if response.status == 200:
                    break
