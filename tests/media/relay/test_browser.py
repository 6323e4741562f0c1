"""Chromium watches through the relay: over UDP, over TCP alone, joining late, and while the camera moves."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from tests.browser import CHROMIUM, FLAGS
from tests.media.page import Watch, serve

WATCH = Path(__file__).parents[2] / "camera_peer/sessions/watch.html"
LONG_GROUP = 270
"""Pictures of one group, nine seconds: what is shown before its end can only come from the cache."""

pytestmark = pytest.mark.browser
MakeScene = Callable[..., Awaitable[Any]]
Eventually = Callable[..., Awaitable[None]]
NewLink = Callable[..., Awaitable[Any]]


async def show(scene: Any, stack: AsyncExitStack, edit: Callable[[str], str] = str) -> str:
    """Serves the page; its URL. `edit` changes the offers."""

    async def offer(name: str) -> str:
        return edit(await scene.relay.viewer_offer("cam", name, "owner"))

    return await serve(stack, WATCH, Watch(offer, scene.relay.viewer_answer))


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--headless=new", *FLAGS], timeout=60_000
        )
        yield await (await browser.new_context()).new_page()
        await browser.close()


def source_of(clip: ModuleType) -> Any:
    """Passed through, key frames two seconds apart, deaf to requests."""
    return clip.ClipSource(clip.encode_clip(width=640, height=360))


async def test_a_late_joiner_sees_the_cached_group_at_once(
    make_scene: MakeScene, clip: ModuleType, page: Page, stack: AsyncExitStack
) -> None:
    source = clip.ClipSource(clip.encode_clip(width=640, height=360, frames=LONG_GROUP, group=LONG_GROUP))
    scene = await make_scene(source)
    url = await show(scene, stack)
    other = await page.context.new_page()
    await page.goto(url)
    await other.goto(url)
    await page.evaluate("join(20)")
    await asyncio.sleep(0.8)
    began = await source.early_in_the_clip()
    await other.evaluate("join(40)")
    assert source.shown_at[0] == began, "no second key frame was sent"
    stats = await other.evaluate("stats()")
    assert stats["framesDecoded"] >= 40
    assert len(scene.uploads) == 1 and scene.ended == {}
    legs = [leg for _, leg in scene.relay._viewers.values()]
    assert [leg.path.reliable for leg in legs] == [False, False], "UDP is preferred where it works"
    assert [leg.srtp.tag for leg in legs] == [16, 16], "AES-GCM, because the relay is the DTLS server"


async def test_a_browser_without_udp_watches_over_tcp(
    make_scene: MakeScene, clip: ModuleType, page: Page, stack: AsyncExitStack
) -> None:
    def without_udp(sdp: str) -> str:
        return "\r\n".join(line for line in sdp.split("\r\n") if " udp " not in line)

    scene = await make_scene(source_of(clip))
    await page.goto(await show(scene, stack, without_udp))
    await page.evaluate("join(40)")
    assert (await page.evaluate("stats()"))["framesDecoded"] >= 40


async def test_a_camera_that_moves_is_not_noticed(
    make_scene: MakeScene, clip: ModuleType, page: Page, stack: AsyncExitStack, eventually: Eventually
) -> None:
    scene = await make_scene(source_of(clip))
    await page.goto(await show(scene, stack))
    await page.evaluate("join(60)")
    before = await page.evaluate("stats()")
    scene._upload("cam")
    await eventually(lambda: scene.over == 1)
    await asyncio.sleep(1)
    after = await page.evaluate("stats()")
    taken = (after["timestamp"] - before["timestamp"]) / 1000 * 30
    decoded = after["framesDecoded"] - before["framesDecoded"]
    frozen = after["totalFreezesDuration"] - before["totalFreezesDuration"]
    print("pictures taken", taken, "decoded", decoded, "frozen", frozen)
    assert frozen < 0.5 and after["pliCount"] == before["pliCount"]
    assert taken - 15 < decoded < taken + 15, "pictures are missing, or shown again"
    assert len(scene.uploads) == 2 and scene.ended == {}


def some(share: float, *, to_the_relay: bool) -> Callable[[int, bool], bool]:
    """Loses this share of the media packets in one direction, always the same ones."""
    chance = random.Random(7)
    return lambda first, inward: first >= 128 and inward is to_the_relay and chance.random() < share


@pytest.mark.parametrize("leg", ["last leg", "upload"])
async def test_lost_packets_are_repaired(
    make_scene: MakeScene, new_link: NewLink, clip: ModuleType, page: Page, stack: AsyncExitStack, leg: str
) -> None:
    scene = await make_scene(source_of(clip))
    link = await new_link(scene.relay.port, some(0.05, to_the_relay=leg == "upload"))
    if leg == "upload":
        scene.edit_upload = link.edit
    await page.goto(await show(scene, stack, link.edit if leg == "last leg" else str))
    await page.evaluate("join(30)")
    before = await page.evaluate("stats()")
    await asyncio.sleep(6)
    after = await page.evaluate("stats()")
    decoded = after["framesDecoded"] - before["framesDecoded"]
    frozen = after["totalFreezesDuration"] - before["totalFreezesDuration"]
    print(leg, "lost", link.lost, "decoded", decoded, "frozen", frozen, "nack", after["nackCount"])
    assert link.lost > 20
    assert decoded > 160
    assert frozen < 0.5
