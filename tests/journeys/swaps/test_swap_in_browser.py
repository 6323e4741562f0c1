"""The same swaps before the web app's own core in Chromium: it says who is not believed, and shows nothing."""

import pytest
from playwright.async_api import Browser

from signaling.protocol.errors import Fault
from tests.journeys.swaps.answers import ANSWERS
from tests.journeys.swaps.broker import HONEST
from tests.journeys.swaps.hellos import HELLOS
from tests.journeys.swaps.offers import OFFERS
from tests.journeys.swaps.page import play, script, watching
from tests.journeys.swaps.stage import staged

pytestmark = pytest.mark.browser
ROUNDS = 5
DIRECT = [swap for swap in (*OFFERS, *ANSWERS, *HELLOS) if swap.via == "direct"]
PICTURE = 'new CustomEvent("picture"'
CHECK = 'throw new Untrue("this offer was made by another camera")'


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> str:
    return script(tmp_path_factory.mktemp("page"))


async def test_swap_of_anything_signed_shows_nothing_in_a_browser(browser: Browser, code: str) -> None:
    async with staged() as stage, watching(stage, browser, code) as (server, page):
        seen = [(swap, await play(server, page, swap)) for swap in DIRECT * ROUNDS]
        for swap, said in seen:
            expected = "untrusted" if swap.seen_by == "viewer" else "stranger"
            assert (said["cause"], said["frames"]) == (expected, 0), (swap.name, said)
            assert said["described"] == 0 or swap in ANSWERS, "before the browser hears of the offer"
        by_viewer = [swap for swap in DIRECT * ROUNDS if swap.seen_by == "viewer"]
        assert len(server.alarms) == len(by_viewer)
        by_camera = [session for session in server.sessions if session.swap.seen_by == "camera"]
        assert all(session.faults == [Fault.NOT_TRUSTED] for session in by_camera)
        assert not {session.name for session in server.sessions} & stage.garden.sessions.answered
        honest = await play(server, page, HONEST)
        assert (honest["privacy"], honest["cause"]) == ("signed", None) and honest["frames"] > 0


@pytest.mark.parametrize("called", ["picture", "nothing"])
async def test_swap_would_show_the_thiefs_camera_without_the_check(browser: Browser, code: str, called: str) -> None:
    """`called`: how the app's core calls the picture; frames count all the same."""
    assert CHECK in code and PICTURE in code
    (swap,) = [swap for swap in OFFERS if swap.name == "camera and description"]
    blind = code.replace(CHECK, "0").replace(PICTURE, PICTURE.replace("picture", called))
    async with staged() as stage, watching(stage, browser, blind) as (server, page):
        said = await play(server, page, swap)
        assert said["frames"] > 0 and server.alarms == []
