"""A broker double between real cameras and real viewers, which swaps what it likes of what it passes on.

It has all that a server has: it introduces, carries every word, names the sessions, has kept what was said in earlier
ones, and its owner (`thief.py`) has a camera and viewers of his own to put in place of the right ones.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from signaling.client import SignalingError
from signaling.protocol.errors import Fault, ProtocolError
from signaling.protocol.messages import ConnectExtra, DeviceConnectParams, InviteResult, ProofExtra, Trust
from tests.journeys.swaps.camera import Camera
from tests.journeys.swaps.line import Line
from tests.journeys.swaps.people import People
from tests.journeys.swaps.thief import Thief
from tests.trust_viewer import Way

Signed = tuple[str, str | None]
"""A description, and what its maker says of it."""
Describing = Callable[["Session", str, str | None], Awaitable[Signed]]


@dataclass(frozen=True)
class Swap:
    """What is done to one session. What is None is passed on as it came. `seen_by`: who has to notice. `clock`: seconds
    by which the camera's clock is moved while it hears the hello."""

    name: str
    seen_by: Literal["viewer", "camera", "nobody"] = "nobody"
    via: Way = "direct"
    told: Callable[["Session"], str] | None = None
    hello: Callable[["Session"], Trust | None] | None = None
    offer: Describing | None = None
    answer: Describing | None = None
    letter: Callable[["Session", str], str] | None = None
    clock: float = 0.0


HONEST = Swap("honest")


@dataclass
class Session:
    """`name`: for the camera; `told`: for the viewer. `offer`, `answer`, `letters`: as they were made. `faults`: what
    the camera said. `posing`: name of the thief's session with the viewer."""

    name: str
    broker: "Broker"
    camera: Camera
    swap: Swap
    trust: Trust
    told: str = ""
    offer: Signed = ("", None)
    answer: Signed = ("", None)
    letters: list[str] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    posing: str | None = None
    said: list[dict[str, Any]] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    answered: asyncio.Future[Signed] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def tell(self, method: str, **params: Any) -> None:
        """The viewer."""
        async with self.changed:
            self.said.append({"method": method, "params": {"session": self.told, **params}})
            self.changed.notify_all()

    def leave(self) -> None:
        """The viewer has gone."""
        if not self.answered.done():
            self.answered.set_exception(SignalingError(Fault.GONE, "the viewer has left"))
            self.answered.exception()  # nobody may be waiting for it


class Broker:
    """`past`: sessions that went well, by what they are good for. `heard`: what cameras said besides."""

    def __init__(self, thief: Thief, people: People) -> None:
        self.thief, self.people = thief, people
        self.sessions: dict[str, Session] = {}
        self.past: dict[str, Session] = {}
        self.heard: list[tuple[object, ...]] = []
        self._numbers = itertools.count()
        self._clock = 0.0
        self._introducing: set[asyncio.Task[None]] = set()

    def wall(self) -> float:
        """The cameras' clock, which whoever answers their NTP can move."""
        return time.time() + self._clock

    def line(self) -> Line:
        """For one camera."""
        return Line(self)

    async def connect(self, camera: Camera, trust: Trust, swap: Swap) -> Session:
        session = Session(f"s{next(self._numbers)}", self, camera, swap, trust)
        session.told = swap.told(session) if swap.told else session.name
        self.sessions[session.name] = session
        task = asyncio.create_task(self._introduce(session))
        self._introducing.add(task)
        task.add_done_callback(self._introducing.discard)
        return session

    async def upload(self, camera: Camera) -> Session:
        """The relay asks for the camera's frames."""
        session = Session(f"u{next(self._numbers)}", self, camera, HONEST, Trust("x"))
        self.sessions[session.name] = session
        extra = ConnectExtra(ticket=session.name, via="relay")
        await camera.agent.connect(DeviceConnectParams(session.name, expiry_time_seconds=600, belvedere=extra))
        return session

    async def _introduce(self, session: Session) -> None:
        swap, agent = session.swap, session.camera.agent
        shown = swap.hello(session) if swap.hello else session.trust
        self._clock = swap.clock
        try:
            if swap.via == "relay":
                await agent.hello(session.name, shown)
            else:
                extra = ConnectExtra(ticket=session.name, trust=shown)
                await agent.connect(DeviceConnectParams(session.name, expiry_time_seconds=600, belvedere=extra))
        except ProtocolError as error:
            await self.fault(session.name, error.code, str(error))
        finally:
            self._clock = 0.0

    # --- what cameras say ---

    async def invite(self, name: str, offer: str, proof: str | None) -> InviteResult:
        session = self.sessions[name]
        session.offer, swap = (offer, proof), session.swap
        sdp, said = await swap.offer(session, offer, proof) if swap.offer else session.offer
        await session.tell("invite", offer=sdp, **({} if said is None else {"belvedere": {"proof": said}}))
        session.answer = await session.answered
        if session.posing is not None:
            await self.thief.pose(session.posing, session.answer[0])
        answer, shown = await swap.answer(session, *session.answer) if swap.answer else session.answer
        return InviteResult(answer, belvedere=None if shown is None else ProofExtra(shown))

    async def envelope(self, name: str, text: str) -> None:
        session = self.sessions[name]
        session.letters.append(text)
        await session.tell(
            "belvedere.envelope", envelope=session.swap.letter(session, text) if session.swap.letter else text
        )

    async def fault(self, name: str, code: int, message: str) -> None:
        """To the viewer, unless the thief talks to him."""
        if name in self.sessions:
            session = self.sessions[name]
            session.faults.append(code)
            if session.posing is None:
                await session.tell("error", code=code, message=message)


class Wire:
    """What a viewer has of the server; `tests.trust_viewer.TrustViewer` takes it for a socket."""

    def __init__(self, broker: Broker, camera: Camera, swap: Swap) -> None:
        self._broker, self._camera, self._swap = broker, camera, swap
        self._given: set[int] = set()
        self.session: Session

    async def request(self, _connect: str, *, belvedere: dict[str, Any], **_: Any) -> dict[str, Any]:
        trust = msgspec.convert(belvedere["trust"], Trust)
        self.session = await self._broker.connect(self._camera, trust, self._swap)
        return {"session": self.session.told, "iceServers": []}

    async def about(self, _session: str, *methods: str, seconds: float | None = 10.0) -> dict[str, Any]:
        """The first such message that was not returned yet."""
        async with asyncio.timeout(seconds), self.session.changed:
            while True:
                for place, message in enumerate(self.session.said):
                    if message["method"] in methods and place not in self._given:
                        self._given.add(place)
                        return message
                await self.session.changed.wait()

    async def reply(self, _invite: dict[str, Any], *, answer: str, belvedere: dict[str, str] | None = None) -> None:
        if not self.session.answered.done():
            self.session.answered.set_result((answer, (belvedere or {}).get("proof")))
