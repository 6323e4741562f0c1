"""Writes down who watched, for the owners of the cameras.

What goes on while the server stops is written down up to then; the next server, which adopts the session, goes on from
there.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.acting import Actor, acting
from signaling.audit import Body, Entry
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import audit
from signaling.store.database import Store
from signaling.viewings import Viewing, Viewings

LOOK_SECONDS = 5.0
BATCH = 100
"""Viewings in one transaction: a server that stops tells thousands in time, and nobody waits long for the log."""
LOOK_BACK = 100
"""Entries among which the earlier part of a viewing is looked for; a camera has fewer viewers at a time by far."""
GONE = "an account that is gone"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Told:
    """An entry to be made. `began`: where nothing earlier of this viewing is told."""

    viewing: Viewing
    viewer: str
    began: float
    ended: float


class WatchLog:
    """`clock`: seconds since the epoch. The hub fills `viewings`."""

    def __init__(self, store: Store, *, clock: Callable[[], float]) -> None:
        self.viewings = Viewings()
        self._store = store
        self._clock = clock
        self._started = clock()
        self._telling = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.shield(self._tell_over())  # see `Store.write`

    async def close(self) -> None:
        """Tell all there is, up to now. What goes on is taken up by the next server, with its sessions."""
        async with self._telling:  # at the end of `run` its last telling may still go on
            await self._tell(self.viewings.stopped(self._clock()))

    async def running(self, camera_id: str) -> list[tuple[Viewing, str]]:
        """Who watches this camera now, with their e-mails."""
        async with self._store.read() as connection:
            found = [
                (one, await people.account_by_id(connection, one.user)) for one in self.viewings.running(camera_id)
            ]
        return [(viewing, account.email) for viewing, account in found if account is not None]

    async def _tell_over(self) -> None:
        async with self._telling:
            await self._tell(self.viewings.over(self._clock()))

    async def _tell(self, viewings: list[Viewing]) -> None:
        """One entry for each; what cannot be told now waits."""
        for first in range(0, len(viewings), BATCH):
            batch = viewings[first : first + BATCH]
            try:
                await self._record(batch)
            except Refused as refusal:
                log.warning("viewings_not_told", viewings=len(viewings) - first, problem=refusal.detail)
                return self._give_back(viewings[first:])
            except Exception:
                log.exception("viewings_failed", viewings=len(batch))
                self._give_back(batch)
        return None

    def _give_back(self, viewings: list[Viewing]) -> None:
        if lost := self.viewings.give_back(viewings):
            log.error("viewings_lost", viewings=lost)

    async def _record(self, batch: list[Viewing]) -> None:
        async with self._store.write() as connection:
            entries = [await self._entry(connection, viewing) for viewing in batch]
            for entry in entries:  # last: see `audit.record`
                if entry is not None:
                    await self._write(connection, entry)

    async def _entry(self, connection: AsyncConnection, viewing: Viewing) -> _Told | None:
        """None where there is nobody to tell, or nothing more to be told."""
        owner = await people.account_by_id(connection, viewing.owner)
        viewer = await people.account_by_id(connection, viewing.user)
        if owner is None:
            return None
        email = viewer.email if viewer is not None else GONE
        ended = viewing.ended if viewing.ended is not None else self._clock()
        until = await self._told_until(connection, viewing, email) if viewing.began < self._started else 0.0
        return _Told(viewing, email, max(viewing.began, until), ended) if until < ended else None

    async def _told_until(self, connection: AsyncConnection, viewing: Viewing, email: str) -> float:
        """Up to when the server before this one told it; 0.0 where it did not."""
        now = self._clock()
        earlier = await audit.entries_of(
            connection, viewing.owner, before=None, subject=viewing.camera, most=LOOK_BACK, now=now, deed="watched"
        )
        return max((_end_of(entry, email) for entry in earlier), default=0.0)

    async def _write(self, connection: AsyncConnection, told: _Told) -> None:
        viewing = told.viewing
        said = {"viewer": told.viewer, "way": viewing.way, "from": _time(told.began), "to": _time(told.ended)}
        token = acting.set(Actor(told.viewer))
        try:
            await audit.record(connection, viewing.owner, "watched", now=self._clock(), subject=viewing.camera, **said)
        finally:
            acting.reset(token)


def _end_of(entry: Entry, email: str) -> float:
    if entry.body is None:
        return 0.0
    said = msgspec.json.decode(entry.body, type=Body).details
    return datetime.fromisoformat(said["to"]).timestamp() if said["viewer"] == email else 0.0


def _time(seconds: float) -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
