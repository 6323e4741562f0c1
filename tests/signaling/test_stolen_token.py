"""Two devices that say no word take turns with one bearer: the owner is warned; whoever merely comes back warns nobody.

The sockets are real, and it is their own answers that tell a living connection from a dead one.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from signaling.rivals import TURNS
from signaling.server import Running
from tests.signaling.api import Api
from tests.signaling.viewer_client import WirePeer, connected

SUPERSEDED = 4001


async def camera_with_token(owner: Api) -> tuple[str, str]:
    camera, _ = await owner.add_camera()
    return camera, (await owner.good("POST", f"/api/cameras/{camera}/token"))["token"]


async def problem_of(running: Running, owner: Api, camera: str) -> str | None:
    await running.hub._news.flush()
    problem: dict[str, Any] | None = (await owner.camera(camera))["problem"]
    return problem["code"] if problem else None


@asynccontextmanager
async def device(owner: Api, token: str, *, answers: bool = True) -> AsyncIterator[WirePeer]:
    """A registered device. Without `answers` its line is dead: it is open here, and nothing comes back."""
    async with connected(owner.origin + "/api/signaling", f"Bearer {token}", autoping=answers) as peer:
        await peer.register()
        yield peer


async def take_turns(running: Running, owner: Api, token: str, times: int, *, answers: bool = True) -> None:
    """Each comes while the one before is still there, and sees it thrown out; the server takes note of each."""
    async with AsyncExitStack() as stack:
        before: WirePeer | None = None
        for _ in range(times):
            newest = await stack.enter_async_context(device(owner, token, answers=answers))
            if before is not None:
                assert await before.closed() == SUPERSEDED
                await running.hub._news.flush()
            before = newest


async def test_two_devices_with_one_token_warn_the_owner(running: Running, owner: Api) -> None:
    camera, token = await camera_with_token(owner)
    await take_turns(running, owner, token, TURNS)
    assert await problem_of(running, owner, camera) is None
    await take_turns(running, owner, token, 24)
    assert await problem_of(running, owner, camera) == "identity_contested"
    newest = (await owner.good("GET", f"/api/audit?camera={camera}"))["entries"][0]
    assert (newest["deed"], newest["details"]) == ("identity_contested", {"one": "127.0.0.1", "two": "127.0.0.1"})


async def test_a_new_token_ends_the_warning(running: Running, owner: Api) -> None:
    camera, token = await camera_with_token(owner)
    await take_turns(running, owner, token, TURNS + 1)
    assert await problem_of(running, owner, camera) == "identity_contested"
    token = (await owner.good("POST", f"/api/cameras/{camera}/token"))["token"]
    await take_turns(running, owner, token, 2)
    assert await problem_of(running, owner, camera) is None


async def test_dead_lines_warn_nobody(running: Running, owner: Api) -> None:
    """A camera that moves leaves a connection behind that is open here alone."""
    camera, token = await camera_with_token(owner)
    await take_turns(running, owner, token, TURNS + 2, answers=False)
    assert await problem_of(running, owner, camera) is None


async def test_restarts_warn_nobody(running: Running, owner: Api) -> None:
    camera, token = await camera_with_token(owner)
    for _ in range(3 * TURNS):
        async with device(owner, token):
            pass
    assert await problem_of(running, owner, camera) is None
