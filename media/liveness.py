"""Is the peer still there? Decides, does no I/O.

Whatever is authenticated counts as a sign of life: RTCP, a check of the peer, an answer to ours. A browser that watches
says something each second or so. When it is quiet, we ask; when it does not answer, it is gone (consent, RFC 7675 §5.1,
with shorter times).
"""

from enum import Enum
from typing import NamedTuple

QUIET_SECONDS = 0.8
"""After which we ask: most viewers then never need to be asked."""
ASK_SECONDS = 0.1
"""Between two questions. At 600 ms of round trip and 10 % of loss each way a living peer leaves all of them
unanswered once in 10^9 times."""
DEAD_SECONDS = 2.8
"""Of quiet, then the peer is gone. What it said last was on the way for up to 0.2 s more, and 3 s are promised."""

STALL_SECONDS = 0.3
"""Later than agreed: it is we who were held up, and what the peer said meanwhile is still unread."""
MAX_EXCUSES = 4
"""In a row, with nothing heard in between: a busy camera is held up again and again, and its peer may be gone too."""


class Sign(Enum):
    """What to do."""

    WAIT = "wait"
    ASK = "ask"
    GONE = "gone"


class Look(NamedTuple):
    """`again`: when to look next."""

    sign: Sign
    again: float


def look(heard_at: float, asked_at: float, now: float) -> Look:
    """`heard_at`: last sign of life; `asked_at`: our last question. Seconds of one clock."""
    dead_at = heard_at + DEAD_SECONDS
    if now >= dead_at:
        return Look(Sign.GONE, now)
    ask_at = max(heard_at + QUIET_SECONDS, asked_at + ASK_SECONDS)
    if now >= ask_at:
        return Look(Sign.ASK, min(now + ASK_SECONDS, dead_at))
    return Look(Sign.WAIT, min(ask_at, dead_at))


class Liveness:
    """Of one peer, from its connection on. Look again when told so."""

    def __init__(self, now: float) -> None:
        self._asked_at = self._excused = now
        self._due = now
        self._heard_at = now
        self._excuses = 0

    def look(self, heard_at: float, now: float) -> Look:
        """`heard_at`: last sign of life."""
        if heard_at != self._heard_at:
            self._heard_at, self._excuses = heard_at, 0
        if now > self._due + STALL_SECONDS and self._excuses < MAX_EXCUSES:
            self._excuses += 1
            self._excused = now - QUIET_SECONDS
        found = look(max(heard_at, self._excused), self._asked_at, now)
        if found.sign is Sign.ASK:
            self._asked_at = now
        self._due = found.again
        return found
