"""Which sessions the relay has with cameras, and which of them carries the upload. Plain bookkeeping.

A camera has at most one upload. A session is asked for, then its offer is taken, and from then on it is the upload, in
place of the one before; a session that is asked for may never get that far.
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
        self._current: dict[str, str] = {}
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

    def session_of(self, camera: str) -> str | None:
        """The session that carries this camera's upload."""
        return self._current.get(camera)

    def carries(self, session: str) -> bool:
        """Whether this session is its camera's upload."""
        return self._current.get(self._cameras.get(session, "")) == session

    def take(self, session: str) -> str | None:
        """Its offer was taken: it is the upload. Returns the session it replaces, which is forgotten."""
        camera = self._cameras[session]
        self._begun_at.pop(session, None)
        before = self._current.get(camera)
        self._current[camera] = session
        if before is None or before == session:
            return None
        self.drop(before)
        return before

    def drop(self, session: str) -> None:
        """The session is over; an unknown one is ignored."""
        camera = self._cameras.pop(session, None)
        if camera is not None and self._current.get(camera) == session:
            del self._current[camera]
        self._extended_at.pop(session, None)
        self._begun_at.pop(session, None)
        self.leases.drop(session)

    def to_extend(self, now: float) -> list[str]:
        """Uploads whose lease should be extended now; each counts as tried."""
        due = [
            session
            for session in self.leases.expired(now + EXTEND_AHEAD_SECONDS)
            if self.carries(session) and now - self._extended_at.get(session, float("-inf")) >= EXTEND_AGAIN_SECONDS
        ]
        self._extended_at.update(dict.fromkeys(due, now))
        return due
