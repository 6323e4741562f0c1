"""When a camera's next upload takes the place of the one that still flows, so that viewers see no break.

A camera begins each upload with the group of pictures it has cached, as it does for any newcomer: viewers have seen
that one already, and would see it twice. So the next upload takes over with a key frame that is new to them, or that
has just come by the other upload too. Where nothing flows any more there is nothing to keep, and it takes over with
whatever it brings.
"""

FLOWING_SECONDS = 0.2
"""An upload counts as flowing for so long after a packet: two pictures of a slow camera."""
FRESH_SECONDS = 0.3
"""A key frame that viewers were shown this lately may be shown again: the new way may be slower than the old one. Not
the first one, which is the cached group's."""
PATIENCE_SECONDS = 4.0
"""From its first packet on: most cameras' groups are shorter. Then a key frame seen before will do."""
LIMIT_SECONDS = 10.0
"""From its offer on: the longest that a camera uploads twice."""

Shown = tuple[bytes, float]
"""First payload of the key frame that viewers were shown last, and when it came."""


def flows(flowed_at: float | None, now: float) -> bool:
    """Whether an upload that brought something at `flowed_at` still does."""
    return flowed_at is not None and now - flowed_at <= FLOWING_SECONDS


class Handover:
    """Of one upload that waits. Times in seconds of one clock; `offered_at`: when it was agreed on."""

    def __init__(self, offered_at: float) -> None:
        self._offered_at = offered_at
        self._begun_at: float | None = None
        self._had_key = False

    @property
    def has_begun(self) -> bool:
        """It brought something."""
        return self._begun_at is not None

    def admits(self, key: bytes | None, shown: Shown | None, flowed_at: float | None, now: float) -> bool:
        """Whether it takes over with this packet. `key`: its payload, if a key frame begins in it. `flowed_at`: when
        the upload before last brought something; none if it has ended."""
        is_first = self._begun_at is None
        begun_at = self._begun_at = now if self._begun_at is None else self._begun_at
        if not flows(flowed_at, now):
            return is_first or key is not None
        if key is None:
            return False
        fresh = self._had_key and shown is not None and now - shown[1] <= FRESH_SECONDS
        self._had_key = True
        return fresh or shown is None or shown[0] != key or now - begun_at > PATIENCE_SECONDS

    def is_overdue(self, now: float) -> bool:
        """It must take over now, or be given up."""
        return now - self._offered_at > LIMIT_SECONDS
