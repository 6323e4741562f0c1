"""Whoever closes an event stream has their place back at once: hasty reloading costs nobody the next stream."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from signaling.http import events
from signaling.server import serving
from tests.servers import free_port
from tests.signaling.helpers import api_of, quick_settings, secret_of

RELOADS = events.MAX_STREAMS_PER_ACCOUNT + 8
PATIENCE = 10.0
"""Less than a heartbeat, which cannot be what gives the places back."""


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_closed_stream_gives_its_place_back_before_the_heartbeat(tmp_path: Path, scheme: str) -> None:
    port = free_port()
    settings = quick_settings(tmp_path, port=port, public_url=f"{scheme}://127.0.0.1:{port}")
    connector = aiohttp.TCPConnector(ssl=False)  # the certificate is self-made; what it is worth is tested elsewhere
    async with serving(settings) as running, aiohttp.ClientSession(connector=connector) as http:
        owner = await api_of(running, http)
        await owner.register(secret_of(running))
        await owner.add_camera()
        headers = {"Authorization": f"Bearer {owner.token}"}
        async with asyncio.timeout(PATIENCE):
            for _ in range(RELOADS):
                response = await http.get(running.origin + "/api/events", headers=headers)
                assert response.status == 200
                await response.content.readline()
                response.close()
