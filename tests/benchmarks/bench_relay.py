"""What the relay costs: CPU time of its process per forwarded packet, beside Janus in the same run.

One camera (H.264, 720p30, 2 Mbit/s) uploads once; the viewers live in another process, do ICE and DTLS, and count.
Rounds alternate, so that a busy machine is busy for both. `100x2`: a hundred small cameras (320x180, 10 pictures/s,
250 kbit/s) with two viewers each. `stock`: aiortc's `MediaRelay`, which encodes for each viewer and fills a core
with three. `added_delay_p99_ms`: from a packet's arrival at our relay to its arrival at a viewer in a process of its
own. Ends with one line of JSON. The exit code is 1 where a judged bound is missed, or packets were.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from tests.benchmarks.child import Child
from tests.benchmarks.clip import encode_clip
from tests.benchmarks.janus import Janus
from tests.benchmarks.judged import Judged, exit_code
from tests.ending import end_what_we_started

WARM_UP = 3.0
MEASURE = 6.0
CONNECT_LIMIT = 30.0
POLL = 0.2
UPLOAD_SECONDS = 0.2
"""Until Janus knows what an upload is made of, and may be asked for it."""
OURS_OVER_JANUS = 0.5
"""Judged: at most so much of Janus's CPU time per packet, at 50 viewers."""
MOST_LOST = 0.01
"""Of our packets to 50 viewers: with more the price is not that of the whole work."""
HOUSES, PER_HOUSE, MANY_FPS = 100, 2, 10


@dataclass(frozen=True)
class Load:
    """`viewers` of each of the `cameras`."""

    cameras: int
    viewers: int

    @property
    def total(self) -> int:
        return self.cameras * self.viewers

    def __str__(self) -> str:
        return str(self.viewers) if self.cameras == 1 else f"{self.cameras}x{self.viewers}"


MANY = Load(HOUSES, PER_HOUSE)
FIRST: list[tuple[str, Load]] = [("ours", Load(1, 50)), ("janus", Load(1, 50))]
SCHEDULE = [
    *(FIRST * 3),
    *([("ours", MANY), ("janus", MANY)] * 3),
    *((kind, Load(1, viewers)) for viewers in (10, 1) for kind in ("ours", "janus")),
    ("stock", Load(1, 10)),
]


@dataclass(frozen=True)
class Result:
    """Over the measured seconds. `lost`: share of the packets the camera sent that viewers did not get;
    `camera_percent`: of a core, by the process of the cameras."""

    microseconds: float
    percent: float
    mb_per_viewer: float
    received: int
    lost: float
    delay_p99_ms: float
    camera_percent: float


class Server(Protocol):
    """A relay in its own process."""

    async def start(self) -> None: ...

    async def join(self, source: Child, crowd: Child, camera: int, number: int) -> None: ...

    async def usage(self) -> dict[str, float]: ...

    async def stop(self) -> None: ...


class Ours:
    """And aiortc's, which is driven alike."""

    def __init__(self, module: str = "relay_process") -> None:
        self._module = module

    async def start(self) -> None:
        self._relay = await Child.start(self._module)

    async def join(self, source: Child, crowd: Child, camera: int, number: int) -> None:
        name = f"{camera}-{number}"
        if (await self._relay.ask(watch=name, camera=str(camera)))["needs_upload"]:
            offer = (await source.ask(open=f"upload-{camera}"))["offer"]
            answer = (await self._relay.ask(publish=offer, camera=str(camera)))["answer"]
            await source.ask(answer=answer, id=f"upload-{camera}")
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

    async def join(self, source: Child, crowd: Child, camera: int, number: int) -> None:
        if number == 0:
            offer = (await source.ask(open=f"upload-{camera}"))["offer"]
            await source.ask(answer=await self._janus.publish(offer, camera), id=f"upload-{camera}")
            await asyncio.sleep(UPLOAD_SECONDS)
        handle, offer = await self._janus.watch(camera)
        await self._janus.answer(handle, (await crowd.ask(offer=offer))["answer"])

    async def usage(self) -> dict[str, float]:
        return self._janus.usage()

    async def stop(self) -> None:
        await self._janus.stop()


def server_of(kind: str) -> Server:
    if kind == "janus":
        return Theirs()
    return Ours() if kind == "ours" else Ours("stock_relay_process")


async def sample(source: Child, crowds: list[Child], server: Server) -> dict[str, float]:
    counts = [await crowd.ask(count=True) for crowd in crowds]
    received = sum(count["packets"] - count["reports"] for count in counts)
    sent = await source.ask(usage=True)
    used = await server.usage()
    return {"received": received, "sent": sent["packets"], "at": sent["at"], **used} | {
        "at_camera": sent["at"],
        "camera_cpu": sent["cpu"],
    }


async def measure(
    kind: str, load: Load, clip: Path, *, camera: str = "ours", warm_up: float = WARM_UP, seconds: float = MEASURE
) -> Result:
    """`camera`: a mode of `camera_process`."""
    server = server_of(kind)
    source = await Child.start("camera_process", camera, str(clip), *([str(MANY_FPS)] if load.cameras > 1 else []))
    crowds = [await Child.start("light_client") for _ in range(2)]
    first, others = crowds
    try:
        await server.start()
        empty = (await server.usage())["rss"]
        for house in range(load.cameras):
            for number in range(load.viewers):
                await server.join(source, others if house or number else first, house, number)
        for _ in range(int(CONNECT_LIMIT / POLL)):
            if sum([(await crowd.ask(count=True))["connected"] for crowd in crowds]) == load.total:
                break
            await asyncio.sleep(POLL)
        await asyncio.sleep(warm_up)
        await first.ask(delays=True)
        before = await sample(source, crowds, server)
        await asyncio.sleep(seconds)
        after = await sample(source, crowds, server)
        delays = sorted((await first.ask(delays=True))["delays"])
    finally:
        await server.stop()
        await source.stop()
        for crowd in crowds:
            await crowd.stop()
    cpu, received = after["cpu"] - before["cpu"], after["received"] - before["received"]
    seconds_passed = after["at_camera"] - before["at_camera"]
    expected = (after["sent"] - before["sent"]) * load.viewers
    return Result(
        microseconds=1e6 * cpu / max(1, received),
        percent=100 * cpu / seconds_passed,
        mb_per_viewer=(after["rss"] - empty) / load.total / 2**20,
        received=int(received),
        lost=1 - received / max(1, expected),
        delay_p99_ms=1000 * delays[len(delays) * 99 // 100] if delays and kind == "ours" else 0.0,
        camera_percent=100 * (after["camera_cpu"] - before["camera_cpu"]) / seconds_passed,
    )


def prepare(folder: Path) -> dict[bool, Path]:
    """The clips: of one camera, and of many."""
    small = encode_clip(width=320, height=180, fps=MANY_FPS, group=20, bitrate=250_000)
    clips = {False: folder / "one", True: folder / "many"}
    clips[False].write_bytes(msgspec.msgpack.encode(encode_clip()))
    clips[True].write_bytes(msgspec.msgpack.encode(small))
    return clips


def judged(ours: float, janus: float) -> Judged:
    """Microseconds of CPU time per packet at 50 viewers."""
    ratio = ours / janus
    return Judged(f"ours / Janus at 50 viewers = {ratio:.2f}", ratio, OURS_OVER_JANUS, f"at most {OURS_OVER_JANUS}")


def too_many_lost(share: float) -> str:
    """What is wrong with the measurement, if anything is."""
    return f"{100 * share:.1f} % of our packets to 50 viewers were lost" if share > MOST_LOST else ""


async def main(schedule: list[tuple[str, Load]]) -> int:
    """Returns the exit code."""
    results: dict[tuple[str, Load], list[Result]] = {}
    print(f"{'relay':6} {'viewers':>7} {'µs/packet':>9} {'% core':>7} {'MiB/viewer':>10} {'received':>8}", end=" ")
    print(f"{'lost %':>7} {'p99 ms':>7}")
    with tempfile.TemporaryDirectory() as folder:
        clips = prepare(Path(folder))
        for kind, load in schedule:
            result = await measure(kind, load, clips[load.cameras > 1])
            results.setdefault((kind, load), []).append(result)
            print(
                f"{kind:6} {load!s:>7} {result.microseconds:9.1f} {result.percent:7.1f} {result.mb_per_viewer:10.2f} "
                f"{result.received:8} {100 * result.lost:7.2f} {result.delay_p99_ms:7.1f}",
                flush=True,
            )
    figures: dict[str, float] = {}
    for (kind, load), runs in results.items():
        figures[f"{kind}_{load}_us"] = statistics.median(run.microseconds for run in runs)
    ours = results.get(("ours", Load(1, 50)))
    if ours:
        figures["ours_50_mb_per_viewer"] = statistics.median(run.mb_per_viewer for run in ours)
        figures["added_delay_p99_ms"] = statistics.median(run.delay_p99_ms for run in ours)
        figures["viewers_per_core"] = 50 * 100 / statistics.median(run.percent for run in ours)
    verdict = judged(figures["ours_50_us"], figures["janus_50_us"])
    fault = too_many_lost(statistics.median(run.lost for run in results[FIRST[0]]))
    print(*filter(None, (verdict, fault)), sep="\n")
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))
    return exit_code([verdict], fault)


if __name__ == "__main__":
    end_what_we_started()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of each with 50 viewers")
    sys.exit(asyncio.run(main(FIRST if parser.parse_args().quick else SCHEDULE)))
