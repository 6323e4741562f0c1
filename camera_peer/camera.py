"""One camera, walking the table of `lifecycle`: what is done in each state, and what is remembered."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from camera_peer.activation import activate
from camera_peer.kept_owner import check_code, check_owner
from camera_peer.label import DamagedLabel
from camera_peer.lens import Frame, Lens
from camera_peer.lifecycle import Event, State, first_state, step
from camera_peer.memory import Memory
from camera_peer.owner import OwnerFacts
from camera_peer.problem import OF_THE_OWNER, CameraProblem, Problem
from camera_peer.sealed_wifi import opened
from camera_peer.state import LastProblem, Pairing
from camera_peer.wifi.joiner import WifiJoiner
from media.frames import SourceError
from signaling.protocol.identity import token_hash
from signaling.protocol.qr import OnboardingCode

log = structlog.get_logger(__name__)

WATCH_SECONDS = 1.0
"""How often the memory is looked at: `belvedere-camera pair` or `reset` may have changed it."""
SAME_CODE_SECONDS = 10.0
"""A code that failed and may yet work is tried again after this: the person may only have to come nearer."""
MAX_REFUSED = 64
LENS_PAUSE_SECONDS = 5.0
"""Before a lens that failed is opened again; half of it is random."""

OpenLens = Callable[[], AsyncGenerator[Frame, None]]
"""Opens a stream of frames."""


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

    def learned(self, pins: tuple[str, ...]) -> None:
        """The server's keys from now on."""

    def owned(self, owner: OwnerFacts) -> bool:
        """What is known of the owner from now on. Whether it will be after a restart."""


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
    although a pairing is remembered, and with whomever the code is of, as `belvedere-camera pair` does; what is
    remembered stands until the new pairing is won. `by_hand`: the command that gives this camera the text of a code on
    standard input."""

    def __init__(
        self,
        memory: Memory,
        outside: Outside,
        status: Shown,
        *,
        lens: OpenLens | None = None,
        afresh: bool = False,
        by_hand: str = "belvedere-camera pair -",
    ) -> None:
        self._memory = memory
        self._outside = outside
        self._status = status
        self._lens = lens
        self._afresh = afresh
        self._by_hand = by_hand
        self._refused: dict[str, float] = {}
        self._delayed = asyncio.Event()
        self.state = first_state(memory.pairing is not None and not afresh)

    @property
    def pairing(self) -> Pairing | None:
        return self._memory.pairing

    async def run(self, agent: Agent) -> None:
        """Live until cancelled. Whatever the camera is doing, it begins anew when somebody else pairs or resets it."""
        self._status.show(self.state)
        while True:
            living = asyncio.create_task(self._live(agent))
            changed = asyncio.create_task(self._until_changed())
            try:
                finished, _ = await asyncio.wait({living, changed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _end(living, changed)
            for task in finished:
                task.result()
            if changed in finished:
                self._reload()

    async def _live(self, agent: Agent) -> None:
        if self._memory.pairing is not None:
            await self._serve(agent, self._memory.pairing)
        elif self._lens is not None:
            await self._become_paired(self._lens)
        else:
            log.info(
                "not_paired",
                advice=f"add a camera in the app, then run: {self._by_hand}",
                then="paste the text of its code, press Enter and Ctrl-D; or name a picture of the code instead of -",
            )
            await asyncio.Event().wait()

    async def onboard(self, code: OnboardingCode) -> None:
        """Join the network and be activated with `code`. Raises `CameraProblem`, with the state back at the start; also
        for another owner's code (`camera_peer.kept_owner`), whose token may be used up by that."""
        kept = None if self._afresh else self._memory.owner
        self._move(Event.CODE_READ)
        try:
            check_code(code, kept)
            code = await self._opened(code)
            if code.ssid:
                await self._outside.wifi.join(code.ssid, code.password, hidden=code.hidden)
        except CameraProblem as problem:
            self._fail(Event.JOIN_FAILED, problem, code)
            raise
        self._move(Event.JOINED)
        try:
            pairing = await self._activate(code)
            check_owner(pairing.owner, kept)
        except CameraProblem as problem:
            self._fail(Event.ACTIVATION_REFUSED, problem, code)
            raise
        if self._memory.win(pairing, unless_changed=not self._afresh):
            self._move(Event.ACTIVATED)
        else:
            self._reload()

    async def _opened(self, code: OnboardingCode) -> OnboardingCode:
        """With the Wi-Fi password in clear. Raises `CameraProblem`."""
        if code.encryption is None:
            return code
        try:
            label = self._memory.label()
        except DamagedLabel as error:
            raise CameraProblem(Problem.CODE_WRONG, str(error)) from None
        return await asyncio.to_thread(opened, code, setup_code=label.setup_code, label_key=label.key)

    async def _activate(self, code: OnboardingCode) -> Pairing:
        outside = self._outside
        return await activate(
            code,
            self._memory.identity,
            random=outside.random,
            monotonic=outside.monotonic,
            sleep=outside.sleep,
            delayed=self._delay,
        )

    def _delay(self, problem: CameraProblem) -> None:
        self._delayed.set()
        self._move(Event.ACTIVATION_DELAYED, problem)

    async def _become_paired(self, lens: OpenLens) -> None:
        """One look for a code, and what it leads to."""
        code = await self._scan(lens)
        while code is not None:
            code = await self._try(code, lens)

    async def _try(self, code: OnboardingCode, lens: OpenLens) -> OnboardingCode | None:
        """Onboard with `code`. Returns another one if the lens saw it while the first one's server did not answer."""
        self._delayed.clear()
        onboarding = asyncio.create_task(self._onboard_and_go_on(code))
        looking = asyncio.create_task(self._look_for_another(code, lens))
        try:
            await asyncio.wait({onboarding, looking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(onboarding, looking)
        if not onboarding.cancelled():
            onboarding.result()
            return None
        self._refuse(code, SAME_CODE_SECONDS)
        return looking.result()

    async def _look_for_another(self, code: OnboardingCode, lens: OpenLens) -> OnboardingCode:
        """The next code that is not `code`, looked for only once its activation is delayed."""
        await self._delayed.wait()
        while True:
            try:
                found = await self._look(lens, lambda seen: seen == code or self._is_refused(seen))
            except SourceError as error:
                log.warning("lens_failed", reason=str(error))
                found = None
            if found is not None:
                return found
            await self._pause()

    async def _onboard_and_go_on(self, code: OnboardingCode) -> None:
        try:
            await self.onboard(code)
        except CameraProblem as problem:
            log.info("pairing_failed", problem=str(problem.problem))

    async def _scan(self, lens: OpenLens) -> OnboardingCode | None:
        """The next code that has not been refused; None, after a pause, where the lens fails."""
        self._move(Event.LENS_OPENED)
        try:
            return await self._look(lens, self._is_refused)
        except SourceError as error:
            self._move(Event.LENS_LOST, CameraProblem(Problem.SOURCE_FAILED, str(error)))
        await self._pause()
        return None

    async def _look(self, lens: OpenLens, skip: Callable[[OnboardingCode], bool]) -> OnboardingCode | None:
        async with aclosing(lens()) as frames:
            return await Lens(frames, monotonic=self._outside.monotonic, skip=skip).scan()

    async def _pause(self) -> None:
        await self._outside.sleep(LENS_PAUSE_SECONDS * (0.5 + self._outside.random() / 2))

    async def _serve(self, agent: Agent, pairing: Pairing) -> None:
        """Be online with this pairing until the server rejects it."""
        try:
            await agent.run(pairing, self)
        except IdentityRejected:
            problem = CameraProblem(Problem.IDENTITY_REJECTED)
            if self._memory.forget(LastProblem(problem.problem, str(problem))):
                self._move(Event.REJECTED, problem)
            else:
                self._reload()

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

    def learned(self, pins: tuple[str, ...]) -> None:
        """See `Moves`. A disk that is full or worn out is tried again at the next connection."""
        with _costing_no_picture():
            self._memory.learn(pins)

    def owned(self, owner: OwnerFacts) -> bool:
        """See `Moves`. What cannot be kept is known until the camera starts again, and the server shows it anew."""
        with _costing_no_picture():
            self._memory.own(owner)
        return self.pairing is not None and self.pairing.owner == owner

    def _fail(self, event: Event, problem: CameraProblem, code: OnboardingCode) -> None:
        never_again = problem.final and (event is Event.ACTIVATION_REFUSED or problem.problem in OF_THE_OWNER)
        self._refuse(code, float("inf") if never_again else SAME_CODE_SECONDS)
        self._note(LastProblem(problem.problem, str(problem)))
        self._move(event, problem)

    def _refuse(self, code: OnboardingCode, seconds: float) -> None:
        if len(self._refused) >= MAX_REFUSED:
            self._refused.clear()
        self._refused[token_hash(code.token)] = self._outside.monotonic() + seconds

    def _is_refused(self, code: OnboardingCode) -> bool:
        return self._outside.monotonic() < self._refused.get(token_hash(code.token), float("-inf"))

    def _move(self, event: Event, problem: CameraProblem | None = None) -> None:
        self.state = step(self.state, event)
        self._status.show(self.state, problem)

    def _note(self, problem: LastProblem | None) -> None:
        """Keep the last problem."""
        with _costing_no_picture():
            self._memory.note(problem)

    async def _until_changed(self) -> None:
        """Another process paired or reset this camera."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._memory.changed():
                return

    def _reload(self) -> None:
        """Another process has paired or reset this camera, so what was refused before may be right now."""
        self._memory.reload()
        self._refused.clear()
        self._move(Event.RESET if self._memory.pairing is None else Event.PAIRED_ELSEWHERE)


@contextmanager
def _costing_no_picture() -> Iterator[None]:
    """A disk that is full or worn out costs what was to be kept, not more."""
    try:
        yield
    except OSError as error:
        log.warning("state_not_saved", reason=error.strerror)


async def _end(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(set(tasks))
