"""Chromium watches a passed-through camera whose key frames are two seconds apart."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from media.frames import FrameSink
from tests.browser import CHROMIUM, FLAGS

LONG_GROUP = 270
"""Pictures of one group, nine seconds: what is shown before its end can only come from the cache."""

pytestmark = pytest.mark.browser
RunCamera = Callable[[Any], Awaitable[Any]]
Eventually = Callable[..., Awaitable[None]]


async def serve(camera: Any, stack: AsyncExitStack) -> str:
    """A page and its socket; returns the URL. Sessions are named 1, 2, …"""

    async def page(_: web.Request) -> web.FileResponse:
        return web.FileResponse(Path(__file__).parent / "watch.html")

    async def talk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        name = ""
        async for message in socket:
            order = json.loads(message.data)
            if "open" in order:
                name = str(len(camera.sessions) + 1)
                await socket.send_str(await camera.open(name))
            elif "answer" in order:
                await camera.sessions.answer(name, order["answer"])
            else:
                camera.sessions.add_candidate(name, order["candidate"])
        return socket

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/socket", talk)
    runner = web.AppRunner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}/"


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield await (await browser.new_context()).new_page()
        await browser.close()


@pytest.mark.parametrize("profile", ["baseline", "main"])
async def test_the_picture_comes_from_the_cache_and_moves_on_to_live(
    run_camera: RunCamera, clip: ModuleType, page: Page, stack: AsyncExitStack, profile: str
) -> None:
    pictures = clip.encode_clip(width=640, height=360, profile=profile, frames=LONG_GROUP, group=LONG_GROUP)
    source = clip.ClipSource(pictures)
    camera = await run_camera(source)
    await page.goto(await serve(camera, stack))
    await asyncio.sleep(0.7)
    began = await source.early_in_the_clip()
    await page.evaluate("join(40)")
    assert source.shown_at[0] == began, "no second key frame was sent"
    stats = await page.evaluate("stats()")
    assert stats["framesDecoded"] >= 40 and stats["pliCount"] == 0


async def test_a_source_that_pauses_does_not_cost_the_session(
    run_camera: RunCamera,
    clip: ModuleType,
    page: Page,
    stack: AsyncExitStack,
    eventually: Eventually,
) -> None:
    paused = asyncio.Event()
    paused.set()

    class Pausing(clip.ClipSource):
        async def run(self, sink: FrameSink) -> None:
            await super().run(lambda frame: sink(frame) if paused.is_set() else None)

    camera = await run_camera(Pausing(clip.encode_clip(width=640, height=360)))
    await page.goto(await serve(camera, stack))
    await page.evaluate("join(5)")
    paused.clear()
    await asyncio.sleep(6)
    assert camera.ended == {}
    await page.close()
    await eventually(lambda: bool(camera.ended), seconds=4)


async def test_two_viewers_watch_at_once_and_one_leaves(
    run_camera: RunCamera, clip: ModuleType, page: Page, stack: AsyncExitStack
) -> None:
    camera = await run_camera(clip.ClipSource(clip.encode_clip(width=640, height=360)))
    url = await serve(camera, stack)
    other = await page.context.new_page()
    await page.goto(url)
    await other.goto(url)
    await page.evaluate("join(5)")
    await other.evaluate("join(5)")
    assert camera.broadcast.viewers == 2
    await page.evaluate("peer.close()")
    await page.close()
    before = (await other.evaluate("stats()"))["framesDecoded"]
    await asyncio.sleep(1)
    assert (await other.evaluate("stats()"))["framesDecoded"] > before + 15
    assert camera.ended == {"1": "the viewer left"}
