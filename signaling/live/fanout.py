"""Hands each event to every subscriber of this process, through a bounded queue each."""

import asyncio
from collections import deque

from signaling.live.state import LiveEvent

MAX_QUEUED_EVENTS = 256
"""An account has at most 64 cameras; whoever is four full rounds behind is better served by the list itself."""

LOST = LiveEvent("lost")


class QueuedSubscription:
    """When the queue is full it is emptied and one `lost` stands in for everything that was in it."""

    def __init__(self, fanout: "Fanout") -> None:
        self._fanout = fanout
        self._events: deque[LiveEvent] = deque()
        self._filled = asyncio.Event()

    def push(self, event: LiveEvent) -> None:
        if len(self._events) >= MAX_QUEUED_EVENTS:
            self._events.clear()
            event = LOST
        self._events.append(event)
        self._filled.set()

    async def next(self) -> LiveEvent:
        while not self._events:
            self._filled.clear()
            await self._filled.wait()
        return self._events.popleft()

    def close(self) -> None:
        self._fanout.drop(self)


class Fanout:
    """The subscribers of one process."""

    def __init__(self) -> None:
        self._subscribers: set[QueuedSubscription] = set()

    def __len__(self) -> int:
        return len(self._subscribers)

    def subscribe(self) -> QueuedSubscription:
        subscription = QueuedSubscription(self)
        self._subscribers.add(subscription)
        return subscription

    def drop(self, subscription: QueuedSubscription) -> None:
        self._subscribers.discard(subscription)

    def send(self, event: LiveEvent) -> None:
        for subscription in tuple(self._subscribers):
            subscription.push(event)
