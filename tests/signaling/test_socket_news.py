"""What the rest of the server hears of cameras is in order, and what it cannot hear now is not lost for presence."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from signaling.bucket import full
from signaling.effects import Came, FirstFrame, Outlived, Receipted, Reported, Went
from signaling.limits import Limits
from signaling.live.memory import MemoryLiveState
from signaling.live.state import LiveUnavailable, Presence
from signaling.news import MAX_ARRIVALS, NewsDesk
from signaling.rivals import Arrival
from tests.signaling.small_server import Diary, small_server
from tests.signaling.viewer_client import connected


class BrokenDiary(Diary):
    """Cannot write down what happens to camera `c1`, some of it only for the time being."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = True
        self.meanwhile = lambda: None
        self.written = asyncio.Event()

    async def arrived(self, camera_id: str, arrivals: Sequence[Arrival]) -> None:
        self._check(camera_id)
        await super().arrived(camera_id, arrivals)

    async def offline(self, camera_id: str) -> None:
        self._check(camera_id)
        await super().offline(camera_id)

    async def first_frame(self, camera_id: str) -> None:
        self._check(camera_id)
        await super().first_frame(camera_id)
        self.written.set()

    def _check(self, camera_id: str) -> None:
        if camera_id == "c1" and self.broken:
            self.meanwhile()
            raise LiveUnavailable("no")

    async def reported(self, camera_id: str, name: str, detail: str) -> None:
        if camera_id == "c1":
            raise RuntimeError("a bug")
        await super().reported(camera_id, name, detail)


async def test_only_the_latest_coming_or_going_counts() -> None:
    diary, live = Diary(), MemoryLiveState(time.time)
    desk = NewsDesk(diary, live)
    first = await live.claim_presence("c1", "s1", "node")
    desk.add(Came("c1", first, []))
    desk.add(Went("c1", first))
    second = await live.claim_presence("c1", "s2", "node")
    desk.add(Came("c1", second, ["extend"]))
    await desk.flush()
    assert diary.told == [("online", "c1")]
    assert diary.capabilities == {"extend": True}


async def arrivals(live: MemoryLiveState, *words: str) -> list[Came]:
    return [Came("c1", await live.claim_presence("c1", word, "node"), [], word) for word in words]


async def test_each_arrival_is_told_also_of_those_that_are_over() -> None:
    diary, live = BrokenDiary(), MemoryLiveState(time.time)
    desk = NewsDesk(diary, live)
    first, second, third = await arrivals(live, "a", "b", "a")
    desk.add(first)
    desk.add(second)
    desk.add(Went("c1", second.epoch))
    desk.add(third)
    desk.add(Went("c1", third.epoch))
    assert not await desk.flush() and diary.arrivals == []
    diary.broken = False
    assert await desk.flush()
    assert [arrival.instance for arrival in diary.arrivals] == ["a", "b", "a"]
    desk.add((await arrivals(live, "b"))[0])
    await desk.flush()
    assert [arrival.instance for arrival in diary.arrivals] == ["a", "b", "a", "b"], "each of them once"


async def test_only_the_latest_receipt_counts_and_reports_take_no_turn_of_it() -> None:
    diary, live = Diary(), MemoryLiveState(time.time)
    desk = NewsDesk(diary, live)
    for number in range(3):
        desk.add(Receipted("c1", f"receipt.number.{number}"))
    desk.add(Reported("c1", "ok", ""))
    desk.add(Receipted("c2", "receipt.of.another"))
    assert await desk.flush()
    assert sorted(diary.told) == [
        ("receipted", "c1", "receipt.number.2"),
        ("receipted", "c2", "receipt.of.another"),
        ("reported", "c1", "ok", ""),
    ]


async def test_arrivals_that_wait_are_bounded() -> None:
    diary, live = Diary(), MemoryLiveState(time.time)
    desk = NewsDesk(diary, live)
    for news in await arrivals(live, *(f"w{number}" for number in range(MAX_ARRIVALS + 5))):
        desk.add(news)
    await desk.flush()
    assert [arrival.instance for arrival in diary.arrivals] == [f"w{number + 5}" for number in range(MAX_ARRIVALS)]


async def test_each_connection_that_was_outlived_is_told() -> None:
    diary = Diary()
    desk = NewsDesk(diary, MemoryLiveState(time.time))
    for epoch in range(3):
        desk.add(Outlived("c1", epoch, "", f"192.0.2.{epoch}"))
    await desk.flush()
    assert diary.told == [("outlived", "c1", f"192.0.2.{epoch}") for epoch in range(3)]


async def test_who_came_is_told_before_whom_it_outlived() -> None:
    """Also where both happen while the one before is being told."""
    live = MemoryLiveState(time.time)
    first, second = await arrivals(live, "", "")

    class Slow(Diary):
        async def online(self, *arguments: Any) -> None:
            await super().online(*arguments)
            if len(self.arrivals) == 1:
                desk.add(second)
                desk.add(Outlived("c1", first.epoch, "", "192.0.2.7"))

    diary = Slow()
    desk = NewsDesk(diary, live)
    desk.add(first)
    await desk.flush()
    assert diary.told == [("online", "c1"), ("online", "c1"), ("outlived", "c1", "192.0.2.7")]


async def test_the_end_of_an_old_connection_is_no_news_once_a_newer_one_is_claimed() -> None:
    diary, live = Diary(), MemoryLiveState(time.time)
    desk = NewsDesk(diary, live)
    first = await live.claim_presence("c1", "s1", "node")
    desk.add(Went("c1", first))
    await live.claim_presence("c1", "s2", "another node")
    await desk.flush()
    assert diary.told == []


async def test_one_failure_does_not_stop_the_rest() -> None:
    diary = BrokenDiary()
    desk = NewsDesk(diary, MemoryLiveState(time.time))
    desk.add(FirstFrame("c1"))
    desk.add(Reported("c1", "x", ""))
    desk.add(FirstFrame("c2"))
    assert not await desk.flush()
    assert diary.told == [("first_frame", "c2")]


async def test_what_could_not_be_told_is_told_later() -> None:
    diary, live = BrokenDiary(), MemoryLiveState(time.time)
    desk = NewsDesk(diary, live)
    desk.add(Went("c1", await live.claim_presence("c1", "s1", "node")))
    desk.add(FirstFrame("c1"))
    assert not await desk.flush()
    assert await live.presence("c1") is None
    diary.broken = False
    assert await desk.flush()
    assert diary.told == [("offline", "c1"), ("first_frame", "c1")]


async def test_what_could_not_be_told_gives_way_to_what_is_newer() -> None:
    diary, live = BrokenDiary(), MemoryLiveState(time.time)
    desk = NewsDesk(diary, live)
    desk.add(Went("c1", await live.claim_presence("c1", "s1", "node")))
    second = await live.claim_presence("c2", "s2", "node")
    diary.meanwhile = lambda: desk.add(Came("c1", second, []))
    assert not await desk.flush()
    diary.broken = False
    assert await desk.flush()
    assert diary.told == [("online", "c1")]


async def test_news_is_tried_again_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.news.RETRY_SECONDS", 0.01)
    diary = BrokenDiary()
    desk = NewsDesk(diary, MemoryLiveState(time.time))
    tried = asyncio.Event()
    diary.meanwhile = tried.set
    desk.add(FirstFrame("c1"))
    running = asyncio.create_task(desk.run())
    async with asyncio.timeout(30):
        await tried.wait()
        diary.broken = False
        await diary.written.wait()
    running.cancel()
    assert diary.told == [("first_frame", "c1")]


async def test_a_camera_that_talks_without_end_drowns_nobody() -> None:
    diary = Diary()
    desk = NewsDesk(diary, MemoryLiveState(time.time))
    desk.add(FirstFrame("quiet"))
    for number in range(10_000):
        desk.add(Reported("loud", f"problem {number}", ""))
    desk.add(Reported("quiet", "source_failed", ""))
    await desk.flush()
    assert [told[:2] for told in diary.told] == [("first_frame", "quiet"), ("reported", "loud"), ("reported", "quiet")]
    assert "problem 9999" in diary.told[1]


async def test_a_camera_that_is_now_on_another_node_is_let_go() -> None:
    async with small_server() as server, connected(server.url, "Bearer device-c1") as device:
        await device.register()
        await server.live.claim_presence("c1", "socket", "another node")
        await server.hub.watch.refresh()
        assert await device.closed() == 4001
        presence = await server.live.presence("c1")
        assert presence is not None
        assert presence.node_id == "another node"


@pytest.mark.parametrize(("word", "answers", "told"), [("", True, True), ("", False, False), ("word", True, True)])
async def test_whether_a_camera_still_answered_there_is_told(word: str, answers: bool, told: bool) -> None:
    """The newer connection's word is not known here; `rivals` compares."""
    async with small_server() as server, connected(server.url, "Bearer device-c1", autoping=answers) as device:
        await device.register(belvedere={"instance": word})
        await server.live.claim_presence("c1", "socket", "another node")
        await server.hub.watch.refresh()
        assert await device.closed() == 4001
        await server.hub._news.flush()
        assert (("outlived", "c1", "127.0.0.1") in server.diary.told) is told


async def test_one_presence_that_cannot_be_refreshed_costs_no_other() -> None:
    async with small_server() as server, AsyncExitStack() as stack:
        refresh = server.live.refresh_presence

        async def sometimes(presence: Presence) -> bool:
            if presence.camera_id == "c1":
                raise LiveUnavailable("no")
            return await refresh(presence)

        for camera in ("c1", "c2"):
            device = await stack.enter_async_context(connected(server.url, f"Bearer device-{camera}"))
            await device.register()
            await server.live.release_presence(camera, server.hub.table.parties[server.hub.table.devices[camera]].epoch)
        server.live.refresh_presence = sometimes  # type: ignore[method-assign]  # fails for one camera alone
        await server.hub.watch.refresh()
        assert await server.live.online(["c1", "c2"]) == {"c2"}


async def test_a_presence_that_the_live_state_lost_is_restored() -> None:
    async with small_server() as server, connected(server.url, "Bearer device-c1") as device:
        await device.register()
        epoch = server.hub.table.parties[server.hub.table.devices["c1"]].epoch
        assert await server.live.release_presence("c1", epoch)
        await server.hub.watch.refresh()
        assert await server.live.presence("c1") is not None
        assert not device.ws.closed


async def test_a_camera_whose_time_is_up_while_it_is_let_in_leaves_no_presence() -> None:
    async with small_server(Limits(register_seconds=0.05)) as server:
        claim = server.live.claim_presence

        async def slow_claim(camera: str, socket: str, node: str) -> int:
            await asyncio.sleep(0.1)
            return await claim(camera, socket, node)

        server.live.claim_presence = slow_claim  # type: ignore[method-assign]  # the moment in between
        async with connected(server.url, "Bearer device-c1") as device:
            with pytest.raises(ConnectionError):
                await device.register()
            assert await device.closed() == 4408
        assert await server.live.presence("c1") is None
        assert server.diary.told == []


def test_a_bucket_fills_with_time_and_never_over_the_brim() -> None:
    bucket = full(10.0, 3.0, 100.0)
    assert [bucket.take(100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(100.0) == 0.1
    assert bucket.take(100.2) == 0.0
    assert bucket.take(99.0) == pytest.approx(0.1)  # a clock that steps back gives nothing and takes nothing
    assert bucket.take(1_000_000.0) == 0.0
    assert bucket.tokens == 2.0


def test_what_finds_an_empty_bucket_owes_nothing() -> None:
    bucket = full(1.0, 2.0, 100.0)
    assert [bucket.spend(100.0) for _ in range(1000)] == [True, True] + [False] * 998
    assert bucket.spend(101.0) and not bucket.spend(101.5) and bucket.spend(102.5)
