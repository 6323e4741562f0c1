"""How long the picture stands still when packets are lost: ours, directly and over the relay, Janus, plain aiortc.

Camera, server and viewer live in network namespaces, 10 ms away from each other; packets are lost on the upload or on
the last leg. One Chromium watches all four ways in the same seconds, so that a busy machine is busy for all; our relay
and Janus are fed by the same publisher. The figure is what `totalFreezesDuration` grows by in 60 s, the median of all
rounds. Directly, upload and last leg are one line. Needs root. Ends with one line of JSON: for each loss and way the
worse of both places, and each place by itself. The exit code is 1 where a judged bound is missed.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from playwright.async_api import Page, async_playwright

from tests.benchmarks.child import Child
from tests.benchmarks.clip import encode_clip
from tests.benchmarks.janus import Janus
from tests.benchmarks.judged import Judged, exit_code
from tests.benchmarks.plot import lines
from tests.browser import CHROMIUM, FLAGS
from tests.ending import end_what_we_started
from tests.natlab import namespace
from tests.natlab.addresses import SERVER_4
from tests.natlab.lab import Lab

WAYS = ("ours_direct", "ours_relay", "janus", "plain")
PLACES = {"upload": ("camera", "up"), "last_leg": ("viewer", "down")}
LOSSES = (1, 5, 10)
"""Percent."""
LINE_MS = 10
OURS_OVER_JANUS, SHORT_SECONDS = 1.1, 0.5
"""Judged: the relay's freezes are at most so much of Janus's, or this short."""
ROUNDS, SECONDS = 5, 60.0
SETTLE_SECONDS = 2.0
"""Until a new loss is felt, and after it until a freeze that it caused has ended and is counted."""
FIRST_PICTURE_MS = 20_000
PAGE = Path(__file__).parent / "pages" / "watch.html"
PICTURE = Path("build/bench/loss.png")
CUT_AT_THE_SENDER = "link set dev eth0 gso_max_segs 1"
"""A network card cuts what the kernel hands it in one piece; a virtual cable carries the piece, and loses it whole."""
UNMASKED = "--disable-features=WebRtcHideLocalIpsWithMdns"
"""Janus and plain aiortc need addresses: multicast names mean nothing on another network."""

Freezes = dict[tuple[str, str, int], list[float]]
"""Seconds by way, place and percent, one for each round."""


@dataclass(frozen=True)
class Condition:
    place: str
    percent: int


@dataclass
class Stage:
    """All that runs in one round."""

    lab: Lab
    clip: Path
    folder: Path
    stack: AsyncExitStack
    children: dict[str, Child] = field(default_factory=dict)

    async def child(self, name: str, module: str, *arguments: str, host: str) -> Child:
        made = await Child.start(module, *arguments, prefix=self.lab.hosts[host].prefix)
        self.stack.push_async_callback(made.stop)
        self.children[name] = made
        return made

    async def browser(self) -> Page:
        driver = await self.stack.enter_async_context(async_playwright())
        program = self.lab.viewer.script(self.folder / "chromium", CHROMIUM)
        browser = await driver.chromium.launch(executable_path=program, args=[*FLAGS, UNMASKED], timeout=60_000)
        self.stack.push_async_callback(browser.close)
        page = await browser.new_page()
        await page.set_content(PAGE.read_text())
        return page

    async def watch_all(self, page: Page) -> None:
        """Open every way; returns when all show pictures."""
        camera = await self.child("camera", "camera_process", "ours", str(self.clip), host="camera")
        plain = await self.child("plain", "camera_process", "stock", str(self.clip), host="camera")
        relay = await self.child("relay", "relay_process", SERVER_4.relay, host="server")
        for name, source in (("ours_direct", camera), ("plain", plain)):
            offer = (await source.ask(open=name))["offer"]
            await source.ask(answer=await answered(page, name, offer), id=name)
        await relay.ask(watch="viewer")
        offer = (await camera.ask(open="to ours"))["offer"]
        await camera.ask(answer=(await relay.ask(publish=offer))["answer"], id="to ours")
        offer = (await relay.ask(offer_of="viewer"))["offer"]
        await relay.ask(answer=await answered(page, "ours_relay", offer), id="viewer")
        await self._watch_janus(page, camera)
        for name in WAYS:
            await page.wait_for_function(
                "async (name) => (await stats(name)).framesDecoded > 30", arg=name, timeout=FIRST_PICTURE_MS
            )

    async def _watch_janus(self, page: Page, camera: Child) -> None:
        janus = Janus(self.lab.server, SERVER_4.relay)
        self.stack.push_async_callback(janus.stop)
        await janus.start()
        offer = (await camera.ask(open="to janus"))["offer"]
        await camera.ask(answer=await janus.publish(offer), id="to janus")
        await asyncio.sleep(1)
        handle, offer = await janus.watch()
        await janus.answer(handle, await answered(page, "janus", offer))


async def answered(page: Page, name: str, offer: str) -> str:
    answer: str = await page.evaluate("([name, offer]) => watch(name, offer)", [name, offer])
    return answer


async def counted(page: Page) -> dict[str, dict[str, float]]:
    return {name: await page.evaluate("stats", name) for name in WAYS}


async def suffer(lab: Lab, page: Page, condition: Condition, seconds: float) -> dict[str, dict[str, float]]:
    """Lose packets for a while; what each way's figures grew by."""
    host, direction = PLACES[condition.place]
    share = condition.percent / 100
    lab.lose(host, up=share if direction == "up" else 0.0, down=share if direction == "down" else 0.0)
    await asyncio.sleep(SETTLE_SECONDS)
    before = await counted(page)
    await asyncio.sleep(seconds)
    lab.mend(host)
    await asyncio.sleep(SETTLE_SECONDS)
    after = await counted(page)
    names = ("totalFreezesDuration", "freezeCount", "framesDecoded", "nackCount", "pliCount", "packetsLost")
    return {way: {name: after[way][name] - before[way][name] for name in names} for way in WAYS}


async def play(clip: Path, conditions: list[Condition], seconds: float, freezes: Freezes) -> None:
    """One round: everything anew, then every condition in turn."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lab = stack.enter_context(Lab(camera="none", viewer="none", delay_ms=LINE_MS))
        namespace.ip([CUT_AT_THE_SENDER], lab.server.namespace)
        stage = Stage(lab, clip, folder, stack)
        page = await stage.browser()
        await stage.watch_all(page)
        for condition in conditions:
            grown = await suffer(lab, page, condition, seconds)
            for way, figures in grown.items():
                freezes.setdefault((way, condition.place, condition.percent), []).append(
                    figures["totalFreezesDuration"]
                )
                print(
                    f"{condition.place:9} {condition.percent:3} % {way:12} {figures['totalFreezesDuration']:8.2f} "
                    f"{figures['freezeCount']:8.0f} {figures['framesDecoded']:8.0f} {figures['nackCount']:7.0f} "
                    f"{figures['pliCount']:5.0f} {figures['packetsLost']:6.0f}",
                    flush=True,
                )


def summed_up(freezes: Freezes) -> dict[str, float]:
    """The keys of the last line."""
    medians = {key: statistics.median(values) for key, values in freezes.items()}
    found: dict[str, float] = {}
    for (way, place, percent), value in medians.items():
        found[f"{way}_freeze_s_{percent}"] = max(found.get(f"{way}_freeze_s_{percent}", 0.0), value)
        found[f"{way}_{place}_freeze_s_{percent}"] = value
    return {name: round(value, 2) for name, value in found.items()}


def judged(found: dict[str, float], losses: tuple[int, ...]) -> list[Judged]:
    """The relay beside Janus, for each loss at each place."""
    verdicts = []
    for place, percent in itertools.product(PLACES, losses):
        ours, janus = (found[f"{way}_{place}_freeze_s_{percent}"] for way in ("ours_relay", "janus"))
        limit = max(OURS_OVER_JANUS * janus, SHORT_SECONDS)
        shown = f"{place}, {percent} %: relay frozen for {ours:.2f} s, Janus for {janus:.2f} s"
        verdicts.append(Judged(shown, ours, limit, f"at most {limit:.2f} s"))
    return verdicts


async def main(rounds: int, seconds: float, losses: tuple[int, ...]) -> int:
    """Returns the exit code."""
    print(f"{'lost on':9} {'loss':>5} {'way':12} {'frozen s':>8} {'freezes':>8} {'decoded':>8} {'nacks':>7}", end=" ")
    print(f"{'plis':>5} {'gone':>6}")
    freezes: Freezes = {}
    conditions = [Condition(place, percent) for percent in losses for place in PLACES]
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip"
        clip.write_bytes(msgspec.msgpack.encode(encode_clip(width=640, height=360, bitrate=1_500_000)))
        for number in range(rounds):
            await play(clip, conditions[number:] + conditions[:number], seconds, freezes)
    found = summed_up(freezes)
    curves = {way: [found[f"{way}_freeze_s_{percent}"] for percent in losses] for way in WAYS}
    lines(PICTURE, "packets lost, %", f"seconds frozen of {seconds:.0f}", list(losses), curves)
    verdicts = judged(found, losses)
    print(*verdicts, sep="\n")
    print(json.dumps(found))
    return exit_code(verdicts)


if __name__ == "__main__":
    end_what_we_started()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of 10 s")
    parser.add_argument("--loss", type=int, action="append", help="percent; may be repeated")
    given = parser.parse_args(sys.argv[1:])
    chosen = tuple(given.loss or LOSSES)
    sys.exit(asyncio.run(main(1 if given.quick else ROUNDS, 10.0 if given.quick else SECONDS, chosen)))
