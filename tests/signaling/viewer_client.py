"""A small ONVIF WebRTC peer for tests and benchmarks: one WebSocket, nothing but JSON.

async with connected(url, "Bearer …") as viewer:
    await viewer.register()
    session = (await viewer.request("connect", peer=camera))["session"]
    offer = await viewer.expect("invite")
    await viewer.reply(offer, answer=sdp)
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from signaling.protocol.messages import SUBPROTOCOL

Json = dict[str, Any]
WAIT_SECONDS = 10.0
"""For whatever must come; a test that waits this long has failed."""


class Fault(Exception):
    """The server refused a request."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


class WirePeer:
    """Reads in the background; `expect` takes messages with a method in the order in which they came."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.inbox: list[Json] = []
        self.fresh: deque[Json] = deque()
        self._given: set[int] = set()
        self._answers: dict[str, asyncio.Future[Json]] = {}
        self._changed = asyncio.Condition()
        self._ids = 0
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.ws:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            heard = json.loads(message.data)
            if "method" not in heard and heard.get("id") in self._answers:
                self._answers[heard["id"]].set_result(heard)
                continue
            async with self._changed:
                self.inbox.append(heard)
                self.fresh.append(heard)
                self._changed.notify_all()
        for future in self._answers.values():
            if not future.done():
                future.set_exception(ConnectionError(f"closed with {self.ws.close_code}"))

    async def register(self, authorization: str | None = None, **extra: Any) -> Json:
        own = {"belvedere": {}} | extra
        return await self.request("register", **own, **({"authorization": authorization} if authorization else {}))

    async def request(self, method: str, **params: Any) -> Json:
        """Ask and wait for the result. Raises `Fault`, or ConnectionError if the socket closes instead."""
        self._ids += 1
        name = f"peer-{self._ids}"
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._answers[name] = future
        try:
            await self.send({"id": name, "method": method, "params": params})
            async with asyncio.timeout(WAIT_SECONDS):
                answer = await future
        finally:
            self._answers.pop(name, None)
            future.cancel()
        if "error" in answer:
            raise Fault(answer["error"]["code"], answer["error"]["message"])
        return dict(answer["result"])

    async def tell(self, method: str, **params: Any) -> None:
        await self.send({"method": method, "params": params})

    async def reply(self, request: Json, **result: Any) -> None:
        await self.send({"id": request["id"], "result": result})

    async def send(self, message: Json) -> None:
        await self.ws.send_str(json.dumps({"jsonrpc": "2.0", **message}))

    async def expect(self, method: str) -> Json:
        """The next message with this method; others in between are passed over."""
        async with asyncio.timeout(WAIT_SECONDS), self._changed:
            while True:
                while self.fresh:
                    message = self.fresh.popleft()
                    if message.get("method") == method:
                        return message
                await self._changed.wait()

    async def about(self, session: str, *methods: str, seconds: float | None = WAIT_SECONDS) -> Json:
        """The first message with such a method about this session that `about` has not returned, whenever it came."""
        async with asyncio.timeout(seconds), self._changed:
            while True:
                for place, message in enumerate(self.inbox):
                    named = message.get("method") in methods and message["params"].get("session") == session
                    if named and place not in self._given:
                        self._given.add(place)
                        return message
                await self._changed.wait()

    async def closed(self) -> int | None:
        """Wait for the end of the socket; the code it was closed with."""
        async with asyncio.timeout(WAIT_SECONDS):
            await asyncio.wait([self._reader])
        return self.ws.close_code

    async def stop(self) -> None:
        """Close properly."""
        await self.ws.close()
        await asyncio.wait([self._reader])


@asynccontextmanager
async def connected(url: str, authorization: str | None = None, **options: Any) -> AsyncIterator[WirePeer]:
    """An open socket, not registered. `url`: `http(s)://…/api/signaling`; `options` go to aiohttp's `ws_connect`."""
    headers = dict(options.pop("headers", {}))
    if authorization is not None:
        headers["Authorization"] = authorization
    async with aiohttp.ClientSession() as http:
        options = {"protocols": (SUBPROTOCOL,), "max_msg_size": 0} | options
        peer = WirePeer(await http.ws_connect(url, headers=headers, **options))
        try:
            yield peer
        finally:
            await peer.stop()
