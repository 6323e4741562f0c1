"""Whether a hundred people who sign in at once are felt by those who watch over the relay of the same server.

Passwords cost what they cost (bcrypt 12), limits are off, the picture comes 30 times a second. In turn it is quiet, a
hundred logins are under way all the time, or the same hashing is done by another process at the same niceness. The
figure is the time between two frames at a light viewer: the 99th percentile of a round, the median of all rounds.
Ends with one line of JSON.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import aiohttp
import av
import psutil

from tests.benchmarks.child import Child
from tests.benchmarks.clip import encode_clip
from tests.benchmarks.judged import Judged, exit_code
from tests.ending import end_what_we_started
from tests.home import Household, household
from tests.program import ROOT
from tests.servers import PASSWORD

LOGINS = 100
STRANGER = "stranger@example.org"
"""Who signs in: an account keeps its 32 newest logins, and the viewer's shall not end."""
ACCOUNT = {"email": STRANGER, "password": PASSWORD}
ROUNDS, SECONDS, SETTLE_SECONDS = 5, 6.0, 1.0
BUSY_SECONDS = 0.5
"""After which somebody whom the server had no time for tries again."""
MOST = 2.0
"""Times the gap under the same work elsewhere."""
LEAST_PER_SECOND = 0.5
"""Logins, in each round. A core hashes three, a busy one half as many; with fewer there is nothing to feel."""
SETTINGS = {"bcrypt_cost": "12", "relay_addresses": "127.0.0.1", "registration": "open", "log_level": "warning"}
CONDITIONS = ("quiet", "logins", "elsewhere")
FPS = 30


@dataclass
class Figures:
    """Of one condition, a number each round. `cpu`: seconds used by the server and by the work elsewhere."""

    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    worst: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    logins: list[int] = field(default_factory=list)


class Crowd:
    """People who sign in. `done` counts those who are in, `refused` those who never will be."""

    def __init__(self, url: str) -> None:
        self.done = self.refused = 0
        self._url = url

    @asynccontextmanager
    async def signing_in(self) -> AsyncIterator[None]:
        """A hundred at a time, as long as the block runs. Raises `AssertionError` where somebody was refused."""
        connector = aiohttp.TCPConnector(limit=LOGINS)
        async with aiohttp.ClientSession(self._url, connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
            tasks = [asyncio.create_task(self._sign_in(http)) for _ in range(LOGINS)]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                ends = await asyncio.gather(*tasks, return_exceptions=True)
        for failed in [end for end in ends if isinstance(end, Exception)]:
            raise failed

    async def _sign_in(self, http: aiohttp.ClientSession) -> None:
        while True:
            async with http.post("/api/sessions", json=ACCOUNT) as answer:
                self.done += answer.status == 201
                self.refused += answer.status not in (201, 503)
                assert answer.status in (201, 503), await answer.text()
            if answer.status != 201:
                await asyncio.sleep(BUSY_SECONDS)


@asynccontextmanager
async def working_elsewhere() -> AsyncIterator[psutil.Process]:
    """Another process hashes, in a session of its own, as the server has one."""
    command = [sys.executable, "-m", "tests.benchmarks.burner"]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def measure(condition: str, home: Household, viewer: Child, figures: Figures) -> None:
    """One round."""
    assert home.server.process is not None
    server, crowd = psutil.Process(home.server.process.pid), Crowd(home.server.url)
    if condition == "logins":
        async with crowd.signing_in():
            await look(viewer, [server], figures)
        figures.logins.append(crowd.done)
    elif condition == "elsewhere":
        async with working_elsewhere() as burner:
            await look(viewer, [server, burner], figures)
    else:
        await look(viewer, [server], figures)
    await until_idle(server)


async def look(viewer: Child, processes: list[psutil.Process], figures: Figures) -> None:
    """The gaps of the next seconds, once it has begun."""
    await asyncio.sleep(SETTLE_SECONDS)
    await viewer.ask()
    before = sum(map(cpu, processes))
    await asyncio.sleep(SECONDS)
    gaps = sorted(1000 * gap for gap in (await viewer.ask())["gaps"] or [SECONDS])
    figures.cpu.append(sum(map(cpu, processes)) - before)
    figures.p50.append(gaps[len(gaps) // 2])
    figures.p99.append(gaps[len(gaps) * 99 // 100])
    figures.worst.append(gaps[-1])


async def until_idle(server: psutil.Process) -> None:
    """Whatever was begun is done."""
    while True:
        before = cpu(server)
        await asyncio.sleep(SETTLE_SECONDS)
        if cpu(server) - before < SETTLE_SECONDS / 2:
            return


def write_clip(path: Path) -> None:
    """A file that a camera passes through as it is."""
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number, (data, key) in enumerate(encode_clip(fps=FPS)):
            packet = av.Packet(data)
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, number, number, Fraction(1, FPS)
            packet.is_keyframe = key
            out.mux(packet)


def too_few(logins: Sequence[int]) -> str:
    """What is wrong with the numbers of logins, one a round; nothing where each is enough."""
    least = LEAST_PER_SECOND * (SECONDS + SETTLE_SECONDS)
    if logins and min(logins) >= least:
        return ""
    return f"FAULT: logins {list(logins)} in a round, at least {least:g} are needed to mean anything"


def table(results: dict[str, Figures]) -> str:
    """For people."""
    lines = [f"{'':10} {'p50 ms':>7} {'p99 ms':>7} {'worst':>7} {'CPU s':>6} {'logins':>7}   p99 of each round"]
    for condition, figures in results.items():
        each = " ".join(f"{value:.0f}" for value in figures.p99)
        lines.append(
            f"{condition:10} {statistics.median(figures.p50):7.1f} {statistics.median(figures.p99):7.1f} "
            f"{max(figures.worst):7.1f} {statistics.median(figures.cpu):6.1f} {sum(figures.logins):7}   {each}"
        )
    return "\n".join(lines)


async def main(rounds: int) -> int:
    """The exit code."""
    results = {condition: Figures() for condition in CONDITIONS}
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_clip(clip)
        with household(Path(folder), **SETTINGS) as home:
            await asyncio.to_thread(home.call, "POST", "/api/accounts", ACCOUNT, 201)
            camera = await asyncio.to_thread(home.add_camera, "Garden", str(clip), "--audio", "no")
            viewer = await Child.start("gap_client", home.server.url, home.token, camera.id)
            try:
                await viewer.heard()
                for _ in range(rounds):
                    for condition in CONDITIONS:
                        await measure(condition, home, viewer, results[condition])
            finally:
                await viewer.stop()
    print(table(results))
    p99 = {condition: statistics.median(figures.p99) for condition, figures in results.items()}
    ratio = p99["logins"] / p99["elsewhere"]
    judged = Judged(f"logins / the same work elsewhere = {ratio:.2f}", ratio, MOST, f"below {MOST:g}")
    fault = too_few(results["logins"].logins)
    print(*filter(None, (judged, fault)), sep="\n")
    figures = {f"{condition}_p99_ms": value for condition, value in p99.items()} | {"ratio": ratio}
    figures["logins_per_s"] = sum(results["logins"].logins) / (rounds * (SECONDS + SETTLE_SECONDS))
    holds = judged.holds and not fault
    print(json.dumps({name: round(value, 2) for name, value in figures.items()} | {"holds": holds}))
    return exit_code([judged], fault)


if __name__ == "__main__":
    end_what_we_started()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    sys.exit(asyncio.run(main(parser.parse_args().rounds)))
