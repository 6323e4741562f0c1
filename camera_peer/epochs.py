"""Epochs: which key the camera's frames are sealed with now, and when the next one is due.

Each key is random and has a number by which frames name it. Numbers go up over restarts of the process as well: viewers
keep keys by number. Whoever has had a key could go on reading with it, in whatever session; so a new one is due as soon
as a single one of its holders may watch no more.
"""

from collections.abc import Callable

from signaling.protocol.trust.envelope import SENDER_KEY_BYTES, SenderKey

EPOCH_SECONDS = 23 * 3600.0
"""A new key each day (NIST SP 800-57 §5.3.5), and an hour for a camera that has no connection to hand it out by."""


class Epochs:
    """`last`: the number of the last key there ever was; -1 where there was none. Times: of one monotonic clock."""

    def __init__(self, last: int, random_bytes: Callable[[int], bytes], now: float) -> None:
        self._random_bytes = random_bytes
        self._last = last
        self.rotate(now)

    @property
    def key(self) -> SenderKey:
        """The present one."""
        return self._key

    @property
    def held(self) -> bool:
        """Whether anybody was given the present key."""
        return self._held

    def rotate(self, now: float) -> SenderKey:
        """The next key, from now on the present one. Nobody holds it yet."""
        self._last += 1
        self._key = SenderKey(self._last, self._random_bytes(SENDER_KEY_BYTES))
        self._began, self._held = now, False
        self._ends: int | None = None
        return self._key

    def given(self, until: int | None) -> None:
        """Somebody gets the present key who may watch until then (Unix seconds), or for as long as nothing changes."""
        self._held = True
        if until is not None:
            self._ends = until if self._ends is None else min(self._ends, until)

    def worn(self, now: float) -> bool:
        """Whether the present key has been in use for long enough."""
        return self._held and now - self._began >= EPOCH_SECONDS

    def outlived(self, wall: float) -> bool:
        """Whether one of its holders may watch no more. `wall`: Unix seconds."""
        return self._ends is not None and wall >= self._ends
