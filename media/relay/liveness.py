"""Whether a peer of the relay is still there: how and when it is asked is said in media/liveness.py.

An ICE-lite agent makes no checks to find a way (RFC 8445 §2.5). The questions here find nothing: they go the way that
the peer chose, and any agent answers them, because they are signed with its password.
"""

from media.liveness import ASK_SECONDS, Sign, look

MUTE_SECONDS = 10.0
"""For a peer that never answered a question and stays on its way: what it sends by itself must do, a check every 5 s at
the least (RFC 7675 §5.1)."""
INTRODUCTIONS = 20
"""Questions at the start, to learn whether it answers at all."""
MAX_OPEN = 64
"""Questions remembered: 6 s of them, longer than any round trip."""


class Liveness:
    """The questions to one peer. Times in seconds of one clock."""

    def __init__(self) -> None:
        self.answers = False
        self._asked_at = float("-inf")
        self._asked = 0
        self.is_in_doubt = False
        """Its way has changed, and nothing has shown yet that it is there."""
        self._doubted_at: float | None = None
        self._open: dict[bytes, None] = {}

    def wish(self, heard_at: float, now: float) -> Sign:
        """What to do about a peer last heard at `heard_at`."""
        due = now - self._asked_at >= ASK_SECONDS
        if self.is_in_doubt:
            self._doubted_at = now if self._doubted_at is None else self._doubted_at
            sign = look(self._doubted_at, self._asked_at, now).sign
            return Sign.ASK if due and sign is Sign.WAIT else sign
        sign = look(heard_at, self._asked_at, now).sign
        if self.answers:
            return sign
        if now - heard_at > MUTE_SECONDS:
            return Sign.GONE
        curious = self._asked < INTRODUCTIONS or sign is not Sign.WAIT
        return Sign.ASK if curious and due else Sign.WAIT

    def moved(self) -> None:
        """The way is another one, by a signed check, whose sender may have written any address on it. Only an answer
        that came that way shows that the peer is there and wants what is sent (RFC 7675 §5.1); any agent can give one.
        Whoever moves on without an answer gains no time by that."""
        self._open.clear()
        if not self.is_in_doubt:
            self.is_in_doubt, self._doubted_at = True, None

    def asked(self, transaction: bytes, now: float) -> None:
        """A question with this transaction id is sent."""
        self._asked_at = now
        self._asked += 1
        self._open[transaction] = None
        if len(self._open) > MAX_OPEN:
            del self._open[next(iter(self._open))]

    def answered(self, transaction: bytes) -> bool:
        """Whether this answers one of ours; each is answered once. The caller has checked the signature."""
        if transaction not in self._open:
            return False
        del self._open[transaction]
        self.answers = True
        self.is_in_doubt = False
        return True
