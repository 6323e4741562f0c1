"""The event stream: every change of the cameras that the caller sees, as server-sent events (HTML §9.2).

First the whole list, then changes. Whoever falls behind gets the whole list again. The stream ends with its login.
"""

import asyncio

import msgspec
from aiohttp import web

from signaling.cameras import View
from signaling.http.call import Call
from signaling.http.cameras import camera_shape
from signaling.http.listener import Connection
from signaling.live.state import LiveEvent, Subscription
from signaling.refusals import Refused

HEARTBEAT_SECONDS = 15.0
WRITE_SECONDS = 30.0
"""A reader that takes nothing for so long is gone."""
MAX_STREAMS = 2000
MAX_STREAMS_PER_ACCOUNT = 32
"""A household's phones and tabs."""
HEARTBEAT = b": still here\n\n"
HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Streams:
    """The open streams of this process: the task that serves each, and whose it is."""

    def __init__(self) -> None:
        self._owners: dict[asyncio.Task[object], str] = {}

    def enter(self, task: "asyncio.Task[object]", account_id: str) -> None:
        """Raises `Refused` (too_many_streams)."""
        of_account = sum(owner == account_id for owner in self._owners.values())
        if len(self._owners) >= MAX_STREAMS or of_account >= MAX_STREAMS_PER_ACCOUNT:
            raise Refused("too_many_streams", "too many event streams are open; close one", retry_after=5)
        self._owners[task] = account_id

    def leave(self, task: "asyncio.Task[object]") -> None:
        self._owners.pop(task, None)

    def end(self) -> None:
        """At shutdown."""
        for task in tuple(self._owners):
            task.cancel()


STREAMS = web.AppKey("streams", Streams)


async def events(call: Call) -> web.StreamResponse:
    """Runs until the client goes, the login ends or the server stops."""
    streams, task = call.request.app[STREAMS], asyncio.current_task()
    if task is None:
        raise RuntimeError("a handler runs in a task")
    streams.enter(task, call.caller.account.id)
    call.services.metrics.streams.inc()
    subscription = call.services.live.subscribe()
    stream = Stream(call, web.StreamResponse(headers=HEADERS), subscription)
    connection = call.request.protocol
    try:
        if isinstance(connection, Connection):
            connection.at_the_end(stream.reader_gone)
        await stream.run()
    except (TimeoutError, ConnectionError):
        pass  # the reader is gone, or takes nothing: nobody is left to tell
    finally:
        if isinstance(connection, Connection):
            connection.at_the_end(None)
        subscription.close()
        call.services.metrics.streams.dec()
        streams.leave(task)
    return stream.response


class Stream:
    """One reader."""

    def __init__(self, call: Call, response: web.StreamResponse, subscription: Subscription) -> None:
        self.response = response
        self._call = call
        self._services = call.services
        self._account_id = call.caller.account.id
        self._login = call.caller.login
        self._subscription = subscription
        self._known: dict[str, float] = {}
        """The cameras that were told, and until when they may be seen."""
        self._granted: set[str] = set()
        """Cameras that others share with this account, those included that it may not see now."""
        self._waiting: asyncio.Timeout | None = None
        self._gone = False

    def reader_gone(self) -> None:
        """The connection is lost: `run` ends now, rather than with the next heartbeat."""
        self._gone = True
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> None:
        await self.response.prepare(self._call.request)
        await self._send_all()
        while await self._login_lives():
            event = await self._next()
            if event is None:
                await self._write(HEARTBEAT)  # where the reader is gone, this is what fails
                await self._send_ended()
                continue
            if event.kind == "login_ended" and event.subject == self._login.id:
                break
            await self._pass_on(event)
        await self._send("session_ended", b"{}")

    async def _next(self) -> LiveEvent | None:
        """None where none came in a heartbeat's time, or the reader is gone."""
        try:
            async with asyncio.timeout(0 if self._gone else HEARTBEAT_SECONDS) as self._waiting:
                return await self._subscription.next()
        except TimeoutError:
            return None
        finally:
            self._waiting = None

    async def _login_lives(self) -> bool:
        return self._services.clock() < self._login.expires_at

    async def _pass_on(self, event: LiveEvent) -> None:
        if event.kind == "lost":
            await self._send_all()
        elif event.kind == "grant":
            await self._grant_changed(event)
        elif event.account_id != self._account_id and event.subject not in self._granted:
            return
        elif event.kind == "camera":
            await self._send_one(event.subject)
        elif event.kind in {"camera_removed", "camera_given"}:
            await self._send_removed(event.subject)

    async def _grant_changed(self, event: LiveEvent) -> None:
        if event.account_id == self._account_id:
            self._granted = await self._services.grants.cameras_granted_to(self._account_id)
            await self._send_one(event.subject)

    async def _send_all(self) -> None:
        """The whole list; a login that ended while we were deaf ends the stream."""
        if await self._services.accounts.caller_by_login(self._login.id, now=self._services.clock()) is None:
            await self._send("session_ended", b"{}")
            raise ConnectionResetError("the login has ended")
        self._granted = await self._services.grants.cameras_granted_to(self._account_id)
        views = await self._services.cameras.list(self._account_id, now=self._services.clock())
        for gone in set(self._known) - {view.camera.id for view in views}:
            await self._send_removed(gone)
        for view in views:
            await self._send_camera(view)

    async def _send_one(self, camera_id: str) -> None:
        try:
            view = await self._services.cameras.show(self._account_id, camera_id, now=self._services.clock())
        except Refused:
            # No longer shared, or removed in the meantime.
            if camera_id in self._known:
                await self._send_removed(camera_id)
            return
        await self._send_camera(view)

    async def _send_ended(self) -> None:
        """Grants end without an event."""
        for camera_id, until in tuple(self._known.items()):
            if until <= self._services.clock():
                await self._send_removed(camera_id)

    async def _send_camera(self, view: View) -> None:
        self._known[view.camera.id] = view.access.until
        await self._send("camera", msgspec.json.encode(camera_shape(view, self._services, self._services.clock())))

    async def _send_removed(self, camera_id: str) -> None:
        self._known.pop(camera_id, None)
        await self._send("removed", msgspec.json.encode({"id": camera_id}))

    async def _send(self, name: str, data: bytes) -> None:
        await self._write(b"event: " + name.encode() + b"\ndata: " + data + b"\n\n")

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(WRITE_SECONDS):
            await self.response.write(data)
