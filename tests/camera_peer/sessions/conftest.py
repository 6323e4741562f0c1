"""A camera with a source made of nothing, and viewers that do ICE and DTLS for real."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import uvloop

from camera_peer.broadcast import Broadcast
from camera_peer.viewer_session import Sessions
from tests.media.fixtures import TickSource, clip, eventually, new_viewer, stack

__all__ = ["clip", "eventually", "new_viewer", "stack"]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Hostile datagrams on both loops: the agent runs on uvloop, whose datagram transports are its own."""
    if "hostile" in item.nodeid:
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


class Camera:
    """The sessions of a running broadcast, and a log of how sessions ended."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.broadcast = Broadcast(source)
        self.sessions = Sessions(self.broadcast)
        self.ended: dict[str, str] = {}

    async def open(self, name: str, **how: Any) -> str:
        return await self.sessions.open(name, [], self.ended.__setitem__, **how)

    async def join(self, name: str, viewer: Any, **how: Any) -> None:
        """Offer, answer, and wait until the viewer is connected."""
        await self.sessions.answer(name, await viewer.answer(await self.open(name, **how)))
        async with asyncio.timeout(30):
            await viewer.connected.wait()


@pytest.fixture
async def run_camera(stack: AsyncExitStack) -> Callable[[Any], Awaitable[Camera]]:
    """Starts a camera on a source; everything of it is ended with the test."""

    async def run(source: Any) -> Camera:
        camera = Camera(source)
        tasks = [asyncio.create_task(camera.broadcast.run()), asyncio.create_task(camera.sessions.run())]

        async def end() -> None:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

        stack.push_async_callback(end)
        await asyncio.sleep(0.05)
        return camera

    return run


@pytest.fixture
async def camera(run_camera: Callable[[Any], Awaitable[Camera]]) -> Camera:
    return await run_camera(TickSource(obeys=False))
