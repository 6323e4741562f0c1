"""Writes down who watched, for the owners of the cameras."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from signaling.acting import Actor, acting
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import audit
from signaling.store.database import Store
from signaling.viewings import Viewing, Viewings

LOOK_SECONDS = 5.0
GONE = "an account that is gone"

log = structlog.get_logger(__name__)


class WatchLog:
    """`clock`: seconds since the epoch. The hub fills `viewings`."""

    def __init__(self, store: Store, *, clock: Callable[[], float]) -> None:
        self.viewings = Viewings()
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.shield(self.tell(self.viewings.over(self._clock())))  # see `Store.write`

    async def close(self) -> None:
        """Tell what has ended. What goes on is taken up by the next server, with its sessions."""
        await self.tell(self.viewings.stopped())

    async def running(self, camera_id: str) -> list[tuple[Viewing, str]]:
        """Who watches this camera now, with their e-mails."""
        async with self._store.read() as connection:
            found = [
                (one, await people.account_by_id(connection, one.user)) for one in self.viewings.running(camera_id)
            ]
        return [(viewing, account.email) for viewing, account in found if account is not None]

    async def tell(self, viewings: list[Viewing]) -> None:
        """One entry for each; what cannot be told now waits."""
        for number, viewing in enumerate(viewings):
            try:
                await self._tell(viewing)
            except Refused as refusal:
                log.warning("viewings_not_told", viewings=len(viewings) - number, problem=refusal.detail)
                self.viewings.give_back(viewings[number:])
                return

    async def _tell(self, viewing: Viewing) -> None:
        async with self._store.read() as connection:
            owner = await people.account_by_id(connection, viewing.owner)
            viewer = await people.account_by_id(connection, viewing.user)
        if owner is None:
            return
        email = viewer.email if viewer is not None else GONE
        token = acting.set(Actor(email))
        try:
            await self._record(viewing, email)
        finally:
            acting.reset(token)

    async def _record(self, viewing: Viewing, email: str) -> None:
        now = self._clock()
        said = {"viewer": email, "way": viewing.way, "from": _time(viewing.began), "to": _time(viewing.ended or now)}
        async with self._store.write() as connection:
            await audit.record(connection, viewing.owner, "watched", now=now, subject=viewing.camera, **said)


def _time(seconds: float) -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
