"""What a camera costs: CPU and memory of its process for 1, 4 and 16 viewers, passed through and encoded.

Viewers live in another process, do ICE and DTLS, and count. The price of a packet is compared with stock aiortc senders
fed the same frames, alternating in the same run. Percent are of one core. Ends with one line of JSON.
"""

import asyncio
import json
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.benchmarks.child import Child
from tests.benchmarks.clip import encode_clip
from tests.ending import end_what_we_started

WARM_UP = 2.0
MEASURE = 6.0
CONNECT_LIMIT = 20.0
POLL = 0.1
SCHEDULE = [
    ("ours", 16), ("stock", 16), ("ours", 1), ("encoded", 1), ("ours", 16), ("stock", 16),
    ("ours", 4), ("encoded", 4), ("encoded", 16), ("ours", 16), ("stock", 16),
]  # fmt: skip


@dataclass(frozen=True)
class Result:
    """Over the measured seconds: % of a core, MiB, packets sent and received."""

    percent: float
    rss: float
    sent: int
    received: int
    microseconds: float


async def measure(mode: str, viewers: int, clip: Path) -> Result:
    camera = await Child.start("camera_process", mode, str(clip))
    crowd = await Child.start("light_client")
    try:
        for number in range(viewers):
            offer = (await camera.ask(open=str(number)))["offer"]
            answer = (await crowd.ask(offer=offer))["answer"]
            await camera.ask(answer=answer, id=str(number))
        for _ in range(int(CONNECT_LIMIT / POLL)):
            if (await crowd.ask(count=True))["connected"] == viewers:
                break
            await asyncio.sleep(POLL)
        await asyncio.sleep(WARM_UP)
        got, used = await crowd.ask(count=True), await camera.ask(usage=True)
        await asyncio.sleep(MEASURE)
        got_then, used_then = await crowd.ask(count=True), await camera.ask(usage=True)
    finally:
        await camera.stop()
        await crowd.stop()
    cpu, sent = used_then["cpu"] - used["cpu"], used_then["packets"] - used["packets"]
    return Result(
        percent=100 * cpu / (used_then["at"] - used["at"]),
        rss=used_then["rss"] / 2**20,
        sent=sent,
        received=got_then["packets"] - got["packets"],
        microseconds=1e6 * cpu / max(1, sent),
    )


async def main() -> None:
    results: dict[tuple[str, int], list[Result]] = {}
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip"
        clip.write_bytes(msgspec.msgpack.encode(encode_clip()))
        print(f"{'camera':8} {'viewers':>7} {'% core':>7} {'MiB':>6} {'sent':>7} {'received':>8} {'µs/packet':>9}")
        for mode, viewers in SCHEDULE:
            result = await measure(mode, viewers, clip)
            results.setdefault((mode, viewers), []).append(result)
            print(
                f"{mode:8} {viewers:7} {result.percent:7.1f} {result.rss:6.0f} {result.sent:7} {result.received:8} "
                f"{result.microseconds:9.1f}",
                flush=True,
            )

    def median(mode: str, viewers: int, name: str) -> float:
        return statistics.median(getattr(result, name) for result in results[mode, viewers])

    figures = {
        "passthrough_1_pct": median("ours", 1, "percent"),
        "passthrough_4_pct": median("ours", 4, "percent"),
        "passthrough_16_pct": median("ours", 16, "percent"),
        "packet_price_ratio": median("ours", 16, "microseconds") / median("stock", 16, "microseconds"),
        "encoded_1_pct": median("encoded", 1, "percent"),
        "encoded_4_pct": median("encoded", 4, "percent"),
        "encoded_16_pct": median("encoded", 16, "percent"),
        "rss_16_mb": median("ours", 16, "rss"),
        "stock_16_pct": median("stock", 16, "percent"),
    }
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    end_what_we_started()
    asyncio.run(main())
