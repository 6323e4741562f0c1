"""Everybody in place: two cameras, their owner, a guest, the thief with his broker; earlier sessions that went well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from signaling.protocol.errors import Fault
from tests.benchmarks.clip import encode_clip
from tests.frame_viewer import FrameViewer
from tests.journeys.swaps.broker import HONEST, Broker, Session, Swap, Wire
from tests.journeys.swaps.camera import Camera
from tests.journeys.swaps.people import People
from tests.journeys.swaps.thief import Thief
from tests.journeys.swaps.viewer import CONTROL_FRAMES, Outcome, Victim
from tests.patience import eventually
from tests.trust_viewer import Installation

RELAYED = Swap("honest over the relay", via="relay")
PASSED_ON_FRAMES = 30
"""Of the camera's, for each viewer of the relay."""


class Stage:
    """`frames`: what the relay has of the garden's camera."""

    def __init__(self, thief: Thief, clip: list[tuple[bytes, bool]]) -> None:
        self.people, self.thief = People(), thief
        self.broker = Broker(thief, self.people)
        ring = self.people.phone.ring
        self.garden = Camera(clip, ring, self.broker.line(), self.broker.wall)
        self.attic = Camera(clip, ring, self.broker.line(), self.broker.wall)
        self.people.guest.chain = [self.people.granted(self.garden.name, self.people.guest.ring_name)]
        self.frames: list[bytes] = []
        self._open: list[FrameViewer] = []

    async def play(self, swap: Swap) -> Outcome:
        """One session of the owner's with the garden's camera."""
        viewer = self.viewer(swap)
        relayed = self.frames + self.thief.frames
        if swap.via == "direct":
            seen_by = await viewer.directly(lambda: viewer.shown + self.thief.packets > 0)
        else:
            seen_by = await viewer.over_the_relay(relayed)
        if seen_by == "camera":
            self._check_camera(viewer.link.session)
        packets = viewer.packets + self.thief.packets
        await self._end(viewer)
        return Outcome(swap, seen_by, viewer.why, viewer.shown, packets)

    def _check_camera(self, session: Session) -> None:
        """It said so, and no answer came near its transports; a stranger was not even offered anything."""
        assert session.faults == [Fault.NOT_TRUSTED]
        assert session.name not in self.garden.sessions.answered
        assert session.swap.hello is None or session.name not in self.garden.sessions.offered

    async def control(self, swap: Swap = HONEST) -> int:
        """Frames that an honest session shows."""
        viewer = self.viewer(swap)
        if swap.via == "direct":
            await viewer.watch("direct")
            await viewer.until_shown(CONTROL_FRAMES)
        else:
            assert await viewer.over_the_relay(self.frames + self.thief.frames) == "nobody"
        await self._end(viewer)
        return viewer.shown

    def viewer(self, swap: Swap, who: Installation | None = None, camera: Camera | None = None) -> Victim:
        camera = camera or self.garden
        return Victim(Wire(self.broker, camera, swap), who or self.people.phone, camera.name)

    async def _end(self, viewer: Victim) -> None:
        session = viewer.link.session
        await viewer.close()
        session.leave()
        await session.camera.agent.close(session.name, "the viewer has left")
        await self.thief.rest(session.posing)

    # --- before it begins ---

    async def prepare(self) -> None:
        people, past = self.people, self.broker.past
        await self._orders(0, standard=True)
        past["plain"] = await self._earlier(RELAYED)
        await self._orders(1)
        past["epoch"] = await self._earlier(RELAYED)
        await self._orders(2)
        past["sealed"] = await self._earlier(RELAYED)
        past["guest's"] = await self._earlier(RELAYED, people.guest)
        past["attic's"] = await self._earlier(RELAYED, camera=self.attic)
        past["earlier"] = await self._earlier(HONEST)
        past["guest"] = await self._earlier(HONEST, people.guest)
        past["attic"] = await self._earlier(HONEST, camera=self.attic)
        past["running"] = await self._earlier(HONEST, people.laptop, ends=False)
        await self._record()

    async def _orders(self, n: int, *, standard: bool = False) -> None:
        for camera in (self.garden, self.attic):
            ordered = self.people.ordered(camera.name, n, standard=standard)
            await camera.agent.orders(self.people.phone.ring, ordered)

    async def _earlier(
        self, swap: Swap, who: Installation | None = None, camera: Camera | None = None, *, ends: bool = True
    ) -> Session:
        viewer = self.viewer(swap, who, camera)
        if swap.via == "direct":
            await viewer.watch("direct")
            await viewer.until_shown(1)
        else:
            await viewer.over_the_relay([])
        if ends:
            await self._end(viewer)
        else:
            self._open.append(viewer)
        return viewer.link.session

    async def _record(self) -> None:
        """The relay takes up the garden's camera."""
        recorder, frames = Recorder(), self.frames
        self._open.append(recorder)
        session = await self.broker.upload(self.garden)
        await eventually(lambda: bool(session.said), 10)
        session.answered.set_result((await recorder.answer(session.offer[0]), None))
        await eventually(lambda: len(recorder.frames) >= PASSED_ON_FRAMES, 10)
        frames += recorder.frames[:PASSED_ON_FRAMES]

    async def close(self) -> None:
        for viewer in self._open:
            await viewer.close()


class Recorder(FrameViewer):
    """The relay's end of an upload."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[bytes] = []

    def take_frame(self, frame: bytes) -> None:
        self.frames.append(frame)


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    clip = await asyncio.to_thread(lambda: encode_clip(width=320, height=240, frames=30, group=30, bitrate=200_000))
    async with Thief(clip).running() as thief:
        stage = Stage(thief, clip)
        async with stage.garden.running(), stage.attic.running():
            try:
                await stage.prepare()
                yield stage
            finally:
                await stage.close()
