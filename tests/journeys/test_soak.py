"""Five hundred viewers come and go, directly and over the relay. Afterwards server and camera are what they were."""

import asyncio
import os
from pathlib import Path

import psutil
import pytest

from tests.benchmarks.light_client import LightViewer
from tests.home import CameraProcess, Household, household
from tests.servers import free_port
from tests.signaling.viewer_client import WirePeer, connected

JOINS, WARM_UP = int(os.environ.get("SOAK_JOINS", "500")), 100
"""`make soak` has ten thousand."""
MEMORY_BYTES = 5 * 1024 * 1024
"""What the allocators may still take after the warm-up. A leaked session would show: each holds some 100 KiB."""
POOL = 8
"""Database connections and threads that a pool may still open for the first time; far fewer than 400 joins."""


async def watch_once(peer: WirePeer, camera_id: str, via: str) -> int:
    """Connect, see at least one packet, leave. Returns the packets that came."""
    told = await peer.request("connect", peer=camera_id, belvedere={"via": via})
    assert told["belvedere"]["via"] == via
    session = told["session"]
    invite = await peer.expect("invite")
    viewer = LightViewer()
    await peer.reply(invite, answer=await viewer.answer(invite["params"]["offer"]))
    seen = asyncio.Event()
    viewer.connection.on_media = lambda _: seen.set()
    async with asyncio.timeout(15):
        await viewer.connected.wait()
        await seen.wait()
    await peer.tell("belvedere.close", session=session, reason="left")
    await viewer.close()
    return viewer.packets


def footprint(process: psutil.Process) -> tuple[int, int, int]:
    """Resident bytes, descriptors, threads."""
    return process.memory_info().rss, process.num_fds(), process.num_threads()


def cpu_seconds(camera: CameraProcess) -> float:
    assert camera.process is not None
    times = psutil.Process(camera.process.pid).cpu_times()
    return float(times.user + times.system)


@pytest.mark.timeout(180 + JOINS)
@pytest.mark.parametrize("via", ["direct", "relay"])
async def test_five_hundred_joins_and_leaves(tmp_path: Path, via: str) -> None:
    with household(tmp_path, metrics_port=str(free_port())) as home:
        await soak(home, via)


async def soak(home: Household, via: str) -> None:
    camera = await asyncio.to_thread(home.add_camera, "Garden", "test:?size=320x180&fps=15&audio=no")
    assert home.server.process and camera.process
    processes = [psutil.Process(home.server.process.pid), psutil.Process(camera.process.pid)]
    before: list[tuple[int, int, int]] = []
    url = f"{home.server.url}/api/signaling"
    async with connected(url, f"Bearer {home.token}") as peer:
        await peer.register()
        for turn in range(JOINS):
            assert await watch_once(peer, camera.id, via)
            if turn == WARM_UP:
                before = await settled(processes)
    after = await settled(processes)
    for name, was, is_now in zip(("server", "camera"), before, after, strict=True):
        assert is_now[0] - was[0] < MEMORY_BYTES, f"{name} grew from {was[0]} to {is_now[0]} bytes"
        more = (is_now[1] - was[1], is_now[2] - was[2])
        assert max(more) <= POOL, f"{name}: descriptors and threads {was[1:]} became {is_now[1:]}"
    open_now = await asyncio.to_thread(home.open_now)
    assert open_now["sessions"] == 0
    assert open_now["relay_viewers"] == open_now["relay_uploads"] == 0


async def settled(processes: list[psutil.Process]) -> list[tuple[int, int, int]]:
    """Footprints once the goodbyes are through."""
    await asyncio.sleep(3)
    return [footprint(process) for process in processes]


async def test_nothing_is_encoded_or_sent_once_nobody_watches(home: Household) -> None:
    camera = await asyncio.to_thread(home.add_camera, "Garden", "test:?size=1280x720&fps=30&audio=no")
    async with connected(f"{home.server.url}/api/signaling", f"Bearer {home.token}") as peer:
        await peer.register()
        start = cpu_seconds(camera)
        session = (await peer.request("connect", peer=camera.id))["session"]
        invite = await peer.expect("invite")
        viewer = LightViewer()
        await peer.reply(invite, answer=await viewer.answer(invite["params"]["offer"]))
        await asyncio.sleep(4)
        watched = cpu_seconds(camera) - start
        assert viewer.packets > 100
        await peer.tell("belvedere.close", session=session, reason="left")
        await asyncio.sleep(1)
        packets, idle_from = viewer.packets, cpu_seconds(camera)
        await asyncio.sleep(4)
        idle = cpu_seconds(camera) - idle_from
        assert viewer.packets == packets, "still sending"
        assert idle < watched / 4, f"{idle:.2f} s of CPU while nobody watches, {watched:.2f} s while somebody did"
        await viewer.close()
