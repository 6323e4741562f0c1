"""Whom a camera is there for: its owner, and guests while their grants count. To everybody else there is none."""

from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.access import Access, counts
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import cameras as rows
from signaling.store import grants
from signaling.store.rows import Camera


async def seen_by(connection: AsyncConnection, account_id: str, camera_id: str, now: float) -> tuple[Camera, Access]:
    """A camera of this account's, or one that is shared with it. Raises `Refused` (not_found)."""
    camera = await rows.camera_by_id(connection, camera_id)
    owner = await people.account_by_id(connection, camera.account_id) if camera is not None else None
    if camera is None or owner is None:
        raise _not_found()
    if camera.account_id == account_id:
        return camera, Access(owner.email)
    grant = await grants.grant_of(connection, camera_id, account_id)
    if grant is None or not counts(grant, camera, now):
        raise _not_found()
    return camera, Access(owner.email, grant)


def owned(camera: Camera | None, account_id: str) -> Camera:
    """The camera, if it is this account's own. Raises `Refused` (not_found)."""
    if camera is None or camera.account_id != account_id:
        raise _not_found()
    return camera


def _not_found() -> Refused:
    return Refused("not_found", "there is no such camera")
