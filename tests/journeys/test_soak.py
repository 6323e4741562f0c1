"""Five hundred viewers come and go, directly and over the relay. Afterwards server and camera are what they were."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from media.heap import RETURN_SECONDS
from tests.benchmarks.light_client import LightViewer
from tests.home import CameraProcess, Household, household
from tests.journeys.counted import COUNTED, tasks_of
from tests.program import Program
from tests.servers import free_port
from tests.signaling.viewer_client import WirePeer, connected

JOINS, WARM_UP = int(os.environ.get("SOAK_JOINS", "500")), 100
"""`make soak` has ten thousand."""
MEMORY_BYTES = 5 * 1024 * 1024
"""What the allocators may still take after the warm-up: 13 KiB of each of 400 joins, 530 bytes of each of 9,900. A
leaked session holds some 100 KiB."""
POOL = 8
"""Descriptors of database connections, and threads, that a pool may still open for the first time: one left by every
fiftieth of 400 joins would show. Of tasks there is none to spare."""
LOOKS, BETWEEN_LOOKS = 5, 0.3
SETTLE_SECONDS = 3.0 if JOINS <= 500 else RETURN_SECONDS + 5
"""Until the goodbyes are through; with many joins also until both have given back what they no longer use."""


@dataclass(frozen=True)
class Footprint:
    """What a process holds. `tasks`: of asyncio; the least of several looks, as some come and go all the time."""

    bytes: int
    descriptors: int
    threads: int
    tasks: int


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


def cpu_seconds(camera: CameraProcess) -> float:
    assert camera.process is not None
    times = psutil.Process(camera.process.pid).cpu_times()
    return float(times.user + times.system)


@pytest.mark.timeout(300 + JOINS)
@pytest.mark.parametrize("via", ["direct", "relay"])
async def test_five_hundred_joins_and_leaves(tmp_path: Path, via: str) -> None:
    with household(tmp_path, metrics_port=str(free_port())) as home:
        await soak(home, via)


async def soak(home: Household, via: str) -> None:
    source = "test:?size=320x180&fps=15&audio=no"
    camera = await asyncio.to_thread(home.add_camera, "Garden", source, prefix=COUNTED)
    before: dict[str, Footprint] = {}
    async with connected(f"{home.server.url}/api/signaling", f"Bearer {home.token}") as peer:
        await peer.register()
        for turn in range(JOINS):
            assert await watch_once(peer, camera.id, via)
            if turn + 1 == WARM_UP:
                before = await settled(home, camera)
        after = await settled(home, camera)
    for name, was in before.items():
        now = after[name]
        print(f"{name}: {was} became {now}, {(now.bytes - was.bytes) / (JOINS - WARM_UP):.0f} bytes a join")
        assert now.bytes - was.bytes < MEMORY_BYTES, f"{name}: {was} became {now}"
        assert now.descriptors - was.descriptors <= POOL, f"{name}: {was} became {now}"
        assert now.threads - was.threads <= POOL, f"{name}: {was} became {now}"
        assert now.tasks <= was.tasks, f"{name}: {was} became {now}"
    open_now = await asyncio.to_thread(home.open_now)
    assert open_now["sessions"] == 0
    assert open_now["relay_viewers"] == open_now["relay_uploads"] == 0


async def settled(home: Household, camera: CameraProcess) -> dict[str, Footprint]:
    """Footprints once the goodbyes are through."""
    await asyncio.sleep(SETTLE_SECONDS)
    server_tasks, camera_tasks = [], []
    for _ in range(LOOKS):
        server_tasks.append(int((await asyncio.to_thread(home.open_now))["tasks"]))
        camera_tasks.append(await asyncio.to_thread(tasks_of, camera))
        await asyncio.sleep(BETWEEN_LOOKS)
    return {"server": footprint(home.server, min(server_tasks)), "camera": footprint(camera, min(camera_tasks))}


def footprint(program: Program, tasks: int) -> Footprint:
    assert program.process is not None
    process = psutil.Process(program.process.pid)
    return Footprint(process.memory_info().rss, process.num_fds(), process.num_threads(), tasks)


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
