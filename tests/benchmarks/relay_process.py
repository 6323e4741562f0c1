"""The measured side of `bench-relay`: our relay in a process of its own, on the addresses given as arguments, or all.

JSON lines on standard input: `{"watch": id, "camera": name}` gives `{"needs_upload": bool}`, `{"publish": offer,
"camera": name}` gives `{"answer": sdp}`, `{"offer_of": id}` gives `{"offer": sdp}`, `{"answer": sdp, "id": id}` gives
`{"ok": true}`, `{"usage": true}` gives `{"cpu": s, "rss": bytes, "at": s, "tasks": n, "descriptors": n,
"viewers": n}`. One camera need not be named.
"""

import asyncio
import ctypes
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import structlog
import uvloop

from media.relay.node import Relay
from media.relay.settings import RelaySettings


def camera_in(order: dict[str, Any]) -> str:
    name: str = order.get("camera", "cam")
    return name


async def main() -> None:
    loop = asyncio.get_running_loop()
    wanted: list[str] = []
    relay = Relay(
        RelaySettings(addresses=tuple(sys.argv[1:]), viewers=1000, viewers_per_owner=1000, viewers_per_camera=500),
        needs_upload=wanted.append,
        upload_over=lambda _: None,
        viewer_ended=lambda viewer, why: print(viewer, why, file=sys.stderr),
    )
    await relay.start()
    offers: dict[str, asyncio.Task[str]] = {}
    process = psutil.Process()

    async def watch(order: dict[str, Any]) -> dict[str, Any]:
        offers[order["watch"]] = asyncio.create_task(relay.viewer_offer(camera_in(order), order["watch"], "owner"))
        await asyncio.sleep(0)
        asked = bool(wanted)
        wanted.clear()
        return {"needs_upload": asked}

    async def publish(order: dict[str, Any]) -> dict[str, Any]:
        return {"answer": await relay.publisher_answer(camera_in(order), order["publish"])}

    async def offer_of(order: dict[str, Any]) -> dict[str, Any]:
        return {"offer": await offers.pop(order["offer_of"])}

    async def answer(order: dict[str, Any]) -> dict[str, Any]:
        relay.viewer_answer(order["id"], order["answer"])
        return {"ok": True}

    async def usage(_: dict[str, Any]) -> dict[str, Any]:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        return {
            "cpu": time.process_time(),
            "rss": process.memory_info().rss,
            "at": time.monotonic(),
            "tasks": len(asyncio.all_tasks()),
            "descriptors": process.num_fds(),
            "viewers": relay.load().viewers,
        }

    handlers: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
        "watch": watch,
        "publish": publish,
        "offer_of": offer_of,
        "answer": answer,
        "usage": usage,
    }
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        print(json.dumps(await handlers[next(iter(order))](order)), flush=True)
    await relay.stop()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    uvloop.run(main())
