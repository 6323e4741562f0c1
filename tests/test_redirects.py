"""Whoever of ours asks a server asks that one alone: where it points elsewhere, nobody is heard of."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from camera_peer import farewell
from camera_peer.activation import activate
from camera_peer.identity import Identity, load_or_make
from camera_peer.problem import CameraProblem
from camera_peer.state import Pairing
from media.tunnel import TunnelTarget, open_tunnel
from signaling.client import SignalingClient
from signaling.doctor.server import try_server
from signaling.protocol.qr import OnboardingCode
from tests.patience import eventually
from tests.signaling.test_client import Recorder

ELSEWHERE = "/elsewhere"
Ask = Callable[[str, Identity], Awaitable[object]]


class Asked(list[str]):
    """Paths in the order of their requests. All of them point at `target`, but the one at which it points."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self._target = target

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.append(request.path)
        if request.path == ELSEWHERE:
            return web.Response(status=204)
        return web.Response(status=307, headers={"Location": self._target})


@asynccontextmanager
async def asked(target: str) -> AsyncIterator[tuple[str, Asked]]:
    """A server's origin, and what it was asked."""
    heard = Asked(target)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", heard.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", heard
    finally:
        await runner.cleanup()


async def tunnel(origin: str, _: Identity) -> None:
    with pytest.raises(aiohttp.ClientError):
        await open_tunnel(TunnelTarget(f"{origin}/api/media"), asyncio.DatagramProtocol())


async def socket(origin: str, _: Identity) -> None:
    tries: list[int] = []

    def backoff(attempt: int) -> float:
        tries.append(attempt)
        return 0.01

    client = SignalingClient(
        f"{origin}/api/signaling",
        authorization=lambda: "Bearer x",
        handler=Recorder(),
        backoff=backoff,
        random=lambda: 0.0,
    )
    task = asyncio.create_task(client.run())
    await eventually(lambda: len(tries) > 1)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def activation(origin: str, device: Identity) -> None:
    with pytest.raises(CameraProblem):
        await activate(
            OnboardingCode(origin, "AAECAwQFBgcICQoLDA0ODw"),
            device,
            random=lambda: 0.5,
            monotonic=time.monotonic,
            delayed=lambda _problem: None,
        )


async def goodbye(origin: str, device: Identity) -> None:
    assert not await farewell.tell(Pairing("c1", origin, ""), device), "nobody was told"


async def doctor(origin: str, _: Identity) -> None:
    await try_server(origin)


@pytest.mark.parametrize("ask", [socket, tunnel, activation, goodbye, doctor])
@pytest.mark.parametrize("other", [False, True], ids=["same origin", "other origin"])
async def test_no_redirect_is_followed(tmp_path: Path, ask: Ask, other: bool) -> None:
    device = load_or_make(tmp_path, os.urandom)
    async with AsyncExitStack() as stack:
        foreign, followed = await stack.enter_async_context(asked(ELSEWHERE))
        origin, heard = await stack.enter_async_context(asked((foreign if other else "") + ELSEWHERE))
        await ask(origin, device)
    assert heard and ELSEWHERE not in heard and not followed
