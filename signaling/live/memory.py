"""Live state of one process."""

from collections.abc import Callable

from signaling.live.expiring import Expiring, Full
from signaling.live.fanout import Fanout
from signaling.live.state import PRESENCE_SECONDS, LiveEvent, LiveUnavailable, Presence, Subscription
from signaling.rates import Rates

MAX_PRESENCES = 100_000
MAX_ONCE = 200_000
"""Token ids live for 90 s: this carries two thousand connects a second, more than one process can take."""
MAX_TICKETS = 50_000


class MemoryLiveState:
    """`LiveState` in dictionaries. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float], rates: Rates | None = None) -> None:
        self._clock = clock
        self._rates = rates or Rates()
        self._fanout = Fanout()
        self._presences: Expiring[Presence] = Expiring(MAX_PRESENCES)
        self._once: Expiring[bool] = Expiring(MAX_ONCE)
        self._tickets: Expiring[str] = Expiring(MAX_TICKETS)
        self._epoch = 0

    async def start(self) -> None:
        """Nothing to listen to."""

    async def aclose(self) -> None:
        """Nothing to let go of."""

    async def ping(self) -> None:
        """Always there."""

    async def claim_presence(self, camera_id: str, socket_id: str, node_id: str) -> int:
        self._epoch = max(self._epoch + 1, int(self._clock() * 1000))
        self._keep(Presence(camera_id, self._epoch, socket_id, node_id))
        return self._epoch

    async def refresh_presence(self, presence: Presence) -> bool:
        current = await self.presence(presence.camera_id)
        if current is not None and current.epoch != presence.epoch:
            return False
        self._keep(presence)
        return True

    async def release_presence(self, camera_id: str, epoch: int) -> bool:
        current = await self.presence(camera_id)
        if current is None or current.epoch != epoch:
            return False
        self._presences.pop(camera_id, self._clock())
        return True

    async def presence(self, camera_id: str) -> Presence | None:
        return self._presences.get(camera_id, self._clock())

    async def online(self, camera_ids: list[str]) -> set[str]:
        now = self._clock()
        return {camera_id for camera_id in camera_ids if self._presences.get(camera_id, now) is not None}

    async def use_once(self, key: str, seconds: float) -> bool:
        now = self._clock()
        if self._once.get(key, now) is not None:
            return False
        try:
            self._once.set(key, True, now=now, seconds=seconds)
        except Full:
            raise LiveUnavailable("too many tokens at once") from None
        return True

    async def put(self, key: str, value: str, seconds: float) -> None:
        try:
            self._tickets.set(key, value, now=self._clock(), seconds=seconds)
        except Full:
            raise LiveUnavailable("too many tickets at once") from None

    async def take(self, key: str) -> str | None:
        return self._tickets.pop(key, self._clock())

    async def hit(self, rule: str, key: str) -> float:
        return await self._rates.hit(rule, key)

    async def forgive(self, rule: str, key: str) -> None:
        await self._rates.forgive(rule, key)

    async def publish(self, event: LiveEvent) -> None:
        self._fanout.send(event)

    def subscribe(self) -> Subscription:
        return self._fanout.subscribe()

    def _keep(self, presence: Presence) -> None:
        try:
            self._presences.set(presence.camera_id, presence, now=self._clock(), seconds=PRESENCE_SECONDS)
        except Full:
            raise LiveUnavailable("too many cameras at once") from None
