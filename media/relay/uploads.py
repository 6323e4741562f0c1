"""Which sessions the relay has with cameras, and which of them are uploads. Plain bookkeeping.

A session is asked for, then its offer is taken, and from then on it is an upload; a session that is asked for may never
get that far. A camera has one upload, and two while it moves: the relay says when the one before is over.
"""

from media.leases import Leases

COMING_SECONDS = 15.0
"""Until a session's offer must have come: the server gives it up by then, and says so."""
EXTEND_AHEAD_SECONDS = 300.0
"""Before the lease's end: time for a server that is being restarted."""
EXTEND_AGAIN_SECONDS = 30.0
"""Between two tries to extend the same lease."""


class Uploads:
    """Times are seconds of one monotonic clock, handed in."""

    def __init__(self) -> None:
        self.leases = Leases()
        self._cameras: dict[str, str] = {}
        self._taken: set[str] = set()
        self._asking: set[str] = set()
        self._begun_at: dict[str, float] = {}
        """Of sessions whose offer has not come."""
        self._extended_at: dict[str, float] = {}

    def ask(self, camera: str, now: float) -> bool:
        """Whether to ask this camera now; False while it is being asked, or its offer is on its way."""
        coming = any(
            self._cameras[session] == camera and now - begun < COMING_SECONDS
            for session, begun in self._begun_at.items()
        )
        if coming or camera in self._asking:
            return False
        self._asking.add(camera)
        return True

    def answered(self, camera: str) -> None:
        """It is not being asked any more."""
        self._asking.discard(camera)

    def begin(self, session: str, camera: str, seconds: float | None, ticket: str | None, now: float) -> None:
        """The server has made a session; the camera's offer will follow."""
        self._cameras[session] = camera
        self._begun_at[session] = now
        self.leases.grant(session, seconds, ticket, now)

    def camera_of(self, session: str) -> str | None:
        return self._cameras.get(session)

    def has_upload(self, camera: str) -> bool:
        """Whether an offer of this camera was taken, and is not over."""
        return any(self._cameras.get(session) == camera for session in self._taken)

    def carries(self, session: str) -> bool:
        """Whether this session is an upload."""
        return session in self._taken

    def take(self, session: str) -> None:
        """Its offer was taken: it is an upload."""
        self._begun_at.pop(session, None)
        self._taken.add(session)

    def drop(self, session: str) -> bool:
        """The session is over; whether there was one."""
        known = self._cameras.pop(session, None) is not None
        self._taken.discard(session)
        self._extended_at.pop(session, None)
        self._begun_at.pop(session, None)
        self.leases.drop(session)
        return known

    def to_extend(self, now: float) -> list[str]:
        """Uploads whose lease should be extended now; each counts as tried."""
        due = [
            session
            for session in self.leases.expired(now + EXTEND_AHEAD_SECONDS)
            if self.carries(session) and now - self._extended_at.get(session, float("-inf")) >= EXTEND_AGAIN_SECONDS
        ]
        self._extended_at.update(dict.fromkeys(due, now))
        return due
