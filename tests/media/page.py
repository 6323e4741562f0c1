"""One page with a viewer in it and the socket it talks over, for tests without the signaling server."""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aiohttp import web

Said = dict[str, Any]


@dataclass(frozen=True)
class Watch:
    """What the page's orders do. `offer(name)` for `open`, viewers being named 1, 2, …; `answer(name, sdp)`;
    `candidate(name, text)`; `said(message)` takes all else."""

    offer: Callable[[str], Awaitable[str]]
    answer: Callable[[str, str], Awaitable[None] | None]
    candidate: Callable[[str, str], None] = lambda _name, _text: None
    said: Callable[[Said], None] = lambda _message: None


async def serve(
    stack: AsyncExitStack, page: Path, watch: Watch, scripts: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Serve until the stack is closed; the page's URL. `scripts`: what else there is, by file name."""
    names = iter(range(1, 1000))

    async def show(_: web.Request) -> web.FileResponse:
        return web.FileResponse(page)

    async def script(request: web.Request) -> web.Response:
        return web.Response(text=scripts[request.path[1:]], content_type="text/javascript")

    async def talk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        name = ""
        async for message in socket:
            order: Said = json.loads(message.data)
            if "open" in order:
                name = str(next(names))
                await socket.send_str(await watch.offer(name))
            elif "answer" in order:
                done = watch.answer(name, order["answer"])
                if inspect.isawaitable(done):
                    await done
            elif "candidate" in order:
                watch.candidate(name, order["candidate"])
            else:
                watch.said(order)
        return socket

    app = web.Application()
    app.router.add_get("/", show)
    app.router.add_get("/socket", talk)
    for name in scripts:
        app.router.add_get(f"/{name}", script)
    runner = web.AppRunner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}/"
