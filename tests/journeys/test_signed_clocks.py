"""A clock is wrong by a day, the camera's or a browser's: the picture comes, or whoever is refused reads of the clock.

Nothing between an owner and a camera asks for the time; a grant has a beginning and perhaps an end.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from signaling.protocol.errors import Fault
from tests.browser import moving
from tests.home import household
from tests.journeys.test_signed_sessions import Place, viewer
from tests.journeys.watching import by_relay, guest, introduce, let_in, privacy
from tests.protected_home import add_protected, own
from tests.signaling.viewer_client import Fault as Refused

DAY, HOUR = 86_400, 3600
SHIFTED = """import time
_true = time.time
time.time = lambda: _true() + {seconds}
"""
"""Python runs a module of this name at its start."""
SHIFTED_PAGE = """(() => {{
  const Real = Date;
  const now = () => Real.now() + {seconds} * 1000;
  globalThis.Date = class extends Real {{
    constructor(...given) {{ given.length ? super(...given) : super(now()); }}
    static now() {{ return now(); }}
  }};
}})()"""
EITHER_SIDE = pytest.mark.parametrize("days", [1, -1], ids=["ahead", "behind"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with household(tmp_path_factory.mktemp("clocks")) as home:
        phone = own(home)
        made = Place(home, phone, add_protected(home, phone, "Garden"))
        introduce(home, phone, made.garden)
        yield made


def restart(place: Place, folder: Path, seconds: int) -> None:
    """The camera, with a clock that is wrong by so much."""
    folder.joinpath("sitecustomize.py").write_text(SHIFTED.format(seconds=seconds))
    camera = place.garden.process
    camera.kill()
    camera.environment = {"PYTHONPATH": f"{folder}:."}
    camera.start()
    place.home.wait_online(camera)


async def shows(page: Page, place: Place, ways: str, protection: str) -> None:
    """The garden, loaded anew, by this way."""
    by_relay(place.home, ways)
    await page.goto("about:blank")
    await page.goto(f"{place.home.server.url}/#/camera/{place.garden.id}")
    await moving(page)
    assert await privacy(page) == protection


@EITHER_SIDE
async def test_signed_and_sealed_pictures_come_from_a_camera_whose_clock_is_wrong(
    place: Place, browser: Browser, stack: AsyncExitStack, tmp_path: Path, days: int
) -> None:
    page = await let_in(browser, place.home.server.url, place.phone)
    await shows(page, place, "always_relay", "sealed")
    await asyncio.to_thread(restart, place, tmp_path, days * DAY)
    await moving(page, seconds=40)
    assert await privacy(page) == "sealed"
    await shows(page, place, "auto", "signed")
    now = int(time.time())
    friend = await viewer(place, stack, place.guest(nbf=now - 2 * HOUR))
    await friend.watch("relay")
    await friend.until_shown(5)
    passing = await viewer(place, stack, place.guest(nbf=now - 2 * HOUR, exp=now + HOUR))
    if days < 0:
        await passing.watch("direct")
        await passing.until_shown(5)
        return
    with pytest.raises(Refused, match="ended; by this camera's clock it is") as refused:
        await passing.watch("direct")
    assert refused.value.code == Fault.NOT_TRUSTED


async def test_signed_grant_that_a_wrong_clock_ends_is_refused_in_words(
    place: Place, browser: Browser, tmp_path: Path
) -> None:
    email, ends = "passing@example.org", int(time.time()) + HOUR
    friend = guest(place.home, place.phone, place.garden, email, 1_000, exp=ends)
    await asyncio.to_thread(restart, place, tmp_path, DAY)
    page = await let_in(browser, place.home.server.url, friend, email=email)
    await page.goto(f"{place.home.server.url}/#/camera/{place.garden.id}")
    await page.get_by_text("by this camera's clock it is").wait_for()
    await asyncio.to_thread(restart, place, tmp_path, 0)
    await page.reload()
    await moving(page)


@EITHER_SIDE
async def test_signed_and_sealed_pictures_come_to_a_browser_whose_clock_is_wrong(
    place: Place, browser: Browser, days: int
) -> None:
    async def shift(page: Page) -> None:
        await page.add_init_script(SHIFTED_PAGE.format(seconds=days * DAY))

    email = f"friend{days}@example.org"
    friend = guest(place.home, place.phone, place.garden, email, 2_000 + days)
    owner = await let_in(browser, place.home.server.url, place.phone, shift)
    assert abs(await owner.evaluate("Date.now() / 1000") - time.time() - days * DAY) < HOUR
    await shows(owner, place, "auto", "signed")
    for page in (owner, await let_in(browser, place.home.server.url, friend, shift, email=email)):
        await shows(page, place, "always_relay", "sealed")
