"""A dictionary whose entries end by themselves and whose size has a limit."""

from typing import Generic, TypeVar

V = TypeVar("V")


class Full(Exception):
    """Every entry is still valid and there is no room for another."""


class Expiring(Generic[V]):
    """Entries with a deadline. Plain: no clock, no task; old entries go when room is needed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: dict[str, tuple[V, float]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, now: float) -> V | None:
        """The value, unless it has ended."""
        entry = self._entries.get(key)
        return entry[0] if entry is not None and entry[1] > now else None

    def set(self, key: str, value: V, *, now: float, seconds: float) -> None:
        """Keep a value. Raises `Full` rather than forgetting one that is still valid."""
        if key not in self._entries and len(self._entries) >= self._limit:
            self._drop_ended(now)
        self._entries.pop(key, None)
        self._entries[key] = (value, now + seconds)

    def pop(self, key: str, now: float) -> V | None:
        """Take the value out, unless it has ended."""
        entry = self._entries.pop(key, None)
        return entry[0] if entry is not None and entry[1] > now else None

    def _drop_ended(self, now: float) -> None:
        self._entries = {key: entry for key, entry in self._entries.items() if entry[1] > now}
        if len(self._entries) >= self._limit:
            raise Full
