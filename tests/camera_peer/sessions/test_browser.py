"""Chromium watches a passed-through camera whose key frames are two seconds apart."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from media.frames import FrameSink
from tests.browser import CHROMIUM, FLAGS
from tests.media.page import Watch, serve

PAGE = Path(__file__).parent / "watch.html"
LONG_GROUP = 270
"""Pictures of one group, nine seconds: what is shown before its end can only come from the cache."""

pytestmark = pytest.mark.browser
RunCamera = Callable[[Any], Awaitable[Any]]
Eventually = Callable[..., Awaitable[None]]


async def show(camera: Any, stack: AsyncExitStack) -> str:
    """Serves the page; its URL."""
    sessions = camera.sessions
    return await serve(stack, PAGE, Watch(camera.open, sessions.answer, sessions.add_candidate))


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
    await page.goto(await show(camera, stack))
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
    await page.goto(await show(camera, stack))
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
    url = await show(camera, stack)
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
