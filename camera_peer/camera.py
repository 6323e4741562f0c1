"""One camera, walking the table of `lifecycle`: what is done in each state, and what is remembered."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from camera_peer import state as storage
from camera_peer.activation import activate
from camera_peer.identity import Identity
from camera_peer.lens import Frame, Lens
from camera_peer.lifecycle import Event, State, first_state, step
from camera_peer.problem import CameraProblem, Problem
from camera_peer.state import CameraState, LastProblem, Pairing
from camera_peer.wifi.joiner import WifiJoiner
from media.frames import SourceError
from signaling.protocol.identity import token_hash
from signaling.protocol.qr import OnboardingCode

log = structlog.get_logger(__name__)

WATCH_SECONDS = 1.0
"""How often the state file is looked at: `belvedere-camera pair` may have changed it."""
SAME_CODE_SECONDS = 10.0
"""A code that failed and may yet work is tried again after this: the person may only have to come nearer."""
MAX_REFUSED = 64
LENS_PAUSE_SECONDS = 5.0
"""Before a lens that failed is opened again; half of it is random."""


class Shown(Protocol):
    """Who hears of every change."""

    def show(self, state: State, problem: CameraProblem | None = None) -> None: ...


class IdentityRejected(Exception):
    """The server has said often enough (`REJECTIONS_BEFORE_RESET`) that it does not know this camera."""


class Moves(Protocol):
    """What the agent tells the lifecycle."""

    def registered(self) -> LastProblem | None:
        """Online. Returns what there is to report from before."""

    def lost(self) -> None:
        """No longer online."""


class Agent(Protocol):
    """The camera's life once it is paired; consumed here, written in `camera_peer.agent`."""

    async def run(self, pairing: Pairing, moves: Moves) -> None:
        """Show pictures and stay connected until cancelled. Raises `IdentityRejected`."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that is not decided here: network, time, dice."""

    wifi: WifiJoiner
    random: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    monotonic: Callable[[], float] = time.monotonic


class Camera:
    """`lens` opens a stream of frames, or is None where the camera cannot see codes. `afresh`: begin at the beginning
    although a pairing is remembered, as `belvedere-camera pair` does; it stands until the new one is won."""

    def __init__(
        self,
        directory: Path,
        identity: Identity,
        outside: Outside,
        status: Shown,
        *,
        lens: Callable[[], AsyncGenerator[Frame, None]] | None = None,
        afresh: bool = False,
    ) -> None:
        self._directory = directory
        self._identity = identity
        self._outside = outside
        self._status = status
        self._lens = lens
        self._memory = storage.load(directory)
        self._stamp = storage.stamp(directory)
        self._refused: dict[str, float] = {}
        self.state = first_state(self._memory.pairing is not None and not afresh)

    @property
    def pairing(self) -> Pairing | None:
        return self._memory.pairing

    async def run(self, agent: Agent) -> None:
        """Live until cancelled."""
        self._status.show(self.state)
        while True:
            if self._memory.pairing is not None:
                await self._serve(agent, self._memory.pairing)
            else:
                await self._become_paired()

    async def onboard(self, code: OnboardingCode) -> None:
        """Join the network and be activated with `code`. Raises `CameraProblem`, with the state back at the start."""
        self._move(Event.CODE_READ)
        try:
            refuse_encrypted(code)
            if code.ssid:
                await self._outside.wifi.join(code.ssid, code.password, hidden=code.hidden)
        except CameraProblem as problem:
            self._fail(Event.JOIN_FAILED, problem, code)
            raise
        self._move(Event.JOINED)
        try:
            pairing = await self._activate(code)
        except CameraProblem as problem:
            self._fail(Event.ACTIVATION_REFUSED, problem, code)
            raise
        self._remember(CameraState(pairing=pairing, problem=self._memory.problem))
        self._move(Event.ACTIVATED)

    async def _activate(self, code: OnboardingCode) -> Pairing:
        outside = self._outside
        return await activate(
            code,
            self._identity,
            random=outside.random,
            monotonic=outside.monotonic,
            sleep=outside.sleep,
            delayed=lambda problem: self._move(Event.ACTIVATION_DELAYED, problem),
        )

    async def _become_paired(self) -> None:
        """One look for a code, by lens or by somebody else's hand."""
        if self._lens is None:
            log.info(
                "not_paired",
                advice="add a camera in the app, then run: belvedere-camera pair 'TEXT OR IMAGE OF THE CODE' "
                f"--data {self._directory}",
            )
            await self._until_changed()
            self._reload()
            return
        scanning = asyncio.create_task(self._scan(self._lens))
        changed = asyncio.create_task(self._until_changed())
        try:
            await asyncio.wait({scanning, changed}, return_when=asyncio.FIRST_COMPLETED)
            if changed.done():
                self._reload()
                return
            code = scanning.result()
        finally:
            await _end(scanning, changed)
        if code is not None:
            await self._onboard_and_go_on(code)

    async def _onboard_and_go_on(self, code: OnboardingCode) -> None:
        try:
            await self.onboard(code)
        except CameraProblem as problem:
            log.info("pairing_failed", problem=str(problem.problem))

    async def _scan(self, lens: Callable[[], AsyncGenerator[Frame, None]]) -> OnboardingCode | None:
        """The next code that has not been refused; None, after a pause, where the lens fails."""
        self._move(Event.LENS_OPENED)
        try:
            async with aclosing(lens()) as frames:
                return await Lens(frames, monotonic=self._outside.monotonic, skip=self._is_refused).scan()
        except SourceError as error:
            self._move(Event.LENS_LOST, CameraProblem(Problem.SOURCE_FAILED, str(error)))
        await self._outside.sleep(LENS_PAUSE_SECONDS * (0.5 + self._outside.random() / 2))
        return None

    async def _serve(self, agent: Agent, pairing: Pairing) -> None:
        """Be online with this pairing until it changes or the server rejects it."""
        changed = asyncio.create_task(self._until_changed())
        serving = asyncio.create_task(agent.run(pairing, self))
        try:
            await asyncio.wait({serving, changed}, return_when=asyncio.FIRST_COMPLETED)
            if changed.done():
                self._reload()
                return
            serving.result()
        except IdentityRejected:
            problem = CameraProblem(Problem.IDENTITY_REJECTED)
            self._remember(CameraState(problem=LastProblem(problem.problem, str(problem))))
            self._move(Event.REJECTED, problem)
        finally:
            await _end(serving, changed)

    def registered(self) -> LastProblem | None:
        """See `Moves`."""
        self._move(Event.REGISTERED)
        earlier = self._memory.problem
        if earlier is not None:
            self._note(None)
        return earlier

    def lost(self) -> None:
        """See `Moves`."""
        self._move(Event.SOCKET_LOST)

    def _fail(self, event: Event, problem: CameraProblem, code: OnboardingCode) -> None:
        never_again = event is Event.ACTIVATION_REFUSED and problem.final
        until = float("inf") if never_again else self._outside.monotonic() + SAME_CODE_SECONDS
        if len(self._refused) >= MAX_REFUSED:
            self._refused.clear()
        self._refused[token_hash(code.token)] = until
        self._note(LastProblem(problem.problem, str(problem)))
        self._move(event, problem)

    def _is_refused(self, code: OnboardingCode) -> bool:
        return self._outside.monotonic() < self._refused.get(token_hash(code.token), float("-inf"))

    def _move(self, event: Event, problem: CameraProblem | None = None) -> None:
        self.state = step(self.state, event)
        self._status.show(self.state, problem)

    def _note(self, problem: LastProblem | None) -> None:
        """Keep the last problem. A disk that is full or worn out costs the note, not the picture."""
        try:
            self._remember(CameraState(pairing=self._memory.pairing, problem=problem))
        except OSError as error:
            log.warning("state_not_saved", reason=error.strerror)

    def _remember(self, memory: CameraState) -> None:
        self._memory = memory
        storage.save(self._directory, memory)
        self._stamp = storage.stamp(self._directory)

    async def _until_changed(self) -> None:
        """Another process replaced the state file."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if storage.stamp(self._directory) != self._stamp:
                return

    def _reload(self) -> None:
        self._stamp = storage.stamp(self._directory)
        self._memory = storage.load(self._directory)
        self._move(Event.RESET if self._memory.pairing is None else Event.PAIRED_ELSEWHERE)


def refuse_encrypted(code: OnboardingCode) -> None:
    """A code for a camera with a setup code is of no use to this one. Raises `CameraProblem`."""
    if code.encryption is not None:
        raise CameraProblem(
            Problem.ACTIVATION_REFUSED,
            "This code was made for a camera with a setup code; make one for this camera without it.",
        )


async def _end(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(set(tasks))
