"""The relay inside the server carries the picture: real server, real camera, viewers that ask for this way."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.home import CameraProcess, Household, household
from tests.journeys.relay_viewer import RelayViewer, signed_in

WAIT_SECONDS = 15.0
METRICS = {"metrics_port": "0"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Household, CameraProcess]]:
    with household(tmp_path_factory.mktemp("relay")) as home:
        yield home, home.add_camera("Garden")


async def until(holds: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> float:
    """Seconds it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"still not: {what}"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_packets_arrive_over_the_relay(home: tuple[Household, CameraProcess]) -> None:
    house, camera = home
    viewer = RelayViewer()
    async with signed_in(house.server.url, house.token) as peer:
        told = await viewer.watch(peer, camera.id)
        try:
            assert told["via"] == "relay"
            await until(lambda: viewer.packets > 50, "packets")
        finally:
            await viewer.close()
