"""A person who watches one of his cameras after the other, and remembers every frame that he was given."""

import asyncio
import random
from dataclasses import dataclass, field

import msgspec

from signaling.client import SignalingError
from signaling.client_backoff import full_jitter
from signaling.client_viewer import ViewerClient
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, ProtocolError
from tests.journeys.watermark.plan import ViewerPlan
from tests.journeys.watermark.reader import Reader

STAY_SECONDS = (5.0, 20.0)
"""At one camera."""
SILENT_SECONDS = 8.0
"""Without a frame he gives up and asks anew; a camera shows five in a second."""
AGAIN_SECONDS = 0.5
LOOK_SECONDS = 0.25
VANISHING = 0.3
"""Share of the leaves without a word."""
BACKOFF_BASE, BACKOFF_CEILING = 0.3, 2.0
WAYS: tuple[wire.Way, ...] = ("direct", "relay")


class Tally(msgspec.Struct):
    """What one viewer got. `wrong`: (number asked for, number seen, way, session)."""

    right: int = 0
    wrong: list[tuple[int, int, str, str]] = []
    joins: dict[str, int] = {}
    refused: dict[str, int] = {}
    cameras: list[int] = []
    silent: int = 0
    unreadable: int = 0


@dataclass
class Visit:
    """One session: what was asked for, and who reads."""

    number: int
    way: str
    session: str
    ticket: str | None
    reader: Reader
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Watcher:
    """`signaling.client_viewer.ViewerHandler`; `run` until cancelled, then `tally` stands.

    `turnstile`: lets so many wait for their first frame at a time, as a busy machine would else do nothing but set up.
    """

    def __init__(self, plan: ViewerPlan, url: str, rng: random.Random, turnstile: asyncio.Semaphore) -> None:
        self.tally = Tally()
        self._turnstile = turnstile
        self._plan = plan
        self._camera = ""
        self._rng = rng
        self._visits: dict[str, asyncio.Future[Visit]] = {}
        self._client = ViewerClient(
            url,
            authorization=lambda: f"Bearer {plan.token}",
            handler=self,
            backoff=self._backoff,
            random=rng.random,
            tickets=lambda: [visit.ticket for visit in self._open() if visit.ticket is not None],
        )

    async def run(self) -> None:
        """Come and go."""
        connection = asyncio.create_task(self._client.run())
        try:
            while not connection.done():
                await self._go()
            connection.result()
        finally:
            connection.cancel()
            for visit in self._open():
                await visit.reader.close()

    async def _go(self) -> None:
        """Another camera, for a while."""
        camera = self._camera = self._rng.choice(sorted(self._plan.cameras.keys() - {self._camera}))
        way = self._rng.choice(WAYS)
        async with self._turnstile:
            try:
                asked = wire.ConnectParams(camera, belvedere=wire.WishExtra(via=way))
                visit = self._begin(camera, way, await self._client.connect(asked))
            except SignalingError as error:
                self._count(self.tally.refused, error.message)
                await asyncio.sleep(AGAIN_SECONDS * self._rng.random())
                return
            await self._stay(visit, 0.0)
        await self._stay(visit, self._rng.uniform(*STAY_SECONDS))
        await self._leave(visit)

    def _begin(self, camera: str, way: str, result: wire.ConnectResult) -> Visit:
        """From here on each frame of the session is held against what was asked for."""
        session, number = result.session, self._plan.cameras[camera]
        told = result.belvedere
        reader = Reader(lambda seen: self._saw(visit, seen))
        visit = Visit(number, way, session, told.ticket if told is not None else None, reader)
        self._named(session).set_result(visit)
        self._count(self.tally.joins, way)
        return visit

    def _saw(self, visit: Visit, number: int) -> None:
        if number == visit.number:
            self.tally.right += 1
            if number not in self.tally.cameras:
                self.tally.cameras.append(number)
        else:
            self.tally.wrong.append((visit.number, number, visit.way, visit.session))

    async def _stay(self, visit: Visit, seconds: float) -> None:
        """Until the first frame at least, and for `seconds`; or until the session is over, or no picture comes."""
        loop = asyncio.get_running_loop()
        end, heard, frames = loop.time() + seconds, loop.time(), visit.reader.frames
        while not visit.over.is_set() and (loop.time() < end or not visit.reader.frames):
            await asyncio.sleep(LOOK_SECONDS)
            if visit.reader.frames > frames:
                frames, heard = visit.reader.frames, loop.time()
            elif loop.time() - heard > SILENT_SECONDS:
                self.tally.silent += 1
                visit.over.set()

    async def _leave(self, visit: Visit) -> None:
        self._visits.pop(visit.session, None)
        if self._rng.random() < VANISHING:
            await visit.reader.vanish()
        else:
            await self._client.close_session(visit.session, "left")
            await visit.reader.close()
        self.tally.unreadable += visit.reader.unreadable

    def _open(self) -> list[Visit]:
        return [named.result() for named in self._visits.values() if named.done()]

    def _named(self, session: str) -> "asyncio.Future[Visit]":
        """The visit of this session; the offer may be here before the answer to `connect` has been read."""
        if session not in self._visits:
            self._visits[session] = asyncio.get_running_loop().create_future()
        return self._visits[session]

    def _backoff(self, attempt: int) -> float:
        return full_jitter(attempt, base=BACKOFF_BASE, ceiling=BACKOFF_CEILING, random=self._rng.random)

    @staticmethod
    def _count(counts: dict[str, int], name: str) -> None:
        counts[name] = counts.get(name, 0) + 1

    # --- what the server says ---

    async def connected(self, registered: wire.RegisterResult) -> None:
        adopted = registered.belvedere.adopted if registered.belvedere is not None else []
        for visit in self._open():
            if visit.session not in adopted:
                visit.over.set()

    async def disconnected(self) -> None:
        """A picture that flows goes on."""

    async def invite(self, session: str, offer: str, _proof: str | None) -> tuple[str, str | None]:
        visit = await self._named(session)
        if visit.over.is_set():
            raise ProtocolError(Fault.GONE, "left")
        return await visit.reader.answer(offer), None

    async def envelope(self, session: str, text: str) -> None:
        """This watcher says no hello."""

    async def close(self, session: str, code: int, reason: str) -> None:
        for visit in self._open():
            if visit.session == session:
                self._count(self.tally.refused, f"{code} {reason}")
                visit.over.set()

    async def wake(self, session: str) -> None: ...
