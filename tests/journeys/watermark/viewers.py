"""Many light viewers in one process.

`python -m tests.journeys.watermark.viewers PLAN SEED FIRST LAST`: those of the plan's viewers. They live until their
input ends; each line there is answered with all their tallies so far.
"""

import asyncio
import random
import sys
from pathlib import Path

import msgspec
import structlog

from tests.journeys.watermark.plan import Plan, ViewerPlan, read_plan
from tests.journeys.watermark.reuse import FewPorts, few_names
from tests.journeys.watermark.watcher import Watcher

AT_A_TIME = 6
"""Viewers that set up a session."""
FIRST_PORT, SPARE_PORTS = 20_000, 16


async def main(plan: Plan, viewers: list[ViewerPlan], rng: random.Random) -> None:
    turnstile = asyncio.Semaphore(AT_A_TIME)
    watchers = [Watcher(viewer, plan.signaling_url, random.Random(rng.random()), turnstile) for viewer in viewers]
    running = [asyncio.create_task(watcher.run()) for watcher in watchers]
    while await asyncio.to_thread(sys.stdin.readline):
        for task in running:
            if task.done():
                task.result()
        print(msgspec.json.encode([watcher.tally for watcher in watchers]).decode(), flush=True)
    for task in running:
        task.cancel()
    await asyncio.wait(running)


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(40), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    path, seed, first, last = sys.argv[1:]
    read = read_plan(Path(path))
    rng = random.Random(f"{seed} {first} viewers")
    few_names(rng)
    ours = read.viewers[int(first) : int(last)]
    begin = FIRST_PORT + 2 * int(first)
    with asyncio.Runner(loop_factory=lambda: FewPorts(range(begin, begin + len(ours) + SPARE_PORTS))) as runner:
        runner.run(main(read, ours, rng))
