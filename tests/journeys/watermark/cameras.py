"""Many cameras in one process, each the product's own agent, broadcast and sessions, with frames made ahead.

`python -m tests.journeys.watermark.cameras PLAN SEED FIRST LAST`: those of the plan's cameras. They live until their
input ends; each line there is answered with `{"viewers": n, "packets": n}`.
"""

import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import structlog
import uvloop

from camera_peer.__main__ import line
from camera_peer.agent import CameraAgent
from camera_peer.broadcast import Broadcast
from camera_peer.identity import Identity
from camera_peer.picture import Picture
from camera_peer.settings import Settings
from camera_peer.state import LastProblem
from camera_peer.viewer_session import Sessions
from media.frames import AudioCodec, EncodedFrame, FrameSink, VideoCodec
from tests.journeys.watermark.mark import FPS, marked_clip
from tests.journeys.watermark.plan import CameraPlan, Plan, read_plan
from tests.journeys.watermark.reuse import few_names

CLOCK = 90_000


class ClipSource:
    """Plays a clip for ever, as a camera that comes encoded. `phase`: seconds until its first frame."""

    video_codec: VideoCodec = "h264"
    audio_codec: AudioCodec | None = None

    def __init__(self, clip: list[tuple[bytes, bool]], phase: float) -> None:
        self._clip = clip
        self._phase = phase

    async def run(self, sink: FrameSink) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time() + self._phase
        for number, (data, key) in enumerate(itertools.cycle(self._clip)):
            await asyncio.sleep(begin + number / FPS - loop.time())
            sink(EncodedFrame("h264", data, number * CLOCK // FPS, key, time.monotonic()))

    def demand(self, wanted: bool) -> None: ...

    def request_keyframe(self) -> None: ...


class Quiet:
    """What the agent tells the lifecycle, which has ended here: the camera is paired."""

    def registered(self) -> LastProblem | None:
        return None

    def lost(self) -> None: ...

    def learned(self, pins: tuple[str, ...]) -> None: ...


def agent_of(camera: CameraPlan, rng: random.Random) -> tuple[CameraAgent, Sessions]:
    """The product's agent, as `belvedere-camera` puts it together."""
    broadcast = Broadcast(ClipSource(marked_clip(camera.number), rng.random() / FPS))
    sessions, identity = Sessions(broadcast), Identity(camera.private_key)

    def picture(told: Callable[[str | None], None]) -> Picture:
        return Picture(broadcast.run, told, random=rng.random)

    agent = CameraAgent(
        sessions,
        picture,
        lambda pairing, handler, tickets, backoff: line(pairing, identity, Settings(), handler, tickets, backoff),
        random=rng.random,
        monotonic=time.monotonic,
    )
    return agent, sessions


async def main(plan: Plan, cameras: list[CameraPlan], rng: random.Random) -> None:
    made = [(*agent_of(camera, rng), camera) for camera in cameras]
    running = [asyncio.create_task(agent.run(camera.pairing(plan.origin), Quiet())) for agent, _, camera in made]
    while await asyncio.to_thread(sys.stdin.readline):
        for task in running:
            if task.done():
                task.result()
        sessions = [one for _, one, _ in made]
        figures = {"viewers": sum(map(len, sessions)), "packets": sum(one.packets_sent() for one in sessions)}
        print(json.dumps(figures), flush=True)
    for task in running:
        task.cancel()
    await asyncio.wait(running)


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(40), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    path, seed, first, last = sys.argv[1:]
    read = read_plan(Path(path))
    rng = random.Random(f"{seed} {first}")
    few_names(rng)
    uvloop.run(main(read, read.cameras[int(first) : int(last)], rng))
