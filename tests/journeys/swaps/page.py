"""The web app's own core as the viewer: a page in Chromium whose server is the broker double."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from playwright.async_api import Browser, Page

from signaling.protocol.identity import encode_bytes
from signaling.protocol.messages import SOCKET_PATH, SUBPROTOCOL
from tests.browser import new_page
from tests.bundle import WEB, bundle
from tests.journeys.swaps.broker import HONEST, Session, Swap, Wire
from tests.journeys.swaps.stage import Stage

ENTRY = f"""
import {{ Connection }} from '{WEB}/core/connection';
import {{ decodeBytes }} from '{WEB}/core/trust/bytes';
import {{ pairOfSeed }} from '{WEB}/core/trust/seed';
globalThis.described = 0;
const describe = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (...how) {{
  globalThis.described += 1;
  return describe.apply(this, how);
}};
delete globalThis.RTCRtpScriptTransform;
globalThis.begin = async (seed, who) => {{
  const credentials = {{ ...who, pair: await pairOfSeed(decodeBytes(seed)) }};
  const connection = (globalThis.connection = new Connection());
  connection.credentialsOf = () => credentials;
  connection.start();
}};
globalThis.play = async () => {{
  globalThis.described = 0;
  const viewer = connection.watch('camera');
  let frames = 0;
  const count = (video) => video.requestVideoFrameCallback(() => {{ frames += 1; count(video); }});
  const placed = new Set();
  const place = (video) => {{
    if (placed.has(video)) return;
    placed.add(video);
    document.body.append(video);
    // Whatever an element of the app presents counts, also where the app does not call it the picture.
    count(video);
  }};
  viewer.addEventListener('video', ({{ detail }}) => place(detail));
  viewer.videos.forEach(place);
  await new Promise((resolve) => {{
    const look = () => viewer.phase === 'refused' && resolve();
    viewer.addEventListener('change', look);
    viewer.addEventListener('picture', () => setTimeout(resolve, 300));
    setTimeout(resolve, 8000);
    look();
  }});
  const said = {{ cause: viewer.cause, why: viewer.detail, privacy: viewer.privacy, frames, described }};
  connection.leave(viewer);
  return said;
}};
"""
Json = dict[str, Any]


class Server:
    """Speaks with one page; `swap`: what is done to its next session. `alarms`: what the page reported."""

    def __init__(self, stage: Stage, script: str) -> None:
        self.stage, self.swap, self.script = stage, HONEST, script
        self.alarms: list[str] = []
        self.sessions: list[Session] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_get(SOCKET_PATH, self._socket)
        app.router.add_post("/api/cameras/{camera}/alarms", self._alarm)
        return app

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=f"<!doctype html><body><script>{self.script}</script>", content_type="text/html")

    async def _alarm(self, request: web.Request) -> web.Response:
        self.alarms.append((await request.json())["reason"])
        return web.Response(status=204)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(protocols=(SUBPROTOCOL,))
        await ws.prepare(request)
        invited: dict[str, Wire] = {}
        async for message in ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._hear(ws, json.loads(message.data), invited)
        return ws

    async def _hear(self, ws: web.WebSocketResponse, heard: Json, invited: dict[str, Wire]) -> None:
        match heard:
            case {"method": "register", "id": name}:
                await _send(ws, id=name, result={"id": "viewer", "belvedere": {}})
            case {"method": "connect", "id": name, "params": {"belvedere": extra}}:
                wire = Wire(self.stage.broker, self.stage.garden, self.swap)
                result = await wire.request("connect", belvedere=extra)
                self.sessions.append(wire.session)
                invited[wire.session.told] = wire
                await _send(ws, id=name, result=result | {"belvedere": {"via": "direct", "ways": ["direct"]}})
                self._start(self._pass_on(ws, wire))
            case {"id": name, "result": {"answer": _}} if name in invited:
                await invited[name].reply({}, **heard["result"])
            case {"id": name, "error": _} if name in invited:
                invited[name].session.leave()
            case {"method": "trickle", "params": {"session": name, "candidate": candidate}} if name in invited:
                await self._trickle(invited[name].session, candidate)

    async def _trickle(self, session: Session, candidate: Json) -> None:
        with contextlib.suppress(KeyError):
            session.camera.sessions.add_candidate(session.name, candidate["candidate"])

    async def _pass_on(self, ws: web.WebSocketResponse, wire: Wire) -> None:
        while True:
            message = await wire.about("", "invite", "error", seconds=None)
            name = {"id": wire.session.told} if message["method"] == "invite" else {}
            await _send(ws, **name, **message)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()


async def _send(ws: web.WebSocketResponse, **message: Any) -> None:
    with contextlib.suppress(ConnectionError):
        await ws.send_str(json.dumps({"jsonrpc": "2.0", **message}))


def script(folder: Path) -> str:
    return bundle(folder, ENTRY)


@asynccontextmanager
async def watching(stage: Stage, browser: Browser, code: str) -> AsyncIterator[tuple[Server, Page]]:
    """A page that is the owner's phone."""
    server = Server(stage, code)
    runner = web.AppRunner(server.app(), shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    phone, camera = stage.people.phone, stage.garden.name
    try:
        page = await new_page(browser)
        await page.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        who = {"keyring": phone.ring, "ring": phone.ring_name, "chain": [], "camera": camera, "orders": -1}
        await page.evaluate("([seed, who]) => begin(seed, who)", [encode_bytes(phone.key.private_bytes_raw()), who])
        yield server, page
        await page.close()
    finally:
        await server.close()
        await runner.cleanup()


async def play(server: Server, page: Page, swap: Swap) -> Json:
    """One session; what the page has to say of it."""
    server.swap = swap
    said: Json = await page.evaluate("play()")
    session = server.sessions[-1]
    session.leave()
    await session.camera.agent.close(session.name, "the viewer has left")
    await server.stage.thief.rest(session.posing)
    return said
