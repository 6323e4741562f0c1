"""Viewers that others wrote watch through the relay: without loss every picture arrives, by the number burnt into it.

Chromium reads the numbers off the pictures it decodes. Firefox, GStreamer's webrtcbin and werift hand out the frames
they put together, which are decoded here; Firefox must have decoded them as well.
"""

import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import pytest
from aioice.ice import get_host_addresses
from playwright.async_api import async_playwright

from media.relay.settings import RelaySettings
from tests.browser import CHROMIUM, FLAGS
from tests.media.page import Watch, serve

HERE = Path(__file__).parent / "viewers"
WEBRTCBIN = ("/usr/bin/python3", str(HERE / "webrtcbin.py"))
"""Debian's own Python has GStreamer's bindings."""
WERIFT = ("node", str(HERE / "werift.mjs"))
PICTURES = 90
FPS = 15
GROUP = 2 * FPS
JOINING = GROUP + FPS
"""Pictures until a newcomer shows the present: it may be moved on from the cached group to a fresh key frame, and what
came before its keys were ready is lost."""
LIMIT_SECONDS = 60.0
MAX_LINE = 1 << 20
NO_CALLS = """
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("media.autoplay.default", 0);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "http://127.0.0.1:9/");
user_pref("toolkit.telemetry.enabled", false);
user_pref("trailhead.firstrun.didSeeAboutWelcome", true);
"""
"""A browser under test calls nobody."""

MakeScene = Callable[..., Awaitable[Any]]


async def assert_every_picture(numbers: AsyncIterator[int], clip_length: int) -> None:
    seen: list[int] = []
    async with asyncio.timeout(LIMIT_SECONDS):
        async for number in numbers:
            seen.append(number)
            if len(seen) == JOINING + PICTURES:
                break
    seen = seen[JOINING:]
    steps = [(after - before) % clip_length for before, after in itertools.pairwise(seen)]
    assert steps == [1] * (PICTURES - 1), f"pictures {seen}"


def make_clip(clip: ModuleType, codec: str) -> Any:
    return clip.encode_clip(codec, width=640, height=360, fps=FPS, group=GROUP, bitrate=800_000)


def outside() -> RelaySettings:
    """Firefox and GStreamer do no ICE over loopback."""
    addresses = get_host_addresses(use_ipv4=True, use_ipv6=False)
    assert addresses, "this machine has no address but loopback"
    return RelaySettings(addresses=tuple(addresses), linger=0.5)


def answers_questions(scene: Any) -> bool:
    """Every viewer lets itself be asked whether it is there."""
    legs = [leg for _, leg in scene.relay._viewers.values()]
    return bool(legs) and all(leg.liveness.answers for leg in legs)


async def counted(scene: Any, stack: AsyncExitStack, said: "asyncio.Queue[Any]") -> str:
    """Serves the page that counts; what it says goes into the queue."""
    watch = Watch(
        lambda name: scene.relay.viewer_offer("cam", name, "owner"),
        scene.relay.viewer_answer,
        said=said.put_nowait,
    )
    return await serve(stack, HERE / "count.html", watch)


def decoded(decoder: av.VideoCodecContext, frame: str, clip: ModuleType) -> list[int]:
    """The numbers in a frame in base64; nothing for one that cannot be decoded, whose number will then be missing."""
    with contextlib.suppress(av.error.InvalidDataError):
        return [clip.number_in(picture) for picture in decoder.decode(av.Packet(base64.b64decode(frame)))]
    return []


async def all_decoded(said: "asyncio.Queue[Any]") -> None:
    """Until the page has decoded as many frames as it handed out in all that time."""
    while True:
        if (await said.get())["decoded"] >= JOINING + PICTURES:
            return


async def pictures(said: "asyncio.Queue[Any]", clip: ModuleType) -> AsyncIterator[int]:
    """The numbers of the pictures that the page has seen."""
    decoder = av.CodecContext.create("vp8", "r")
    while True:
        message = await said.get()
        assert "failed" not in message, message
        if "picture" in message:
            yield message["picture"]
            continue
        for shown in decoded(decoder, message["frame"], clip):
            yield shown


@pytest.mark.browser
@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_chromium_decodes_every_picture(
    make_scene: MakeScene, clip: ModuleType, stack: AsyncExitStack, codec: str
) -> None:
    made = make_clip(clip, codec)
    scene = await make_scene(clip.ClipSource(made, FPS, codec))
    said: asyncio.Queue[Any] = asyncio.Queue()
    url = await counted(scene, stack, said)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=60_000)
        await (await browser.new_page()).goto(url)
        await assert_every_picture(pictures(said, clip), len(made))
        assert answers_questions(scene)
        await browser.close()


@asynccontextmanager
async def firefox(folder: Path, url: str) -> AsyncIterator[None]:
    """Firefox without a screen, on a profile of its own."""
    profile = folder / "profile"
    profile.mkdir()
    profile.joinpath("user.js").write_text(NO_CALLS)
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *("firefox-esr", "--headless", "--no-remote", "--profile", str(profile), url),
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_CRASHREPORTER_DISABLE": "1"},
        stdout=quiet,
        stderr=quiet,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.browser
async def test_firefox_decodes_every_frame(
    make_scene: MakeScene, clip: ModuleType, stack: AsyncExitStack, tmp_path: Path
) -> None:
    """VP8: it has no H.264 of its own."""
    made = make_clip(clip, "vp8")
    scene = await make_scene(clip.ClipSource(made, FPS, "vp8"), outside())
    said: asyncio.Queue[Any] = asyncio.Queue()
    async with firefox(tmp_path, await counted(scene, stack, said)):
        await assert_every_picture(pictures(said, clip), len(made))
        assert answers_questions(scene)
        async with asyncio.timeout(LIMIT_SECONDS):  # its statistics are late
            await all_decoded(said)


def over(transport: str, offer: str) -> str:
    """The offer with candidates of one transport alone."""
    other = {"udp": " tcp ", "tcp": " udp "}[transport]
    return "".join(line for line in offer.splitlines(True) if not (line.startswith("a=candidate") and other in line))


@asynccontextmanager
async def program(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """What it says on its standard error is ours."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=MAX_LINE)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def frames(process: asyncio.subprocess.Process, clip: ModuleType) -> AsyncIterator[int]:
    """The numbers of the frames that a program hands out."""
    assert process.stdout is not None
    decoder = av.CodecContext.create("h264", "r")
    while line := await process.stdout.readline():
        for number in decoded(decoder, json.loads(line)["frame"], clip):
            yield number


@pytest.mark.parametrize(
    ("transport", "command"),
    [("udp", WEBRTCBIN), ("tcp", WEBRTCBIN), ("udp", WERIFT)],
    ids=["webrtcbin", "webrtcbin over TCP", "werift"],
)
async def test_other_stacks_put_every_frame_together(
    make_scene: MakeScene, clip: ModuleType, command: tuple[str, ...], transport: str
) -> None:
    made = make_clip(clip, "h264")
    scene = await make_scene(clip.ClipSource(made, FPS), outside())
    async with program(*command) as process, asyncio.timeout(LIMIT_SECONDS):
        assert process.stdin is not None and process.stdout is not None
        offer = over(transport, await scene.relay.viewer_offer("cam", "viewer", "owner"))
        process.stdin.write(json.dumps({"offer": offer}).encode() + b"\n")
        answer = json.loads(await process.stdout.readline())["answer"]
        scene.relay.viewer_answer("viewer", answer)
        await assert_every_picture(frames(process, clip), len(made))
        assert answers_questions(scene)
