"""The picture comes by the best way there is: straight, or through the relay, and it moves between them unseen."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from media.relay.program import own_addresses
from tests.browser import chromium, is_moving, moving, new_page, open_watching, sign_in, stamps, watch
from tests.home import Household, household, wait_until
from tests.servers import free_port

NO_UDP = "--webrtc-ip-handling-policy=disable_non_proxied_udp"
"""A browser that sends no UDP at all, as in a company's network: no camera can be reached directly."""
LONGEST_STAND_MS = 1500.0
"""Generous, for busy machines: a way that is left before the next one shows stands for a whole set-up, and blinks."""

PORT_USED = """async () => {
  // Where the picture's packets come from: the port of the pair that carries them.
  const report = await document.querySelector('belvedere-camera').viewer.connection.getStats();
  const all = [...report.values()];
  const transport = all.find((entry) => entry.type === 'transport');
  return report.get(report.get(transport.selectedCandidatePairId).remoteCandidateId).port;
}"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    """With numbers, and a relay on a known port that is the STUN server too (on loopback the server names none)."""
    port = str(free_port())
    stun = json.dumps([{"urls": [f"stun:{address}:{port}"]} for address in own_addresses() if ":" not in address])
    with household(tmp_path, metrics_port=str(free_port()), relay_port=port, ice_servers=stun) as made:
        yield made


def rule(home: Household, ways: str) -> None:
    """What the account allows from now on."""
    assert home.call("PATCH", "/api/me", {"ways": ways})["ways"] == ways


def carried(home: Household) -> tuple[float, float]:
    """What the relay says itself: viewers and uploads."""
    now = home.open_now()
    return now["relay_viewers"], now["relay_uploads"]


async def badge(page: Page, words: str) -> None:
    """Waits until the badge says so, of a camera that does not know its owner."""
    await page.mouse.move(200, 200)
    await page.mouse.move(220, 220)
    await page.get_by_role("button", name=f"{words} · trusts the server", exact=True).wait_for()


async def leaves_and_returns(page: Page) -> None:
    """The device loses its network for a moment, and its system says so."""
    await page.context.set_offline(True)
    await page.context.set_offline(False)


def longest_stand(seen: list[tuple[int, float, float]]) -> float:
    """Milliseconds between two pictures that follow each other."""
    return max(after[2] - before[2] for before, after in itertools.pairwise(seen))


async def test_an_account_that_always_wants_the_relay(home: Household, browser: Browser) -> None:
    home.add_camera("Garden")
    rule(home, "always_relay")
    page = await open_watching(browser, home.server.url)
    await badge(page, "Via relay")
    assert await page.evaluate(PORT_USED) == int(home.server.settings["relay_port"])
    assert carried(home) == (1, 1)
    await page.get_by_role("button", name="Via relay").click()
    await page.get_by_text("Your account says that it always does.", exact=False).wait_for()
    await page.get_by_role("link", name="All cameras").click()
    await asyncio.to_thread(wait_until, lambda: carried(home) == (0, 0), "relay left")


async def test_the_third_viewer_shares_an_upload(home: Household, browser: Browser) -> None:
    home.add_camera("Garden")
    pages = [await open_watching(browser, home.server.url) for _ in range(3)]
    for page, words in zip(pages, ("Direct", "Direct", "Via relay"), strict=True):
        await page.bring_to_front()
        await badge(page, words)
    assert carried(home) == (1, 1)
    fourth = await open_watching(browser, home.server.url)
    await badge(fourth, "Via relay")
    assert carried(home) == (2, 1), "one upload, however many watch"


async def test_a_network_that_blocks_udp(home: Household) -> None:
    home.add_camera("Garden")
    async with chromium(NO_UDP) as browser:
        page = await open_watching(browser, home.server.url)
        await badge(page, "Via relay")
        viewers, uploads = carried(home)
        assert (viewers, uploads) == (1, 1)
        assert home.open_now()["relay_tcp_connections"] >= 1
        # What won here is remembered; after signing out nothing is.
        await page.wait_for_function("() => (localStorage.getItem('belvedere.ways') ?? '').includes('relay')")
        await page.goto(f"{home.server.url}/#/account")
        await page.get_by_role("button", name="Sign out", exact=True).last.click()
        await page.get_by_role("heading", name="Sign in").wait_for()
        assert await page.evaluate("localStorage.getItem('belvedere.ways')") is None


async def test_no_way_at_all_says_why(home: Household) -> None:
    home.add_camera("Garden")
    rule(home, "never_relay")
    async with chromium(NO_UDP) as browser:
        page = await new_page(browser)
        await sign_in(page, home.server.url)
        await watch(page, "Garden")
        words = await _verdict(home, "relay_off")
        await page.get_by_text(words["sentence"]).wait_for()
        await page.get_by_text(words["advice"]).wait_for()
        # Allowed now, it comes by itself.
        rule(home, "auto")
        await moving(page, seconds=40)
        await badge(page, "Via relay")


async def test_the_way_changes_and_nobody_sees_it(home: Household, browser: Browser) -> None:
    home.add_camera("Garden")
    page = await open_watching(browser, home.server.url)
    await badge(page, "Direct")
    for ways, words in (("always_relay", "Via relay"), ("auto", "Direct")):
        rule(home, ways)
        seen, _ = await asyncio.gather(stamps(page, 6.0), leaves_and_returns(page))
        assert is_moving(seen), "no picture comes twice or goes back"
        assert longest_stand(seen) < LONGEST_STAND_MS
        await badge(page, words)


async def test_the_owner_decides_on_the_pages(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    page = await new_page(browser)
    await sign_in(page, home.server.url)
    await page.goto(f"{home.server.url}/#/account")
    await page.get_by_role("radio", name="Never through the relay").check()
    await asyncio.to_thread(wait_until, lambda: home.call("GET", "/api/me")["ways"] == "never_relay", "rule kept")
    await page.reload()
    assert await page.get_by_role("radio", name="Never through the relay").is_checked()
    await page.get_by_role("radio", name="Direct, with the relay").check()
    await page.goto(f"{home.server.url}/#/camera/{camera.id}/settings")
    await page.get_by_label("Direct viewers").fill("0")
    await page.get_by_role("button", name="Save viewers").click()
    await page.get_by_text("Saved", exact=True).wait_for()
    await page.goto(f"{home.server.url}/#/")
    await watch(page, "Garden")
    await moving(page)
    await badge(page, "Via relay")


async def _verdict(home: Household, code: str) -> dict[str, Any]:
    verdicts = home.call("GET", "/api/verdicts")["verdicts"]
    found = verdicts[code] if isinstance(verdicts, dict) else next(v for v in verdicts if v["code"] == code)
    return dict(found)
