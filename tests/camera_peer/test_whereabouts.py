"""What a change of our addresses means."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Callable

import pytest

from camera_peer import network_watch
from camera_peer.network_watch import watch_network
from camera_peer.whereabouts import AT_ONCE, SLOW_SECONDS, Change, Restraint, Whereabouts

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


def test_a_few_changes_are_acted_on_at_once_a_storm_now_and_then() -> None:
    restraint, now, acted = Restraint(0.0), 0.0, 0
    while now < 600.0:
        now += 0.02 + restraint.acted(now)
        acted += 1
    assert AT_ONCE < acted <= AT_ONCE + 600.0 / SLOW_SECONDS + 1
    calm = now + AT_ONCE * SLOW_SECONDS
    assert restraint.acted(calm) == 0.0


def test_one_move_after_the_other_is_not_kept_waiting() -> None:
    restraint = Restraint(0.0)
    waits = [restraint.acted(minute * 60.0 + change) for minute in range(30) for change in range(5)]
    assert set(waits) == {0.0}


async def test_a_flapping_address_does_not_call_a_try_to_connect_away_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    news, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    news.setblocking(False)
    kernel.setblocking(False)
    monkeypatch.setattr(network_watch, "kernel_news", lambda: news)
    monkeypatch.setattr(network_watch, "SETTLE_SECONDS", 0.0)
    flapping, told = itertools.cycle([HOME, BOTH]), list[Change]()
    watching = asyncio.create_task(watch_network(told.append, lambda: next(flapping)))
    with kernel:
        for _ in range(10 * AT_ONCE):
            with contextlib.suppress(BlockingIOError):  # not read yet: there is news enough
                kernel.send(b"something changed")
            for _ in range(5):
                await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait({watching})
    assert len(told) == AT_ONCE


async def test_a_system_that_cannot_tell_our_addresses_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([HOME, NONE])

    def addresses() -> frozenset[str]:
        seen = next(looks, CAFE)
        if not seen:
            raise OSError(24, "Too many open files")
        return seen

    assert await told_of(monkeypatch, addresses) is Change.MOVED


async def test_news_that_cannot_be_read_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(socket.socket):
        def recv(self, *_: int) -> bytes:
            raise OSError(100, "Network is down")

    kernel, news = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    monkeypatch.setattr(network_watch, "kernel_news", lambda: Broken(fileno=news.detach()))
    told = asyncio.Queue[Change]()
    watching = asyncio.create_task(watch_network(told.put_nowait, lambda: HOME))
    with kernel:
        kernel.send(b"something changed")
        async with asyncio.timeout(30):
            for _ in range(2):
                assert await told.get() is Change.ROUTE
        watching.cancel()
        await asyncio.wait({watching})
