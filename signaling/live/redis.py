"""Live state shared by several processes through Redis.

Presence changes are Lua scripts, so that two sockets of one camera never interleave. Events go through a Stream: a
bare publish loses what nobody happens to hear (FACTS §6). Redis may die and come back empty at any moment:
presences are refreshed by their sockets, and listeners hear `lost` and look at everything anew.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import structlog
from limits.aio.storage import RedisStorage
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from signaling.live.fanout import LOST, Fanout
from signaling.live.state import PRESENCE_SECONDS, LiveEvent, LiveUnavailable, Presence, Subscription
from signaling.rates import Rates

log = structlog.get_logger(__name__)

PREFIX = "belvedere:"
EVENTS = PREFIX + "events"
MAX_EVENTS = 10_000
"""Kept in the Stream: minutes of a busy system. Whoever was away longer hears `lost` anyway."""
READ_BATCH = 200
BLOCK_MS = 5000
TIMEOUT_SECONDS = 2.0
RETRIES = 3
PUBLISH_SECONDS = 0.5
"""A revocation acts within a second (DESIGN §4): a Redis that hangs may use up half of it."""
MAX_UNSENT = 1000
"""Events kept while Redis is away."""
CANCEL_SECONDS = 0.1
RETRY_MIN_SECONDS, RETRY_MAX_SECONDS = 0.1, 1.0

CLAIM = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local epoch = math.max((tonumber(redis.call('GET', KEYS[2])) or 0) + 1, now)
local text = string.format('%.0f', epoch)
redis.call('SET', KEYS[2], text)
redis.call('HSET', KEYS[1], 'epoch', text, 'socket', ARGV[1], 'node', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return text
"""
REFRESH = """
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and epoch ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'socket', ARGV[2], 'node', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""
RELEASE = """
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
PRESENCE_MS = int(PRESENCE_SECONDS * 1000)


class RedisLiveState:
    """`LiveState` in Redis. `url`: redis://, rediss:// or unix://."""

    def __init__(self, url: str, *, limit_rates: bool = True) -> None:
        retry = Retry(ExponentialBackoff(cap=0.3, base=0.05), RETRIES)
        self._redis = _client(url, TIMEOUT_SECONDS, retry)
        self._listener = _client(url, BLOCK_MS / 1000 + TIMEOUT_SECONDS, Retry(ExponentialBackoff(), 0))
        prefix = PREFIX + "rate"
        storage = RedisStorage(
            rates_url(url),
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix=prefix,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
        )
        self._rates = Rates(storage, enabled=limit_rates)
        self._claim = self._redis.register_script(CLAIM)
        self._refresh = self._redis.register_script(REFRESH)
        self._release = self._redis.register_script(RELEASE)
        self._fanout = Fanout()
        self._unsent: deque[LiveEvent] = deque(maxlen=MAX_UNSENT)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises `LiveUnavailable` where Redis does not answer."""
        async with _translated():
            newest = await self._redis.xrevrange(EVENTS, count=1)
        self._task = asyncio.create_task(self._listen(newest[0][0] if newest else "0-0"))

    async def aclose(self) -> None:
        while self._task is not None and not self._task.done():
            self._task.cancel()  # more than once, because of what `_translated` says
            await asyncio.wait({self._task}, timeout=CANCEL_SECONDS)
        await self._redis.aclose()
        await self._listener.aclose()

    async def ping(self) -> None:
        async with _translated():
            await self._redis.ping()

    async def claim_presence(self, camera_id: str, socket_id: str, node_id: str) -> int:
        async with _translated():
            keys = [_presence_key(camera_id), PREFIX + "epoch"]
            return int(await self._claim(keys=keys, args=[socket_id, node_id, PRESENCE_MS]))

    async def refresh_presence(self, presence: Presence) -> bool:
        async with _translated():
            args = [presence.epoch, presence.socket_id, presence.node_id, PRESENCE_MS]
            return bool(await self._refresh(keys=[_presence_key(presence.camera_id)], args=args))

    async def release_presence(self, camera_id: str, epoch: int) -> bool:
        async with _translated():
            return bool(await self._release(keys=[_presence_key(camera_id)], args=[epoch]))

    async def presence(self, camera_id: str) -> Presence | None:
        async with _translated():
            values: dict[str, str] = await self._redis.hgetall(_presence_key(camera_id))
        return Presence(camera_id, int(values["epoch"]), values["socket"], values["node"]) if values else None

    async def online(self, camera_ids: list[str]) -> set[str]:
        async with _translated(), self._redis.pipeline(transaction=False) as pipeline:
            for camera_id in camera_ids:
                pipeline.exists(_presence_key(camera_id))
            present = await pipeline.execute()
        return {camera_id for camera_id, there in zip(camera_ids, present, strict=True) if there}

    async def use_once(self, key: str, seconds: float) -> bool:
        async with _translated():
            return bool(await self._redis.set(PREFIX + "once:" + key, "1", nx=True, px=_milliseconds(seconds)))

    async def put(self, key: str, value: str, seconds: float) -> None:
        async with _translated():
            await self._redis.set(PREFIX + "ticket:" + key, value, px=_milliseconds(seconds))

    async def take(self, key: str) -> str | None:
        async with _translated():
            value: str | None = await self._redis.getdel(PREFIX + "ticket:" + key)
        return value

    async def hit(self, rule: str, key: str) -> float:
        return await self._rates.hit(rule, key)

    async def forgive(self, rule: str, key: str) -> None:
        await self._rates.forgive(rule, key)

    async def publish(self, event: LiveEvent) -> None:
        """Never raises: while Redis is away this process hears it at once, the others when Redis is back."""
        try:
            async with _translated(), asyncio.timeout(PUBLISH_SECONDS):
                await self._append(event)
        except LiveUnavailable:
            self._unsent.append(event)
            self._fanout.send(event)

    def subscribe(self) -> Subscription:
        return self._fanout.subscribe()

    async def _append(self, event: LiveEvent) -> None:
        fields: dict[Any, Any] = {"kind": event.kind, "subject": event.subject, "account": event.account_id}
        await self._redis.xadd(EVENTS, fields, maxlen=MAX_EVENTS, approximate=True)

    async def _listen(self, last: str) -> None:
        """Read the Stream until cancelled; after every interruption subscribers hear `lost`."""
        pause, interrupted = RETRY_MIN_SECONDS, False
        while True:
            try:
                async with _translated():
                    if interrupted:
                        await self._come_back()
                        interrupted, pause = False, RETRY_MIN_SECONDS
                    await self._append_unsent()
                    last = await self._read(last)
            except LiveUnavailable as error:
                if not interrupted:
                    log.warning("redis_lost", problem=type(error.__cause__).__name__)
                interrupted = True
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_MAX_SECONDS)

    async def _come_back(self) -> None:
        await self._listener.ping()
        await self._append_unsent()
        self._fanout.send(LOST)
        log.info("redis_back")

    async def _append_unsent(self) -> None:
        while self._unsent:
            await self._append(self._unsent[0])
            self._unsent.popleft()

    async def _read(self, last: str) -> str:
        answer: Any = await self._listener.xread({EVENTS: last}, count=READ_BATCH, block=BLOCK_MS)
        entries = answer[0][1] if isinstance(answer, list) and answer else dict(answer or {}).get(EVENTS, [])
        for entry_id, fields in _flat(entries):
            last = entry_id
            event = LiveEvent(fields.get("kind", "lost"), fields.get("subject", ""), fields.get("account", ""))
            self._fanout.send(event)
        return last


def rates_url(url: str) -> str:
    """The same address as the library `limits` spells it."""
    return "async+redis+" + url if url.startswith("unix:") else "async+" + url


def _client(url: str, timeout: float, retry: Retry) -> Any:
    return Redis.from_url(
        url, decode_responses=True, retry=retry, socket_timeout=timeout, socket_connect_timeout=TIMEOUT_SECONDS
    )


def _flat(entries: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(entry[0], entry[1]) for entry in entries]


def _presence_key(camera_id: str) -> str:
    return PREFIX + "presence:" + camera_id


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))


@contextlib.asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Redis's errors as ours. redis-py swallows a cancellation that meets it while it connects: it is raised again."""
    task = asyncio.current_task()
    cancelled = task.cancelling() if task is not None else 0
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        if task is not None and task.cancelling() > cancelled:
            raise asyncio.CancelledError from error
        raise LiveUnavailable("Redis does not answer") from error
    if task is not None and task.cancelling() > cancelled:
        raise asyncio.CancelledError
