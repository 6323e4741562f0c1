"""A laptop is closed in the middle of a picture. Opened again, it shows the live one, without a reload or a click."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.async_api import Browser

from tests.browser import moving, open_watching
from tests.home import Household

ASLEEP_SECONDS = 12.0
"""Longer than camera (3 s) and server (10 s) wait for a sign of life: both have given the viewer up."""
BACK_SECONDS = 5.0


def descendants(pid: int) -> list[int]:
    """Processes that `pid` started, and theirs."""
    children = [int(child) for task in _tasks(pid) for child in (task / "children").read_text().split()]
    return children + [further for child in children for further in descendants(child)]


def _tasks(pid: int) -> list[Path]:
    with contextlib.suppress(FileNotFoundError):
        return list(Path(f"/proc/{pid}/task").iterdir())
    return []


def _is_chromium(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return "chrom" in Path(f"/proc/{pid}/comm").read_text()
    return False


@contextlib.contextmanager
def asleep() -> Iterator[None]:
    """The browser that this test has started stands still, all of it, as in a closed laptop."""
    browser = [pid for pid in descendants(os.getpid()) if _is_chromium(pid)]
    assert browser
    for pid in browser:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(browser):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def test_the_picture_is_back_after_sleep(home: Household, browser: Browser) -> None:
    camera = home.add_camera("Garden")
    page = await open_watching(browser, home.server.url)
    with asleep():
        await asyncio.sleep(ASLEEP_SECONDS)
    woken = time.monotonic()
    seen = await moving(page)
    assert min(age for _, age, _ in seen) < 2000, "the live picture, not what was left of the old one"
    assert time.monotonic() - woken < BACK_SECONDS
    assert page.url.endswith(f"#/camera/{camera.id}"), "nobody clicked anything"
