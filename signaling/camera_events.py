"""What the signaling socket learns about cameras, written down for their owners."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.alarms import MAX_REASON, NOT_TRUSTED, Alarms
from signaling.live.state import LiveEvent, LiveState
from signaling.rivals import Arrival, Known, contested, met, outlived
from signaling.store import audit
from signaling.store import cameras as rows
from signaling.store.database import Store
from signaling.store.rows import Camera
from signaling.trust_store import TrustStore

MAX_CAPABILITIES_BYTES = 4096
MAX_DETAIL = 300
NAME_LENGTH = 64
Learn = Callable[[Known, Arrival, float], Known]

log = structlog.get_logger(__name__)


class CameraEvents:
    """`clock`: seconds since the epoch. Unknown cameras are ignored: they may have been removed a moment ago."""

    def __init__(self, store: Store, live: LiveState, *, clock: Callable[[], float]) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._alarms = Alarms(store, live)
        self._trust = TrustStore(store, live)

    async def online(
        self, camera_id: str, capabilities: dict[str, Any] | None = None, arrivals: Sequence[Arrival] = ()
    ) -> None:
        """It registered, by the last of `arrivals`. Where two devices take turns with its key, its owner is warned
        (`signaling.rivals`)."""
        kept = capabilities or {}
        if len(json.dumps(kept)) > MAX_CAPABILITIES_BYTES or "\\u0000" in json.dumps(kept):
            kept = {}
        await self._note(camera_id, "online", ("activated",), arrivals, last_seen_at=self._clock(), capabilities=kept)

    async def arrived(self, camera_id: str, arrivals: Sequence[Arrival]) -> None:
        """It registered that often, and is gone."""
        await self._compare(camera_id, arrivals, met)

    async def outlived(self, camera_id: str, arrivals: Sequence[Arrival]) -> None:
        """What came as each of `arrivals` still answered when a newer connection had taken its place."""
        await self._compare(camera_id, arrivals, outlived)

    async def _compare(self, camera_id: str, arrivals: Sequence[Arrival], learn: Learn) -> None:
        async with self._store.write() as connection:
            camera = await rows.camera_to_change(connection, camera_id)
            if camera is None:
                return
            known = _known_after(camera, arrivals, learn, self._clock())
            warned = await self._judge(connection, camera, known)
        if warned:
            await self._live.publish(LiveEvent("camera", camera_id, camera.account_id))

    async def offline(self, camera_id: str) -> None:
        await self._note(camera_id, None, (), last_seen_at=self._clock())

    async def first_frame(self, camera_id: str) -> None:
        await self._note(camera_id, "first_frame", rows.PROVEN_STEPS, first_frame=True)

    async def reported(self, camera_id: str, name: str, detail: str) -> None:
        """A problem the camera had or has; `name` is its code, empty or `ok` when it is over."""
        code = _printable(name, NAME_LENGTH)
        if code == NOT_TRUSTED:
            await self._alarm(camera_id, detail)
            return
        over = code in {"", "ok"}
        problem = (None, None) if over else (code, _printable(detail, MAX_DETAIL))
        await self._note(camera_id, None, (), problem_code=problem[0], problem_detail=problem[1])

    async def receipted(self, camera_id: str, receipt: str) -> None:
        """It confirms what it knows of its owner's orders."""
        if not await self._trust.keep_receipt(camera_id, receipt):
            log.warning("receipt_untrue", camera=camera_id)

    async def _alarm(self, camera_id: str, detail: str) -> None:
        """It saw what cannot be. That it sees it again and again is told now and then."""
        if not await self._live.hit("alarm", f"camera/{camera_id}"):
            await self._alarms.by_camera(camera_id, _printable(detail, MAX_REASON), now=self._clock())

    async def _note(
        self,
        camera_id: str,
        step: str | None,
        earlier: tuple[str, ...],
        arrivals: Sequence[Arrival] = (),
        **values: Any,
    ) -> None:
        async with self._store.write() as connection:
            camera = await rows.camera_to_change(connection, camera_id)
            if camera is None:
                return
            await rows.update_camera(connection, camera_id, **values)
            await self._advance(connection, camera.pairing_id, step, earlier)
            if arrivals:
                await self._judge(connection, camera, _known_after(camera, arrivals, met, self._clock()))
        await self._live.publish(LiveEvent("camera", camera_id, camera.account_id))

    async def _judge(self, connection: AsyncConnection, camera: Camera, known: Known) -> bool:
        """Keep what is known. Whether its owner is warned by this."""
        await rows.update_camera(connection, camera.id, rivals=msgspec.to_builtins(known))
        if camera.contested_at is not None or not contested(known):
            return False
        now = self._clock()
        await rows.update_camera(connection, camera.id, contested_at=now)
        first, second = known.addresses
        await audit.record(
            connection, camera.account_id, "identity_contested", now=now, subject=camera.id, one=first, two=second
        )
        return True

    async def _advance(
        self, connection: AsyncConnection, pairing_id: str | None, step: str | None, earlier: tuple[str, ...]
    ) -> None:
        if step is not None and pairing_id is not None:
            await rows.advance(connection, pairing_id, step, earlier)


def _known_after(camera: Camera, arrivals: Sequence[Arrival], learn: Learn, now: float) -> Known:
    known = msgspec.convert(camera.rivals, Known)
    for arrival in arrivals:
        known = learn(known, arrival, now)
    return known


def _printable(text: str, length: int) -> str:
    return "".join(character for character in text if character.isprintable())[:length].strip()
