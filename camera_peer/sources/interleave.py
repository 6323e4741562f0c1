"""Packets of several streams in order of their time, where a file keeps them in large alternating pieces.

Without it, half a second of sound would arrive at once after half a second of pictures.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

MAX_AHEAD = 1.5
"""Seconds read ahead of a stream that has nothing: muxers interleave within one second, and a stream may have ended."""

MAX_ITEMS = 1024
"""Packets held at most, for files whose times are nonsense."""


def interleave(items: Iterable[tuple[int, float, Item]], streams: set[int]) -> Iterator[tuple[int, float, Item]]:
    """`items` are (stream, seconds, anything), each stream in order. Yields them all, by time."""
    queues: dict[int, deque[tuple[int, float, Item]]] = {stream: deque() for stream in streams}
    held = 0
    for item in items:
        queues[item[0]].append(item)
        held += 1
        while held and _ready(queues, held):
            yield _earliest(queues).popleft()
            held -= 1
    while held:
        yield _earliest(queues).popleft()
        held -= 1


def _ready(queues: dict[int, deque[tuple[int, float, Item]]], held: int) -> bool:
    if held >= MAX_ITEMS or all(queues.values()):
        return True
    return any(queue and queue[-1][1] - queue[0][1] > MAX_AHEAD for queue in queues.values())


def _earliest(queues: dict[int, deque[tuple[int, float, Item]]]) -> deque[tuple[int, float, Item]]:
    return min((queue for queue in queues.values() if queue), key=lambda queue: queue[0][1])
