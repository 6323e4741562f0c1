"""The real hub and door behind a real aiohttp server, with a gate that is a few dictionaries.

As a program it is a server for attacks: it prints its port, then for each line on its input one line of JSON about its
size, and ends with its input.

Tokens: `Bearer device-CAMERA`, `Bearer viewer-USER-LOGIN`, `Ticket viewer-USER-LOGIN`, `Relay NAME`. Users watch the
cameras that `owners` gives them.
"""

import asyncio
import gc
import json
import secrets
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psutil
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from signaling.door import Door
from signaling.gate import Device, Viewer
from signaling.http.problems import refused
from signaling.hub import Hub, open_hub
from signaling.limits import Limits
from signaling.live.memory import MemoryLiveState
from signaling.live.state import LiveEvent, LiveUnavailable
from signaling.protocol.messages import OrdersParams
from signaling.protocol.relay_token import RelayClaims, is_relay, key_of
from signaling.refusals import Refused
from signaling.rivals import Arrival
from signaling.ways import Policy, Terms

TICKET_KEY = b"a key that outlives the restart of a server"


class SmallGate:
    """Who is who."""

    def __init__(self) -> None:
        self.owners: dict[str, str] = {"c1": "u1", "c2": "u2"}
        self.relays = {"home", "away"}
        self.policy: Policy = "auto"
        self.direct_viewers = 64
        self.dead: set[str] = set()
        self.orders: dict[str, OrdersParams] = {}
        self.broken = False
        self.while_asking: Any = None
        self.while_granting: Any = None

    async def device_by_token(self, authorization: str) -> Device | None:
        self._check()
        camera = authorization.removeprefix("Bearer device-")
        return Device(camera) if camera in self.owners and camera not in self.dead else None

    async def viewer_by_token(self, authorization: str) -> Viewer | None:
        self._check()
        scheme, _, token = authorization.partition(" ")
        kind, *words = token.split("-")
        if scheme not in {"Bearer", "Ticket"} or kind != "viewer" or len(words) != 2 or words[1] in self.dead:
            return None
        if self.while_asking is not None:
            await self.while_asking(words[1])
        return Viewer(words[0], words[1], time.time() + 86_400)

    def relay_signed(self, authorization: str) -> RelayClaims | None:
        name = authorization.removeprefix("Relay ")
        return RelayClaims(name, "", 60.0) if name in self.relays and name != authorization else None

    async def relay_by_token(self, authorization: str) -> str | None:
        claims = self.relay_signed(authorization)
        return None if claims is None else key_of(claims.name)

    async def may_watch(self, viewer: Viewer, camera_id: str) -> Terms | None:
        self._check()
        owner = self.owners.get(camera_id)
        if owner is None or (viewer.user_id != owner and not is_relay(viewer.user_id)):
            return None
        terms = Terms(owner, self.policy, self.direct_viewers)
        if self.while_granting is not None:
            await self.while_granting()
        return terms

    async def policy_of(self, account_id: str) -> Policy | None:
        return self.policy if account_id in self.owners.values() else None

    async def session_alive(self, login_id: str) -> bool:
        return login_id not in self.dead

    async def orders_of(self, camera_id: str) -> OrdersParams | None:
        return self.orders.get(camera_id)

    async def camera_alive(self, camera_id: str) -> bool:
        return camera_id in self.owners and camera_id not in self.dead

    def _check(self) -> None:
        if self.broken:
            raise LiveUnavailable("no")


class Diary:
    """Remembers what it was told about cameras, and what was counted."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.counted: Counter[str] = Counter()
        self.capabilities: dict[str, Any] | None = None
        self.arrivals: list[Arrival] = []

    def count(self, name: str) -> None:
        self.counted[name] += 1

    async def online(
        self, camera_id: str, capabilities: dict[str, Any] | None = None, arrivals: Sequence[Arrival] = ()
    ) -> None:
        self.told.append(("online", camera_id))
        self.arrivals += arrivals
        self.capabilities = capabilities

    async def outlived(self, camera_id: str, arrivals: Sequence[Arrival]) -> None:
        self.told += [("outlived", camera_id, arrival.address) for arrival in arrivals]

    async def arrived(self, camera_id: str, arrivals: Sequence[Arrival]) -> None:
        self.told.append(("arrived", camera_id))
        self.arrivals += arrivals

    async def offline(self, camera_id: str) -> None:
        self.told.append(("offline", camera_id))

    async def first_frame(self, camera_id: str) -> None:
        self.told.append(("first_frame", camera_id))

    async def reported(self, camera_id: str, name: str, detail: str) -> None:
        self.told.append(("reported", camera_id, name, detail))

    async def receipted(self, camera_id: str, receipt: str) -> None:
        self.told.append(("receipted", camera_id, receipt))


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refusal:
        return refused(refusal)


class SmallServer:
    """`url` is where the socket is. `stop` and `start` restart it on the same port, with an empty table. `caller`: the
    address that everybody seems to come from."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.gate = SmallGate()
        self.diary = Diary()
        self.live = MemoryLiveState(time.time)
        self.port = 0
        self.caller = "127.0.0.1"
        self.hub: Hub
        self._runner: web.AppRunner

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/signaling"

    async def start(self) -> None:
        self.hub = open_hub(
            node="node",
            gate=self.gate,
            live=self.live,
            events=self.diary,
            ticket_key=TICKET_KEY,
            ice_servers=lambda _role, _whom, _session: [],
            meter=self.diary,
            fresh_id=lambda: secrets.token_urlsafe(12),
            limits=self.limits,
        )
        await self.hub.start()
        app = web.Application(middlewares=[_answer_refusals])
        app.router.add_get("/api/signaling", Door(self.hub, client_address=lambda _: self.caller).handle)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self.hub.close()
        await self._runner.cleanup()

    def cut(self, camera: str) -> None:
        """The camera's connection breaks."""
        self.hub._sockets[self.hub.table.devices[camera]].abort()

    async def revoke(self, kind: Any, subject: str) -> None:
        self.gate.dead.add(subject)
        await self.live.publish(LiveEvent(kind, subject))


@asynccontextmanager
async def small_server(limits: Limits | None = None) -> AsyncIterator[SmallServer]:
    """A server for the length of the block."""
    server = SmallServer(limits or Limits())
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


UNHURRIED = Limits(messages_per_second=1e9, messages_burst=10**9, candidates_per_side=10**9)
"""For attacks that are to be as quick as the server: rates are tested elsewhere."""


async def _be_attacked() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    async with small_server(UNHURRIED) as server:
        failed: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failed.append(repr(context)))
        print(server.port, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            gc.collect()
            size = server.hub.sizes() | {
                "tasks": len(asyncio.all_tasks()),
                "resident": psutil.Process().memory_info().rss,
                "alarms": len(server.hub.table.alarms),
                "failed": failed,
                "counted": server.diary.counted,
            }
            print(json.dumps(size), flush=True)


if __name__ == "__main__":
    asyncio.run(_be_attacked())
