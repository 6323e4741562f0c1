"""Firefox watches a proven camera by the web app's own pages: over the relay, sealed, as VP8."""

from pathlib import Path

from signaling.protocol.trust.recovery import Recovery, write_recovery
from tests.browser import COLLECT, READ_STAMPS, is_moving
from tests.home import SMALL_SOURCE, Household
from tests.journeys.firefox import FirefoxPage, firefox
from tests.journeys.watching import VIEWER, by_relay, introduce
from tests.protected_home import add_protected, own
from tests.servers import EMAIL, PASSWORD
from tests.trust_viewer import Installation


async def let_in(page: FirefoxPage, url: str, who: Installation) -> None:
    """As a person does: signs in, then uses a recovery code."""
    await page.open(url)
    await page.fill("email", EMAIL)
    await page.fill("password", PASSWORD)
    await page.click("Sign in")
    await page.says("Garden")
    paper = write_recovery(Recovery(who.ring_name, who.key.private_bytes_raw()))
    await page.ask("location.hash = '#/account/devices'")
    await page.says("I have a recovery code")
    await page.ask("document.querySelector('belvedere-join details').open = true")
    await page.fill("text", paper)
    await page.click("Let this browser in")
    await page.says("This browser may watch now")


async def test_sframe_pictures_come_to_the_web_app_in_firefox(home: Household, tmp_path: Path) -> None:
    phone = own(home)
    camera = add_protected(home, phone, "Garden", SMALL_SOURCE, "--codec", "vp8")
    introduce(home, phone, camera)
    by_relay(home)
    async with firefox(tmp_path) as page:
        await let_in(page, home.server.url, phone)
        await page.ask(f"location.hash = '#/camera/{camera.id}'")
        await page.until(f"({VIEWER})()?.phase === 'live'")
        assert await page.ask(f"({VIEWER})().privacy") == "sealed"
        await page.ask(READ_STAMPS.strip().rstrip(";"))
        seen = [tuple(stamp) for stamp in await page.ask(f"({COLLECT})(3)")]
        assert is_moving(seen), seen
