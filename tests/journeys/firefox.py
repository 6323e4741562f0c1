"""Debian's Firefox under WebDriver BiDi (W3C), which it speaks by itself: opens a page, asks it, clicks.

async with firefox(tmp_path) as page:
    await page.open(url)
    await page.click("Sign in")
    await page.until("document.title === 'Belvedere'")
"""

import asyncio
import itertools
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.media.relay.test_other_viewers import NO_CALLS

WAIT_SECONDS = 40.0
"""For whatever must come: this browser's start takes long on a busy machine."""
POLL_SECONDS = 0.2
LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


class FirefoxPage:
    """Its one tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._context = ""

    async def begin(self) -> None:
        await self._call("session.new", capabilities={})
        self._context = (await self._call("browsingContext.getTree"))["contexts"][0]["context"]

    async def open(self, url: str) -> None:
        await self._call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def ask(self, expression: str) -> Any:
        """What a promise of this expression answers, by way of JSON. Raises AssertionError where it throws."""
        wrapped = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        target = {"context": self._context}
        told = await self._call("script.evaluate", expression=wrapped, target=target, awaitPromise=True)
        assert told["type"] == "success", told
        return json.loads(told["result"]["value"])

    async def until(self, expression: str) -> None:
        """Asks until it is true."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not await self.ask(expression):
            assert time.monotonic() < deadline, (expression, await self.ask("document.body.innerText"))
            await asyncio.sleep(POLL_SECONDS)

    async def fill(self, kind: str, text: str) -> None:
        """The first input of this type."""
        field = f"document.querySelector('input[type={kind}]')"
        await self.until(f"!!{field}")
        await self.ask(f"{field}.value = {json.dumps(text)}")

    async def click(self, name: str) -> None:
        """The first button or link that is called so."""
        found = (
            f"[...document.querySelectorAll('button, a')].find((one) => one.innerText.trim() === {json.dumps(name)})"
        )
        await self.until(f"!!{found}")
        await self.ask(f"{found}.click()")

    async def says(self, text: str) -> None:
        await self.until(f"document.body.innerText.includes({json.dumps(text)})")

    async def _call(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(WAIT_SECONDS):
            while (told := await self._socket.receive_json()).get("id") != number:
                pass
        assert told["type"] == "success", told
        return told["result"]


@asynccontextmanager
async def firefox(folder: Path) -> AsyncIterator[FirefoxPage]:
    """Without a screen, on a profile of its own; ended with the block."""
    profile = folder / "profile"
    profile.mkdir()
    profile.joinpath("user.js").write_text(NO_CALLS)
    process = await asyncio.create_subprocess_exec(
        *("firefox-esr", "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"),
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_CRASHREPORTER_DISABLE": "1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        address = await _address(process)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{address}/session", max_msg_size=0) as socket,
        ):
            page = FirefoxPage(socket)
            await page.begin()
            yield page
    finally:
        process.terminate()
        # Its last words would fill the pipe.
        await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    """Where it listens, as it says."""
    assert process.stderr is not None
    async with asyncio.timeout(WAIT_SECONDS):
        async for line in process.stderr:
            if found := LISTENING.search(line):
                return found[1].decode()
    raise AssertionError("Firefox has ended")
