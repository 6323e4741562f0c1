import asyncio
import threading
import time

import pytest

from camera_peer.sources.handover import MAX_WAITING, Outlet, run_in_thread
from media.frames import Codec, EncodedFrame, SourceError


def frame(number: int, *, key: bool, codec: Codec = "h264") -> EncodedFrame:
    return EncodedFrame(codec, b"x", number, key, 0.0)


async def test_frames_arrive_in_order_and_the_end_is_an_error() -> None:
    got: list[EncodedFrame] = []

    def work(outlet: Outlet) -> None:
        for n in range(50):
            outlet.send(frame(n, key=n == 0))
        outlet.pause(0.1)

    with pytest.raises(SourceError, match="ended"):
        await run_in_thread(work, got.append, "test-work")
    assert [f.timestamp for f in got] == list(range(50))


async def test_a_late_loop_loses_frames_up_to_the_next_key_frame() -> None:
    got: list[EncodedFrame] = []
    sent = threading.Event()
    results: list[bool] = []
    complete = asyncio.Event()

    def sink(frame: EncodedFrame) -> None:
        got.append(frame)
        if frame.codec == "opus":
            complete.set()

    def work(outlet: Outlet) -> None:
        results.extend(outlet.send(frame(n, key=n % 100 == 0)) for n in range(MAX_WAITING + 20))
        sent.set()
        while got == []:
            outlet.pause(0.01)
        results.extend(outlet.send(frame(n, key=n == 205)) for n in range(200, 210))
        outlet.send(frame(1, key=True, codec="opus"))
        outlet.pause(5)

    task = asyncio.create_task(run_in_thread(work, sink, "test-work"))
    await asyncio.sleep(0)
    assert sent.wait(5)  # blocks this loop on purpose
    await asyncio.wait_for(complete.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [f.timestamp for f in got] == [*range(MAX_WAITING), *range(205, 210), 1]
    assert results.count(False) == 20 + 5


async def test_cancelling_ends_the_thread_first() -> None:
    ended = threading.Event()

    def work(outlet: Outlet) -> None:
        while not outlet.pause(10):
            pass
        time.sleep(0.2)
        ended.set()

    task = asyncio.create_task(run_in_thread(work, lambda _: None, "test-work"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_errors_of_either_side_come_out() -> None:
    def work(outlet: Outlet) -> None:
        raise SourceError("The camera is gone.")

    with pytest.raises(SourceError, match="gone"):
        await run_in_thread(work, lambda _: None, "test-work")

    def send(outlet: Outlet) -> None:
        outlet.send(frame(0, key=True))
        outlet.pause(10)

    def sink(_: EncodedFrame) -> None:
        raise ValueError("a broken sink")

    with pytest.raises(ValueError, match="broken sink"):
        await run_in_thread(send, sink, "test-work")
