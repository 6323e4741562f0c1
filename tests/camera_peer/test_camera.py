"""A camera walking its table, with a real disk and a scripted server, lens and agent."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from camera_peer import state
from camera_peer.camera import WATCH_SECONDS, Camera, IdentityRejected, Moves, Outside
from camera_peer.lens import Frame
from camera_peer.lifecycle import State
from camera_peer.memory import Memory, reset
from camera_peer.problem import CameraProblem, Problem
from camera_peer.sensor import View, render
from camera_peer.state import CameraState, LastProblem, Pairing
from camera_peer.wifi.simulated import SimulatedWifi
from media.frames import SourceError
from signaling.protocol.qr import OnboardingCode, to_compact
from tests.benchmarks.qr_trials import draw_text
from tests.camera_peer.fake_server import always, fake_server, welcome
from tests.camera_peer.sealing import by_setup_code, to_label_key
from tests.servers import free_port

TOKEN = "AAECAwQFBgcICQoLDA0ODw"
OTHER_TOKEN = "ZZECAwQFBgcICQoLDA0ODw"
SSID, PASSWORD = "Hillside", "correct horse"
Sleep = Callable[[float], Awaitable[None]]


class Shown:
    """What LED and tone would say; `until` waits for it."""

    def __init__(self) -> None:
        self.states: list[State] = []
        self.problems: list[Problem] = []
        self._changed = asyncio.Event()

    def show(self, state: State, problem: CameraProblem | None = None) -> None:
        self.states.append(state)
        if problem:
            self.problems.append(problem.problem)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class Online:
    """An agent that registers at once and stays, or is rejected."""

    def __init__(self, *, rejected: bool = False) -> None:
        self.pairings: list[Pairing] = []
        self.reported: list[LastProblem | None] = []
        self.rejected = rejected

    async def run(self, pairing: Pairing, moves: Moves) -> None:
        self.pairings.append(pairing)
        if self.rejected:
            raise IdentityRejected
        self.reported.append(moves.registered())
        await asyncio.Event().wait()


class Film:
    """What stands before the lens; `show` swaps it. `opened` counts."""

    def __init__(self) -> None:
        self.frame: Frame = np.full((8, 8), 128, dtype=np.uint8)
        self.opened = 0
        self.broken = 0

    def show(self, code: OnboardingCode) -> None:
        self.frame = render(draw_text(to_compact(code)), View(size=0.8), np.random.default_rng(1))

    async def frames(self) -> AsyncGenerator[Frame, None]:
        self.opened += 1
        if self.broken:
            self.broken -= 1
            raise SourceError("The device /dev/video0 is busy.")
        while True:
            yield self.frame
            await asyncio.sleep(0.01)


async def at_once(_: float) -> None:
    await asyncio.sleep(0)


async def patient(_: float) -> None:
    """Where a dead server is asked again and again."""
    await asyncio.sleep(0.02)


def camera_in(directory: Path, shown: Shown, film: Film | None = None, sleep: Sleep = at_once) -> Camera:
    outside = Outside(SimulatedWifi(SSID, PASSWORD, sleep=at_once), random=lambda: 0.5, sleep=sleep)
    return Camera(Memory(directory, os.urandom), outside, shown, lens=film.frames if film else None)


@asynccontextmanager
async def living(camera: Camera, agent: Online) -> AsyncIterator[None]:
    task = asyncio.create_task(camera.run(agent))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled(), task.exception()


def code_of(origin: str, token: str = TOKEN, ssid: str = SSID, password: str = PASSWORD) -> OnboardingCode:
    return OnboardingCode(origin, token, ssid, password)


async def test_from_the_box_to_online_by_lens(tmp_path: Path) -> None:
    shown, film, agent = Shown(), Film(), Online()
    async with fake_server() as server, living(camera_in(tmp_path, shown, film), agent):
        film.show(code_of(server.origin))
        await shown.until(lambda: State.ONLINE in shown.states)
    assert shown.states == [
        State.UNPROVISIONED,
        State.SCANNING,
        State.JOINING,
        State.ACTIVATING,
        State.CONNECTING,
        State.ONLINE,
    ]
    assert agent.pairings[0].camera_id == "cam1"
    kept = (tmp_path / state.STATE_FILE).read_text()
    assert PASSWORD not in kept
    assert TOKEN not in kept
    assert state.load(tmp_path).pairing == agent.pairings[0]


async def test_a_wrong_password_leads_back_to_scanning_and_is_reported_once_online(tmp_path: Path) -> None:
    shown, film, agent = Shown(), Film(), Online()
    async with fake_server() as server, living(camera_in(tmp_path, shown, film), agent):
        film.show(code_of(server.origin, password="wrong horse"))
        await shown.until(lambda: Problem.WIFI_PASSWORD_WRONG in shown.problems)
        assert server.calls == []
        film.show(code_of(server.origin, OTHER_TOKEN))
        await shown.until(lambda: State.ONLINE in shown.states)
    assert shown.states.count(State.SCANNING) == 2
    assert agent.reported[0] is not None
    assert agent.reported[0].code is Problem.WIFI_PASSWORD_WRONG
    assert state.load(tmp_path).problem is None


async def test_a_refused_code_is_not_tried_again_though_it_stays_before_the_lens(tmp_path: Path) -> None:
    shown, film = Shown(), Film()
    refusing = fake_server(always(410, {"code": "token_used"}))
    async with refusing as server, living(camera_in(tmp_path, shown, film), Online()):
        film.show(code_of(server.origin))
        await shown.until(lambda: Problem.TOKEN_USED in shown.problems and film.opened == 2)
        await asyncio.sleep(0.6)
    assert server.paths().count("/api/camera/activate") == 1


@pytest.mark.parametrize("form", ["setup code", "label key"])
async def test_a_code_for_this_camera_alone_joins_its_wifi(tmp_path: Path, form: str) -> None:
    shown, label = Shown(), Memory(tmp_path, os.urandom).label()
    async with fake_server() as server:
        plain = code_of(server.origin)
        by_code = by_setup_code(plain, label.setup_code, os.urandom(12))
        await camera_in(tmp_path, shown).onboard(
            by_code if form == "setup code" else to_label_key(plain, label.public_key)
        )
    assert shown.problems == [] and State.ACTIVATING in shown.states


@pytest.mark.parametrize("form", ["setup code", "label key", "no way that we know"])
async def test_a_code_for_another_camera_is_refused_by_name(tmp_path: Path, form: str) -> None:
    shown, agent, other = Shown(), Online(), Memory(tmp_path / "other", os.urandom).label()
    camera = camera_in(tmp_path / "this", shown)
    plain = code_of("https://a")
    wrong = {
        "setup code": by_setup_code(plain, other.setup_code, os.urandom(12)),
        "label key": to_label_key(plain, other.public_key),
        "no way that we know": OnboardingCode("https://a", TOKEN, SSID, "c2VjcmV0", encryption="z"),
    }[form]
    expected = Problem.ACTIVATION_REFUSED if form.startswith("no") else Problem.CODE_WRONG
    with pytest.raises(CameraProblem) as refused:
        await camera.onboard(wrong)
    assert refused.value.problem is expected and shown.problems == [expected]
    assert camera.state is State.UNPROVISIONED
    async with fake_server() as server:
        await camera.onboard(code_of(server.origin))
        async with living(camera, agent):
            await shown.until(lambda: State.ONLINE in shown.states)
    assert agent.reported[0] is not None and agent.reported[0].code is expected, "told once there is a way"


async def test_a_lens_that_fails_is_opened_again(tmp_path: Path) -> None:
    shown, film = Shown(), Film()
    film.broken = 2
    async with fake_server() as server, living(camera_in(tmp_path, shown, film), Online()):
        film.show(code_of(server.origin))
        await shown.until(lambda: State.ONLINE in shown.states)
    assert shown.problems == [Problem.SOURCE_FAILED] * 2


async def test_without_a_lens_it_says_how_to_pair_and_notices_when_it_was(tmp_path: Path) -> None:
    shown, agent = Shown(), Online()
    with capture_logs() as logs:
        async with living(camera_in(tmp_path, shown), agent):
            await shown.until(lambda: bool(shown.states))
            async with fake_server() as server:
                await camera_in(tmp_path, Shown()).onboard(code_of(server.origin))
            await shown.until(lambda: State.ONLINE in shown.states)
    said = next(line for line in logs if line["event"] == "not_paired")
    assert "belvedere-camera pair -" in said["advice"] and "Ctrl-D" in said["then"]
    assert agent.pairings[0].camera_id == "cam1"


async def test_a_paired_camera_starts_online_and_never_opens_its_lens(tmp_path: Path) -> None:
    state.save(tmp_path, CameraState(pairing=Pairing("cam1", "https://a", "wss://a/s")))
    shown, film = Shown(), Film()
    async with living(camera_in(tmp_path, shown, film), Online()):
        await shown.until(lambda: State.ONLINE in shown.states)
    assert film.opened == 0


async def test_paired_anew_by_hand_it_moves_to_the_new_server(tmp_path: Path) -> None:
    state.save(tmp_path, CameraState(pairing=Pairing("old", "https://a", "wss://a/s")))
    shown, agent = Shown(), Online()
    async with living(camera_in(tmp_path, shown), agent):
        await shown.until(lambda: State.ONLINE in shown.states)
        state.save(tmp_path, CameraState(pairing=Pairing("new", "https://b", "wss://b/s")))
        await shown.until(lambda: len(agent.pairings) == 2 and shown.states[-1] is State.ONLINE)
    assert [pairing.camera_id for pairing in agent.pairings] == ["old", "new"]


async def test_a_problem_noted_beside_it_disturbs_nobody(tmp_path: Path) -> None:
    state.save(tmp_path, CameraState(pairing=Pairing("cam1", "https://a", "wss://a/s")))
    shown, agent = Shown(), Online()
    async with living(camera_in(tmp_path, shown), agent):
        await shown.until(lambda: State.ONLINE in shown.states)
        Memory(tmp_path, os.urandom).note(LastProblem(Problem.TOKEN_USED, "used"))
        await asyncio.sleep(2 * WATCH_SECONDS)
    assert shown.states == [State.CONNECTING, State.ONLINE]
    assert len(agent.pairings) == 1


async def test_paired_by_hand_while_its_code_leads_nowhere(tmp_path: Path) -> None:
    shown, film, agent = Shown(), Film(), Online()
    async with living(camera_in(tmp_path, shown, film, patient), agent):
        film.show(code_of(f"http://127.0.0.1:{free_port()}"))
        await shown.until(lambda: Problem.SERVER_UNREACHABLE in shown.problems)
        async with fake_server() as server:
            await camera_in(tmp_path, Shown()).onboard(code_of(server.origin, OTHER_TOKEN))
        await shown.until(lambda: State.ONLINE in shown.states)
    assert agent.pairings == [state.load(tmp_path).pairing]


async def test_another_code_takes_the_place_of_one_whose_server_is_dead(tmp_path: Path) -> None:
    shown, film, agent = Shown(), Film(), Online()
    async with fake_server() as server, living(camera_in(tmp_path, shown, film, patient), agent):
        film.show(code_of(f"http://127.0.0.1:{free_port()}"))
        await shown.until(lambda: Problem.SERVER_UNREACHABLE in shown.problems and film.opened == 2)
        film.show(code_of(server.origin, OTHER_TOKEN))
        await shown.until(lambda: State.ONLINE in shown.states)
    assert set(shown.problems) == {Problem.SERVER_UNREACHABLE}
    assert server.calls[0][1] == {"secret_token": OTHER_TOKEN}


async def test_a_code_whose_server_comes_back_works_while_the_lens_is_open(tmp_path: Path) -> None:
    shown, film, agent = Shown(), Film(), Online()
    lost_twice = fake_server(lambda number, body: None if number < 2 else welcome(number, body))
    async with lost_twice as server, living(camera_in(tmp_path, shown, film, patient), agent):
        film.show(code_of(server.origin))
        await shown.until(lambda: State.ONLINE in shown.states)
    assert server.paths().count("/api/camera/seen") == 1, "the same code before the lens does not begin anew"


async def test_a_rejection_of_the_old_key_does_not_cost_the_new_pairing(tmp_path: Path) -> None:
    state.save(tmp_path, CameraState(pairing=Pairing("old", "https://a", "wss://a/s")))
    kept, new = Memory(tmp_path, os.urandom), Pairing("new", "https://a", "wss://a/s")
    reset(tmp_path)
    Memory(tmp_path, os.urandom).win(new, unless_changed=False)
    shown, agent = Shown(), Online(rejected=True)
    outside = Outside(SimulatedWifi(SSID, PASSWORD, sleep=at_once), random=lambda: 0.5, sleep=at_once)
    async with living(Camera(kept, outside, shown), agent):
        await shown.until(lambda: len(shown.states) > 1)
        agent.rejected = False
        await shown.until(lambda: State.ONLINE in shown.states)
    assert [pairing.camera_id for pairing in agent.pairings][:2] == ["old", "new"]
    assert state.load(tmp_path).pairing == new


async def test_a_rejected_identity_leads_back_to_the_lens(tmp_path: Path) -> None:
    state.save(tmp_path, CameraState(pairing=Pairing("cam1", "https://a", "wss://a/s")))
    shown, film = Shown(), Film()
    async with living(camera_in(tmp_path, shown, film), Online(rejected=True)):
        await shown.until(lambda: State.SCANNING in shown.states)
    assert shown.problems == [Problem.IDENTITY_REJECTED]
    assert state.load(tmp_path).pairing is None


async def test_a_failed_pairing_by_hand_leaves_the_old_one(tmp_path: Path) -> None:
    old = Pairing("cam1", "https://a", "wss://a/s")
    state.save(tmp_path, CameraState(pairing=old))
    outside = Outside(SimulatedWifi(SSID, PASSWORD, sleep=at_once), random=lambda: 0.5, sleep=at_once)
    camera = Camera(Memory(tmp_path, os.urandom), outside, Shown(), afresh=True)
    with pytest.raises(CameraProblem):
        await camera.onboard(code_of("https://b", ssid="Nowhere"))
    assert state.load(tmp_path).pairing == old


async def test_a_code_without_a_wifi_joins_none(tmp_path: Path) -> None:
    async with fake_server() as server:
        camera = camera_in(tmp_path, Shown())
        await camera.onboard(OnboardingCode(server.origin, TOKEN))
    assert camera.state is State.CONNECTING


async def test_a_disk_that_cannot_be_written_does_not_keep_the_camera_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = LastProblem(Problem.NO_INTERNET, "no way out")
    state.save(tmp_path, CameraState(pairing=Pairing("cam1", "https://a", "wss://a/s"), problem=problem))
    shown, agent = Shown(), Online()
    camera = camera_in(tmp_path, shown)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "save", full)
    async with living(camera, agent):
        await shown.until(lambda: State.ONLINE in shown.states)
        await asyncio.sleep(0)
    assert agent.reported == [problem]
