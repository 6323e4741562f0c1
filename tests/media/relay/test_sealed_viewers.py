"""Real browsers open in their worker what a camera has sealed, as it comes through a relay that cannot watch it.

Chromium reads the numbers off all pictures it decodes, Firefox off those it shows: what was not opened shows none.
"""

import asyncio
import itertools
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from playwright.async_api import Page

from media.frames import EncodedFrame, FrameSink
from media.h264 import split
from media.relay.channel import Channel
from media.relay.output import OutputStream
from media.relay.rtp import Packet
from media.sealed_frames import sealed
from media.sframe import sealer
from signaling.protocol.trust import envelope, plain, statement
from signaling.protocol.trust.envelope import SenderKey
from signaling.protocol.trust.session import HELLO, Hello
from tests.bundle import WEB, bundle
from tests.media.page import Watch, serve
from tests.media.relay.test_browser import page
from tests.media.relay.test_other_viewers import firefox, make_clip, outside

__all__ = ["page"]
HERE = Path(__file__).parent / "viewers"
EPOCH, SECRET = 7, bytes(range(32))
PICTURES = 90
SLICES = 4
LIMIT_SECONDS = 60.0
ENTRY = f"""
import {{ exchangeOf, makeExchange }} from '{WEB}/core/trust/envelope';
import {{ hello, makeNonce }} from '{WEB}/core/trust/session';
import {{ Unsealer }} from '{WEB}/core/trust/unsealer';
const askFor = async (camera) => {{
  const exchange = await makeExchange();
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  const whom = {{ camera, ring: camera }};
  const said = await hello(pair, whom, makeNonce(), await exchangeOf(exchange), 1800000000);
  return {{ camera, hello: said, exchange: exchange.privateKey }};
}};
Object.assign(globalThis, {{ askFor, Unsealer }});
"""

pytestmark = pytest.mark.browser
MakeScene = Callable[..., Awaitable[Any]]
NewLink = Callable[..., Awaitable[Any]]
Letters = Callable[["CameraKey", str], list[str]]


class CameraKey:
    """What a camera says to the hello of a viewer."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.name = statement.name_of(self.key)

    def envelope(self, hello: str) -> str:
        said = statement.read(hello, HELLO, Hello)
        own = X25519PrivateKey.generate()
        return envelope.seal(self.key, said, own, SenderKey(EPOCH, SECRET), 0, int(time.time()))

    def plain(self, hello: str) -> str:
        return plain.plain(self.key, statement.read(hello, HELLO, Hello), int(time.time()))


class SealingSource:
    """A clip whose every frame is sealed before anybody may have it. `tear`: what a relay then makes of its data."""

    def __init__(self, source: Any, tear: Callable[[bytes], bytes] = bytes) -> None:
        self._source = source
        self._sealer = sealer(EPOCH, SECRET)
        self._tear = tear

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    async def run(self, sink: FrameSink) -> None:
        def seal(frame: EncodedFrame) -> None:
            shut = sealed(frame, self._sealer)
            sink(replace(shut, data=self._tear(shut.data)))

        await self._source.run(seal)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The page's half of the viewer, and its worker."""
    page_half = bundle(tmp_path_factory.mktemp("page"), ENTRY)
    return {
        "page.js": page_half,
        "worker.js": bundle(tmp_path_factory.mktemp("worker"), f"import '{WEB}/core/trust/worker';"),
    }


class Told:
    """What the page says."""

    def __init__(self) -> None:
        self.hello = ""
        self.authentic = 0
        self.decoded = 0
        self.plain: bool | None = None
        self.untrue: list[str] = []
        self._pictures: asyncio.Queue[int] = asyncio.Queue()

    def __call__(self, message: dict[str, Any]) -> None:
        assert "failed" not in message, message
        self.hello = message.get("hello", self.hello)
        if "picture" in message:
            self._pictures.put_nowait(message["picture"])
        if "authentic" in message:
            self.authentic, self.plain = message["authentic"], message["plain"]
        self.decoded = message.get("decoded", self.decoded)
        if "untrue" in message:
            self.untrue.append(message["untrue"])

    async def pictures(self) -> AsyncIterator[int]:
        while True:
            yield await self._pictures.get()

    async def take(self, count: int) -> list[int]:
        async with asyncio.timeout(LIMIT_SECONDS):
            return [await self._pictures.get() for _ in range(count)]

    @property
    def pictures_seen(self) -> int:
        return self._pictures.qsize()


def envelopes(camera: CameraKey, hello: str) -> list[str]:
    return [camera.envelope(hello)]


async def show(
    stack: AsyncExitStack,
    scene: Any,
    scripts: dict[str, str],
    letters: Letters = envelopes,
    edit: Callable[[str], str] = str,
) -> tuple[str, Told]:
    """Serves the page; its address and what it says. `letters`: what the camera answers to the hello."""
    camera, told = CameraKey(), Told()

    async def offer(name: str) -> str:
        made = edit(await scene.relay.viewer_offer("cam", name, "owner"))
        return json.dumps({"offer": made, "letters": letters(camera, told.hello)})

    watch = Watch(offer, scene.relay.viewer_answer, said=told)
    return f"{await serve(stack, HERE / 'sealed.html', watch, scripts)}#{camera.name}", told


async def received(page: Page, seconds: int = 1) -> None:
    """Until the picture has arrived for so long, whatever becomes of it."""
    flows = """async () => {
      const packets = async () => {
        const all = [...(await peer.getStats()).values()];
        return all.find(({ kind, type }) => type === 'inbound-rtp' && kind === 'video')?.packetsReceived ?? 0;
      };
      const before = await packets();
      await new Promise((resolve) => setTimeout(resolve, 250));
      return (await packets()) > before + 3;
    }"""
    for _ in range(4 * seconds):
        await page.wait_for_function(flows, timeout=LIMIT_SECONDS * 1000)


def assert_in_order(seen: list[int], clip_length: int) -> None:
    steps = [(after - before) % clip_length for before, after in itertools.pairwise(seen)]
    assert all(0 < step < clip_length // 2 for step in steps), f"pictures {seen}"


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_sframe_through_the_relay_shows_every_picture_in_chromium(
    make_scene: MakeScene, clip: ModuleType, stack: AsyncExitStack, page: Page, scripts: dict[str, str], codec: str
) -> None:
    made = make_clip(clip, codec)
    scene = await make_scene(SealingSource(clip.ClipSource(made, 15, codec)))
    url, told = await show(stack, scene, scripts)
    await page.goto(url)
    seen = (await told.take(PICTURES + 45))[45:]
    assert_in_order(seen, len(made))
    # A busy page is not told of each picture that it shows: how many were opened, the worker counts.
    steps = [(after - before) % len(made) for before, after in itertools.pairwise(seen)]
    assert sum(steps) <= 1.05 * len(steps), f"pictures {seen}"
    assert told.authentic >= PICTURES and told.plain is False and told.untrue == []


@pytest.mark.parametrize(("width", "height", "profile"), [(416, 240, "baseline"), (1920, 1080, "high")])
async def test_sframe_has_the_cameras_size_whatever_its_readable_parameter_sets_say(
    make_scene: MakeScene,
    clip: ModuleType,
    stack: AsyncExitStack,
    page: Page,
    scripts: dict[str, str],
    width: int,
    height: int,
    profile: str,
) -> None:
    """They are the same for all cameras; the true ones are sealed."""
    made = clip.encode_clip(width=width, height=height, fps=15, group=30, frames=60, bitrate=800_000, profile=profile)
    scene = await make_scene(SealingSource(clip.ClipSource(made, 15, "h264")))
    url, told = await show(stack, scene, scripts)
    await page.goto(url)
    assert_in_order((await told.take(60))[15:], len(made))
    video = "document.querySelector('video')"
    assert await page.evaluate(f"[{video}.videoWidth, {video}.videoHeight]") == [width, height]


def in_slices(clip: ModuleType) -> Any:
    made = clip.encode_clip(width=640, height=360, fps=15, group=30, frames=60, bitrate=800_000, slices=SLICES)
    assert all(len(slices_of(data)) == SLICES for data, _ in made)
    return made


def slices_of(data: bytes) -> list[bytes]:
    return [unit for unit in split(data) if unit[0] & 0x1F in (1, 5)]


def without_the_second_slice(data: bytes) -> bytes:
    second = slices_of(data)[1]
    return b"".join(b"\0\0\0\1" + unit for unit in split(data) if unit != second)


async def test_sframe_of_pictures_in_slices_shows_each_whole(
    make_scene: MakeScene, clip: ModuleType, stack: AsyncExitStack, page: Page, scripts: dict[str, str]
) -> None:
    made = in_slices(clip)
    scene = await make_scene(SealingSource(clip.ClipSource(made, 15, "h264")))
    url, told = await show(stack, scene, scripts)
    await page.goto(url)
    assert_in_order((await told.take(PICTURES))[45:], len(made))
    assert told.authentic >= PICTURES - 3 and told.untrue == []


async def test_sframe_of_pictures_that_lack_a_slice_shows_none(
    make_scene: MakeScene, clip: ModuleType, stack: AsyncExitStack, page: Page, scripts: dict[str, str]
) -> None:
    """A decoder would show in its place what was there before, for ever."""
    source = clip.ClipSource(in_slices(clip), 15, "h264")
    scene = await make_scene(SealingSource(source, without_the_second_slice))
    url, told = await show(stack, scene, scripts)
    await page.goto(url)
    await received(page, 3)
    assert (told.authentic, told.pictures_seen) == (0, 0)


async def test_sframe_pictures_survive_lost_packets(
    make_scene: MakeScene,
    new_link: NewLink,
    clip: ModuleType,
    stack: AsyncExitStack,
    page: Page,
    scripts: dict[str, str],
) -> None:
    chance = random.Random(7)
    made = make_clip(clip, "h264")
    scene = await make_scene(SealingSource(clip.ClipSource(made, 15, "h264")))
    link = await new_link(
        scene.relay.port, lambda first, inward: first >= 128 and not inward and chance.random() < 0.02
    )
    url, told = await show(stack, scene, scripts, edit=link.edit)
    await page.goto(url)
    await told.take(45)
    began = time.monotonic()
    seen = await told.take(PICTURES)
    taken = time.monotonic() - began
    print("lost", link.lost, "seconds for", PICTURES, "pictures", round(taken, 2))
    assert link.lost > 5
    assert_in_order(seen, len(made))
    assert len(seen) >= 0.9 * 15 * taken, "pictures are missing"


class Thief:
    """A relay that leaves out one picture, and from then on each with which a decoder could begin again."""

    def __init__(self) -> None:
        self.steals = False
        self._stolen: set[int] = set()

    def lets_pass(self, packet: Packet) -> bool:
        if self.steals and (packet.starts_key or not self._stolen):
            self._stolen.add(packet.time)
        return packet.time not in self._stolen


async def test_sframe_pictures_after_one_that_a_relay_keeps_are_authentic_and_not_decoded(
    make_scene: MakeScene,
    clip: ModuleType,
    stack: AsyncExitStack,
    page: Page,
    scripts: dict[str, str],
    eventually: Callable[..., Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By which a viewer knows that its picture stands still (`web/core/motion.ts`). Of H.264 Chromium gives its worker
    nothing more."""
    thief, take = Thief(), Channel.take

    def taken(channel: Channel, output: OutputStream, packet: Packet, ends: bool) -> None:
        if thief.lets_pass(packet):
            take(channel, output, packet, ends)

    monkeypatch.setattr(Channel, "take", taken)
    scene = await make_scene(SealingSource(clip.ClipSource(make_clip(clip, "vp8"), 15, "vp8")))
    url, told = await show(stack, scene, scripts)
    await page.goto(url)
    await told.take(PICTURES)
    thief.steals = True
    await asyncio.sleep(1.0)
    authentic, decoded = told.authentic, told.decoded
    assert decoded >= PICTURES
    await eventually(lambda: told.authentic > authentic + PICTURES, seconds=LIMIT_SECONDS)
    assert told.decoded == decoded


@pytest.mark.parametrize(
    ("letters", "untrue"),
    [
        (lambda _camera, _hello: [], []),
        (lambda _camera, hello: [CameraKey().envelope(hello)], ["this key was sent by another camera"]),
    ],
    ids=["none", "of another camera"],
)
async def test_sframe_without_the_cameras_letter_shows_nothing(
    make_scene: MakeScene,
    clip: ModuleType,
    stack: AsyncExitStack,
    page: Page,
    scripts: dict[str, str],
    eventually: Callable[..., Awaitable[None]],
    letters: Letters,
    untrue: list[str],
) -> None:
    scene = await make_scene(SealingSource(clip.ClipSource(make_clip(clip, "h264"), 15, "h264")))
    url, told = await show(stack, scene, scripts, letters)
    await page.goto(url)
    await received(page)
    await eventually(lambda: told.untrue == untrue)
    await received(page, 2)
    assert (told.authentic, told.pictures_seen, told.untrue) == (0, 0, untrue)


async def test_swap_of_sealed_frames_for_clear_ones_shows_nothing(
    make_scene: MakeScene, clip: ModuleType, stack: AsyncExitStack, page: Page, scripts: dict[str, str]
) -> None:
    scene = await make_scene(clip.ClipSource(make_clip(clip, "vp8"), 15, "vp8"))
    url, told = await show(stack, scene, scripts)
    await page.goto(url)
    await received(page, 3)
    assert (told.authentic, told.pictures_seen) == (0, 0)


async def test_signed_word_that_nothing_is_sealed_lets_clear_frames_pass(
    make_scene: MakeScene, clip: ModuleType, stack: AsyncExitStack, page: Page, scripts: dict[str, str]
) -> None:
    made = make_clip(clip, "h264")
    scene = await make_scene(clip.ClipSource(made, 15, "h264"))
    url, told = await show(stack, scene, scripts, lambda camera, hello: [camera.plain(hello)])
    await page.goto(url)
    assert_in_order((await told.take(PICTURES))[45:], len(made))
    assert told.plain is True and told.untrue == []


async def test_sframe_through_the_relay_shows_the_picture_in_firefox(
    make_scene: MakeScene, clip: ModuleType, stack: AsyncExitStack, scripts: dict[str, str], tmp_path: Path
) -> None:
    """VP8: it has no H.264 of its own."""
    made = make_clip(clip, "vp8")
    scene = await make_scene(SealingSource(clip.ClipSource(made, 15, "vp8")), outside())
    url, told = await show(stack, scene, scripts)
    async with firefox(tmp_path, url):
        seen = (await told.take(PICTURES))[45:]
    assert_in_order(seen, len(made))
    assert told.authentic >= PICTURES - 3 and told.untrue == []
