"""Who watches and who watched, as the owner of a camera wants to read it.

A viewer who reconnects or changes the way makes new sessions; for a person that is one viewing, as long as no more than
`GAP_SECONDS` lie between two of them. So a viewer that flaps makes no more than one entry a minute, however fast it is.
Plain code: the broker's effects go in, finished viewings come out. What goes on is bounded by who may watch what.
"""

from dataclasses import dataclass, field

from signaling.effects import Watching
from signaling.protocol.messages import Way

GAP_SECONDS = 60.0
MAX_WAITING = 10_000
"""Viewings that cannot be told, some megabytes: a database that is away for long must not take the server along."""


@dataclass(slots=True)
class Viewing:
    """`user` watches a camera of `owner`. Times are Unix seconds. `way`: of the newest session that is left. `ended`:
    None while it goes on."""

    camera: str
    user: str
    owner: str
    way: Way
    began: float
    ended: float | None = None
    sessions: dict[str, Way] = field(default_factory=dict)


class Viewings:
    """Of this process."""

    def __init__(self) -> None:
        self._by_viewer: dict[tuple[str, str], Viewing] = {}
        self._by_session: dict[str, Viewing] = {}
        self._over: list[Viewing] = []

    def began(self, news: Watching) -> None:
        """A session flows."""
        key = (news.camera, news.user)
        viewing = self._by_viewer.get(key)
        if viewing is None or viewing.owner != news.owner or _is_over(viewing, news.since):
            self._finish(key)
            viewing = Viewing(news.camera, news.user, news.owner, news.way, news.since)
            self._by_viewer[key] = viewing
        viewing.way, viewing.ended = news.way, None
        viewing.sessions[news.session] = news.way
        self._by_session[news.session] = viewing

    def ended(self, session: str, now: float) -> None:
        """A session is over; one that never flowed is none of ours."""
        viewing = self._by_session.pop(session, None)
        if viewing is None:
            return
        del viewing.sessions[session]
        if viewing.sessions:
            viewing.way = list(viewing.sessions.values())[-1]
        else:
            viewing.ended = max(now, viewing.began)

    def running(self, camera: str) -> list[Viewing]:
        """Who watches this camera now, longest first."""
        found = [one for one in self._by_viewer.values() if one.camera == camera and one.ended is None]
        return sorted(found, key=lambda one: (one.began, one.user))

    def over(self, now: float) -> list[Viewing]:
        """Take out the viewings that nothing can be added to any more."""
        for key in [key for key, viewing in self._by_viewer.items() if _is_over(viewing, now)]:
            self._finish(key)
        taken, self._over = self._over, []
        return taken

    def stopped(self, now: float) -> list[Viewing]:
        """Take out all, also those that go on or might have gone on: the server stops."""
        for viewing in self._by_viewer.values():
            viewing.ended = max(now, viewing.began) if viewing.ended is None else viewing.ended
        self._by_session.clear()
        return self.over(float("inf"))

    def give_back(self, viewings: list[Viewing]) -> int:
        """They could not be told; `over` will name them again. How many of the oldest are forgotten instead."""
        waiting = viewings + self._over
        self._over = waiting[-MAX_WAITING:]
        return len(waiting) - len(self._over)

    def _finish(self, key: tuple[str, str]) -> None:
        if (viewing := self._by_viewer.pop(key, None)) is not None:
            self._over.append(viewing)


def _is_over(viewing: Viewing, now: float) -> bool:
    return viewing.ended is not None and now > viewing.ended + GAP_SECONDS
