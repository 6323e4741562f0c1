"""What a change of our addresses means."""

import asyncio
from collections.abc import Callable

import pytest

from camera_peer import network_watch
from camera_peer.network_watch import watch_network
from camera_peer.whereabouts import Change, Whereabouts

HOME, CAFE, NONE = frozenset({"192.168.1.5"}), frozenset({"10.0.0.9"}), frozenset[str]()
BOTH = HOME | CAFE


@pytest.mark.parametrize(
    ("seen", "changes"),
    [
        ([HOME], [Change.ROUTE]),
        ([BOTH], [Change.NEW]),
        ([CAFE], [Change.MOVED]),
        ([NONE, CAFE], [None, Change.MOVED]),
        ([NONE, HOME], [None, Change.MOVED]),
        ([NONE, NONE, HOME, HOME], [None, None, Change.MOVED, Change.ROUTE]),
        ([BOTH, CAFE, CAFE], [Change.NEW, Change.MOVED, Change.ROUTE]),
    ],
)
def test_each_change_is_told_once(seen: list[frozenset[str]], changes: list[Change | None]) -> None:
    whereabouts = Whereabouts(HOME)
    assert [whereabouts.see(addresses) for addresses in seen] == changes


async def told_of(monkeypatch: pytest.MonkeyPatch, addresses: Callable[[], frozenset[str]]) -> Change:
    """The first change that is told where the kernel tells nothing."""
    monkeypatch.setattr(network_watch, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(network_watch, "kernel_news", lambda: None)
    changes: asyncio.Queue[Change] = asyncio.Queue()
    watching = asyncio.create_task(watch_network(changes.put_nowait, addresses))
    try:
        return await asyncio.wait_for(changes.get(), 5)
    finally:
        watching.cancel()
        await asyncio.wait({watching})


async def test_without_the_kernels_news_it_looks_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([HOME, HOME, HOME])
    assert await told_of(monkeypatch, lambda: next(looks, CAFE)) is Change.MOVED
