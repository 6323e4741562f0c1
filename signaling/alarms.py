"""Somebody saw what cannot be: a signature that does not fit, an offer that was changed on its way.

Whoever stands between camera and viewer may be the server itself, so this is no proof of anything; but a server that
was not asked to hide it tells the owner, in the log and at the camera, until the owner takes the warning away.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.acting import unplaced
from signaling.audit import Deed
from signaling.live.state import LiveEvent, LiveState
from signaling.refusals import Refused
from signaling.sight import seen_by
from signaling.store import audit
from signaling.store import cameras as rows
from signaling.store.database import Store
from signaling.store.rows import Camera

ALARM: Deed = "session_mismatch"
"""The problem of a camera, and the deed in the log."""
NOT_TRUSTED = "not_trusted"
"""What a camera reports that saw such a thing itself (`belvedere.event`)."""
MAX_REASON = 200


class Alarms:
    def __init__(self, store: Store, live: LiveState) -> None:
        self._store = store
        self._live = live

    async def by_viewer(self, account_id: str, camera_id: str, reason: str, *, now: float) -> None:
        """An app of the owner or of a guest saw it. Raises `Refused`: not_found, forbidden."""
        async with self._store.write() as connection:
            await rows.camera_to_change(connection, camera_id)
            camera, access = await seen_by(connection, account_id, camera_id, now)
            if not access.may("live"):
                raise Refused("forbidden", "the owner of this camera does not let you watch it")
            with unplaced():
                await raise_alarm(connection, camera, reason, now)
        await self._live.publish(LiveEvent("camera", camera_id, camera.account_id))

    async def by_camera(self, camera_id: str, reason: str, *, now: float) -> None:
        """The camera saw it. How often is for the caller to bound; unknown cameras are ignored."""
        async with self._store.write() as connection:
            camera = await rows.camera_to_change(connection, camera_id)
            if camera is None:
                return
            await raise_alarm(connection, camera, reason, now)
        await self._live.publish(LiveEvent("camera", camera_id, camera.account_id))


async def raise_alarm(connection: AsyncConnection, camera: Camera, reason: str, now: float) -> None:
    """Whoever calls holds the camera."""
    await rows.update_camera(connection, camera.id, alarm=reason)
    details = {"name": camera.name, "reason": reason}
    await audit.record(connection, camera.account_id, ALARM, now=now, subject=camera.id, **details)
