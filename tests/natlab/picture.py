"""One cell of the product's matrix: is there a picture, when, and which way did its bytes go?"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.natlab import way
from tests.natlab.best import RELAY, TURN, Best, best
from tests.natlab.lab import UDP_TIMEOUT_SECONDS, Lab
from tests.natlab.plan import CAMERA, VIEWER
from tests.natlab.product import Product, product, template
from tests.natlab.watching import Person, person
from tests.natlab.way import Leg

DELAY_MS = 20.0
"""One way, on each home's line: a round trip from camera to viewer of 80 ms."""
SETTLE_SECONDS = 1.5
"""After the first picture: a better way replaces a worse one, which is then closed."""
WINDOW_SECONDS = 1.5
AT_ONCE = 2
"""A cell is one browser, one encoder and two servers, which half of the time wait for each other."""
WINDOWS = 4
"""Looks at the way, until it is the expected one: an upgrade may take the product's own timers."""
RELAY_MEDIA_BYTES = 8_000
"""Through the relay: more than its checks, STUN and DTLS, so media."""


@dataclass(frozen=True)
class Picture:
    """`first_ms`: click to first picture, None without one; `pictures`: distinct ones in the last window; `race`:
    what reached the viewer until the way was settled; `download`: the viewer's last window; `upload`: the camera's;
    `windows`: how many looks it took."""

    first_ms: float | None
    pictures: int
    race: Leg
    download: Leg
    upload: Leg
    windows: int

    def takes(self, expected: Best) -> bool:
        """Whether the bytes went the expected way, and no other."""
        if self.pictures == 0:
            return False
        if expected.way == TURN:
            return self.download.share_of(TURN) > way.SHARE and self.upload.share_of(TURN) > way.SHARE
        return self.download.share(expected.viewer) > way.SHARE and self.upload.share(expected.camera) > way.SHARE

    @property
    def needless_relay(self) -> int:
        """Bytes that came through the relay before the way was settled."""
        return self.race.amount(RELAY)


@dataclass(frozen=True)
class Cell:
    """`log`: the ends of the programs' logs, where it is not as expected."""

    camera: str
    viewer: str
    turn: bool
    expected: Best
    picture: Picture
    log: str = ""

    @property
    def good(self) -> bool:
        return self.picture.takes(self.expected)

    @property
    def in_full(self) -> str:
        """For people, with the reason and the logs."""
        return f"{self.line}\n{self.expected.reason}\nuntil settled: {self.picture.race}\n{self.log}"

    @property
    def line(self) -> str:
        """For people, in a line."""
        seen = self.picture
        took = "no picture" if seen.first_ms is None else f"{seen.first_ms:5.0f} ms"
        names = f"{self.camera:16}{self.viewer:16}{'coturn' if self.turn else '-':8}"
        way = f"viewer: {seen.download}; camera: {seen.upload}"
        return f"{'ok ' if self.good else 'BAD'} {names}best {self.expected.way:7} {took}  {way}"


async def look(lab: Lab, who: Person, expected: Best) -> Picture:
    """Clicks, and looks at the way until it is the expected one."""
    lab.clear_counts()
    first_ms = await who.click()
    await asyncio.sleep(SETTLE_SECONDS)
    race = received(lab)
    if first_ms is None:
        return Picture(None, 0, race, race, sent(lab), 0)
    for windows in range(1, WINDOWS + 1):
        lab.clear_counts()
        pictures = await who.pictures(WINDOW_SECONDS)
        seen = Picture(first_ms, pictures, race, received(lab), sent(lab), windows)
        if seen.takes(expected):
            break
    return seen


def received(lab: Lab) -> Leg:
    """What reached the viewer."""
    return way.received(lab.viewer.flows(), lab.homes[CAMERA])


def sent(lab: Lab) -> Leg:
    """What the camera sent."""
    return way.sent(lab.camera.flows(), lab.homes[VIEWER])


@contextlib.asynccontextmanager
async def watching(lab: Lab, *, relay: bool = True, turn: bool = False) -> AsyncIterator[tuple[Product, Person]]:
    """The product in an open laboratory, and a person on the list of cameras."""
    with (
        tempfile.TemporaryDirectory(prefix="belvedere-natlab-") as folder,
        product(lab, Path(folder), relay=relay, turn=turn) as running,
    ):
        async with person(lab.viewer, Path(folder)) as who:
            yield running, who


async def run(
    camera: str,
    viewer: str,
    *,
    turn: bool = False,
    delay_ms: float = DELAY_MS,
    udp_timeout_s: int = UDP_TIMEOUT_SECONDS,
    idle_s: float = 0,
) -> Cell:
    """One cell, from nothing to nothing. `idle_s`: how long the person looks at the list before the click;
    `udp_timeout_s`: after which the routers forget an idle mapping. Raises UnknownKind, LaboratoryError."""
    with Lab(camera, viewer, delay_ms=delay_ms, udp_timeout_s=udp_timeout_s) as lab:
        wanted = best(lab.camera_kind, lab.viewer_kind, turn=turn)
        async with watching(lab, turn=turn) as (running, who):
            await asyncio.sleep(idle_s)
            seen = await look(lab, who, wanted)
            log = "" if seen.takes(wanted) else logs(running)
    return Cell(camera, viewer, turn, wanted, seen, log)


def run_all(cells: Iterable[tuple[str, str, bool]], delay_ms: float = DELAY_MS) -> Iterator[Cell]:
    """Many cells (camera, viewer, with coturn), some at once, in their order."""

    def one(cell: tuple[str, str, bool]) -> Cell:
        camera, viewer, turn = cell
        return asyncio.run(run(camera, viewer, turn=turn, delay_ms=delay_ms))

    template()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(one, cells)


def logs(running: Product) -> str:
    """The ends of the programs' logs."""
    texts = {"server": running.server.output, "camera": running.camera.output}
    return "\n".join(f"--- {name}\n{text[-3000:]}" for name, text in texts.items())
