"""The server is killed. A running picture never stops; camera and viewer come back to the new server by themselves."""

import asyncio
import itertools
from pathlib import Path

from playwright.async_api import Browser

from tests.browser import moving, new_page, open_watching, sign_in, stamps, watch
from tests.home import Household, household, wait_until
from tests.servers import free_port

LONGEST_GAP_MS = 1500
"""A picture that stands longer has stopped for a person. The camera sends 15 a second; the machine is noisy."""


async def test_a_running_picture_never_stops(tmp_path: Path, browser: Browser) -> None:
    with household(tmp_path, metrics_port=str(free_port())) as home:
        await keeps_running(home, browser)


async def keeps_running(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    page = await open_watching(browser, home.server.url)
    watching = asyncio.create_task(stamps(page, 12.0))
    await asyncio.sleep(1)
    await asyncio.to_thread(home.server.kill)
    await asyncio.sleep(3)
    await asyncio.to_thread(home.server.start)
    seen = await watching
    gaps = [after[2] - before[2] for before, after in itertools.pairwise(seen)]
    assert max(gaps) < LONGEST_GAP_MS
    await asyncio.to_thread(home.wait_online, camera)
    counts = [count for count, *_ in seen]
    assert counts == sorted(counts), "one stream, never begun anew"
    await asyncio.to_thread(wait_until, lambda: home.open_now()["sessions"] == 1, "the session is adopted")


async def test_both_sides_come_back_by_themselves(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    home.server.kill()
    home.server.start()
    home.wait_online(camera)
    await page.get_by_role("link", name="Watch Garden").wait_for()
    await watch(page, "Garden")
    await moving(page)
