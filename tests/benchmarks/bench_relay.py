"""What the relay costs: CPU time of its process per forwarded packet, beside Janus in the same run.

One camera (H.264, 720p30, 2 Mbit/s) uploads once; the viewers live in another process, do ICE and DTLS, and count.
Rounds alternate, so that a busy machine is busy for both. `added_delay_p99_ms`: from a packet's arrival at our relay to
its arrival at a viewer in a process of its own. Ends with one line of JSON; keys that this run did not
measure are left out (`stock_10_us`: a `MediaRelay` of aiortc fills a core with three viewers, FACTS §3).
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from tests.benchmarks.child import Child
from tests.benchmarks.clip import encode_clip
from tests.benchmarks.janus import Janus
from tests.ending import end_what_we_started

WARM_UP = 3.0
MEASURE = 6.0
CONNECT_LIMIT = 30.0
POLL = 0.2
SCHEDULE = [("ours", 50), ("janus", 50)] * 3 + [("ours", 10), ("janus", 10), ("ours", 1), ("janus", 1)]


@dataclass(frozen=True)
class Result:
    """Over the measured seconds. `lost`: share of the packets the camera sent that viewers did not get."""

    microseconds: float
    percent: float
    mb_per_viewer: float
    received: int
    lost: float
    delay_p99_ms: float


class Server(Protocol):
    """A relay in its own process."""

    async def start(self) -> None: ...

    async def join(self, camera: Child, crowd: Child, number: int) -> None: ...

    async def usage(self) -> dict[str, float]: ...

    async def stop(self) -> None: ...


class Ours:
    async def start(self) -> None:
        self._relay = await Child.start("relay_process")

    async def join(self, camera: Child, crowd: Child, number: int) -> None:
        name = str(number)
        if (await self._relay.ask(watch=name))["needs_upload"]:
            offer = (await camera.ask(open="upload"))["offer"]
            await camera.ask(answer=(await self._relay.ask(publish=offer))["answer"], id="upload")
        offer = (await self._relay.ask(offer_of=name))["offer"]
        await self._relay.ask(answer=(await crowd.ask(offer=offer))["answer"], id=name)

    async def usage(self) -> dict[str, float]:
        return await self._relay.ask(usage=True)

    async def stop(self) -> None:
        await self._relay.stop()


class Theirs:
    async def start(self) -> None:
        self._janus = Janus()
        await self._janus.start()

    async def join(self, camera: Child, crowd: Child, number: int) -> None:
        if number == 0:
            offer = (await camera.ask(open="upload"))["offer"]
            await camera.ask(answer=await self._janus.publish(offer), id="upload")
            await asyncio.sleep(1)
        handle, offer = await self._janus.watch()
        await self._janus.answer(handle, (await crowd.ask(offer=offer))["answer"])

    async def usage(self) -> dict[str, float]:
        return self._janus.usage()

    async def stop(self) -> None:
        await self._janus.stop()


async def sample(camera: Child, crowds: list[Child], server: Server) -> dict[str, float]:
    received = sum([(await crowd.ask(count=True))["packets"] for crowd in crowds])
    sent = await camera.ask(usage=True)
    used = await server.usage()
    return {"received": received, "sent": sent["packets"], "at": sent["at"], **used, "at_camera": sent["at"]}


async def measure(kind: str, viewers: int, clip: Path) -> Result:
    server: Server = Ours() if kind == "ours" else Theirs()
    camera = await Child.start("camera_process", "ours", str(clip))
    crowds = [await Child.start("light_client") for _ in range(2)]
    first, others = crowds
    try:
        await server.start()
        empty = (await server.usage())["rss"]
        for number in range(viewers):
            await server.join(camera, others if number else first, number)
        for _ in range(int(CONNECT_LIMIT / POLL)):
            if sum([(await crowd.ask(count=True))["connected"] for crowd in crowds]) == viewers:
                break
            await asyncio.sleep(POLL)
        await asyncio.sleep(WARM_UP)
        await first.ask(delays=True)
        before = await sample(camera, crowds, server)
        await asyncio.sleep(MEASURE)
        after = await sample(camera, crowds, server)
        delays = sorted((await first.ask(delays=True))["delays"])
    finally:
        await server.stop()
        await camera.stop()
        for crowd in crowds:
            await crowd.stop()
    cpu, received = after["cpu"] - before["cpu"], after["received"] - before["received"]
    expected = (after["sent"] - before["sent"]) * viewers
    return Result(
        microseconds=1e6 * cpu / max(1, received),
        percent=100 * cpu / (after["at_camera"] - before["at_camera"]),
        mb_per_viewer=(after["rss"] - empty) / viewers / 2**20,
        received=int(received),
        lost=1 - received / max(1, expected),
        delay_p99_ms=1000 * delays[len(delays) * 99 // 100] if delays and kind == "ours" else 0.0,
    )


async def main(schedule: list[tuple[str, int]]) -> None:
    results: dict[tuple[str, int], list[Result]] = {}
    print(f"{'relay':6} {'viewers':>7} {'µs/packet':>9} {'% core':>7} {'MiB/viewer':>10} {'received':>8}", end=" ")
    print(f"{'lost %':>7} {'p99 ms':>7}")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip"
        clip.write_bytes(msgspec.msgpack.encode(encode_clip()))
        for kind, viewers in schedule:
            result = await measure(kind, viewers, clip)
            results.setdefault((kind, viewers), []).append(result)
            print(
                f"{kind:6} {viewers:7} {result.microseconds:9.1f} {result.percent:7.1f} {result.mb_per_viewer:10.2f} "
                f"{result.received:8} {100 * result.lost:7.2f} {result.delay_p99_ms:7.1f}",
                flush=True,
            )
    figures: dict[str, float] = {}
    for (kind, viewers), runs in results.items():
        figures[f"{kind}_{viewers}_us"] = statistics.median(run.microseconds for run in runs)
    ours = results.get(("ours", 50))
    if ours:
        figures["ours_50_mb_per_viewer"] = statistics.median(run.mb_per_viewer for run in ours)
        figures["added_delay_p99_ms"] = statistics.median(run.delay_p99_ms for run in ours)
        figures["viewers_per_core"] = 50 * 100 / statistics.median(run.percent for run in ours)
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    end_what_we_started()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of each with 50 viewers")
    asyncio.run(main(SCHEDULE[:2] if parser.parse_args().quick else SCHEDULE))
