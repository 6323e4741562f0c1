"""Whoever else makes the server forget a camera: through its lens it takes only what its own owner has drawn."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from camera_peer import state
from camera_peer.camera import WATCH_SECONDS, Camera, Outside
from camera_peer.lifecycle import State
from camera_peer.memory import Memory, reset
from camera_peer.owner import OwnerFacts
from camera_peer.problem import FINAL, CameraProblem, Problem
from camera_peer.state import CameraState, LastProblem, Pairing
from camera_peer.wifi.simulated import SimulatedWifi
from signaling.protocol.identity import encode_bytes
from signaling.protocol.qr import OnboardingCode
from signaling.protocol.trust import keyring
from signaling.protocol.trust.keyring import follow
from signaling.protocol.trust.orders import Known
from signaling.protocol.trust.pairing import owner_proof
from tests.camera_peer.callers import BOTH, PHONE, without
from tests.camera_peer.fake_server import FakeServer, fake_server, welcome
from tests.camera_peer.test_camera import PASSWORD, SSID, Film, Online, Shown, at_once, living
from tests.signaling.trust.people import NOW, key, name, ring_of

SECRET = bytes(range(16))
STRANGER = ring_of("stranger")
FORK = [*PHONE, keyring.change(key("phone"), follow(PHONE), [name("phone"), name("thief")], NOW + 9)]
LONGER = without(BOTH, "phone", "phone")
ORDERS = Known(3, 0, frozenset({7}), standard=False, digest="x" * 43)
KNOWN = OwnerFacts(tuple(BOTH), orders=ORDERS, epoch=9)
RINGS: dict[str, Sequence[str]] = {"own": BOTH, "older": PHONE, "longer": LONGER, "stranger": STRANGER, "fork": FORK}
TOKENS = {what: encode_bytes(bytes([number]) * 16) for number, what in enumerate((*RINGS, "plain"))}
"""Of each ring a code, and one that proves nothing."""


@asynccontextmanager
async def server() -> AsyncIterator[FakeServer]:
    """It shows to each token the ring of that name, proven as its code wants it."""
    origin = ""

    def script(number: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        status, answer = welcome(number, body)
        what = next(what for what, token in TOKENS.items() if token == body["secret_token"])
        if what not in RINGS:
            return status, answer
        ring, texts = follow(RINGS[what]), list(RINGS[what])
        proof = owner_proof(SECRET, origin, body["secret_token"], ring.name, ring.head)
        return status, answer | {"owner": {"keyring": texts, "proof": proof}}

    async with fake_server(script) as made:
        origin = made.origin
        yield made


def code(made: FakeServer, what: str, secret: bytes = SECRET, ssid: str = SSID) -> OnboardingCode:
    shown = encode_bytes(secret) if what in RINGS else None
    return OnboardingCode(made.origin, TOKENS[what], ssid, PASSWORD, pairing_secret=shown)


def forgetful(directory: Path, *, owner: OwnerFacts = KNOWN) -> Path:
    """The disk of a camera that the server has rejected five times."""
    state.save(directory, CameraState(pairing=Pairing("cam1", "https://a", "wss://a/s", owner=owner)))
    assert Memory(directory, os.urandom).forget(LastProblem(Problem.IDENTITY_REJECTED, ""))
    return directory


def camera(directory: Path, shown: Shown | None = None, film: Film | None = None, *, afresh: bool = False) -> Camera:
    """Its clock runs fast, so that what is refused for a while is soon looked at again."""
    wifi = SimulatedWifi(SSID, PASSWORD, sleep=at_once)
    outside = Outside(wifi, random=lambda: 0.5, sleep=at_once, monotonic=lambda: 100 * time.monotonic())
    lens = film.frames if film else None
    return Camera(Memory(directory, os.urandom), outside, shown or Shown(), lens=lens, afresh=afresh)


async def refused(made: Camera, shown: OnboardingCode) -> Problem:
    with pytest.raises(CameraProblem) as error:
        await made.onboard(shown)
    assert made.pairing is None and made.state is State.UNPROVISIONED
    assert error.value.final
    return error.value.problem


@pytest.mark.parametrize("what", ["stranger", "fork"])
async def test_a_camera_whose_server_rejects_it_is_not_taken_over_by_anybodys_code(what: str, tmp_path: Path) -> None:
    async with server() as made:
        assert await refused(camera(forgetful(tmp_path)), code(made, what)) is Problem.OTHER_OWNER
        assert made.paths() == ["/api/camera/seen", "/api/camera/activate"]
    kept = state.load(tmp_path)
    assert (kept.pairing, kept.former) == (None, KNOWN)
    assert kept.problem is not None and kept.problem.code is Problem.OTHER_OWNER
    assert kept.problem.detail == "This camera belongs to somebody else. Reset it at the camera to pair it anew."


async def test_a_code_that_can_prove_no_owner_is_refused_before_anything_is_sent_or_joined(tmp_path: Path) -> None:
    nowhere = "A Wi-Fi that would not be found"
    async with server() as made:
        careful = camera(forgetful(tmp_path))
        assert await refused(careful, code(made, "plain", ssid=nowhere)) is Problem.OTHER_OWNER
        assert await refused(careful, code(made, "own", b"short", ssid=nowhere)) is Problem.OWNER_UNPROVEN
        assert made.calls == []


@pytest.mark.parametrize("what", ["own", "older", "longer"])
async def test_the_owner_pairs_a_camera_anew_that_he_has_removed(what: str, tmp_path: Path) -> None:
    async with server() as made:
        await camera(forgetful(tmp_path)).onboard(code(made, what))
    kept = state.load(tmp_path).pairing
    assert kept is not None and kept.owner is not None
    assert (kept.owner.orders, kept.owner.epoch) == (ORDERS, 9)
    assert kept.owner.keyring == tuple(LONGER if what == "longer" else BOTH)


@pytest.mark.parametrize("what", ["stranger", "fork", "plain"])
async def test_hands_on_the_camera_pair_it_with_anybody(what: str, tmp_path: Path) -> None:
    async with server() as made:
        await camera(forgetful(tmp_path / "paired by hand"), afresh=True).onboard(code(made, what))
        reset(forgetful(tmp_path / "reset"))
        await camera(tmp_path / "reset").onboard(code(made, what))
    for directory in tmp_path.iterdir():
        assert state.load(directory).pairing is not None


async def test_after_an_unproven_pairing_by_hand_the_lens_still_waits_for_the_last_proven_owner(tmp_path: Path) -> None:
    async with server() as made:
        await camera(forgetful(tmp_path), afresh=True).onboard(code(made, "plain"))
        assert Memory(tmp_path, os.urandom).forget(LastProblem(Problem.IDENTITY_REJECTED, ""))
        assert await refused(camera(tmp_path), code(made, "plain")) is Problem.OTHER_OWNER


@pytest.mark.parametrize("what", ["stranger", "plain"])
async def test_a_rejected_camera_looks_on_for_its_owner_and_tries_no_other_code_twice(
    what: str, tmp_path: Path
) -> None:
    state.save(tmp_path, CameraState(pairing=Pairing("cam1", "https://a", "wss://a/s", owner=KNOWN)))
    shown, film, agent = Shown(), Film(), Online(rejected=True)
    async with server() as made, living(camera(tmp_path, shown, film), agent):
        film.show(code(made, what))
        await shown.until(lambda: Problem.OTHER_OWNER in shown.problems and film.opened == 2)
        await asyncio.sleep(0.6)
        assert shown.problems == [Problem.IDENTITY_REJECTED, Problem.OTHER_OWNER]
        assert made.paths().count("/api/camera/activate") == (0 if what == "plain" else 1)
        agent.rejected = False
        film.show(code(made, "own"))
        await shown.until(lambda: State.ONLINE in shown.states)
    assert agent.pairings[-1].owner == KNOWN
    assert agent.reported[0] is not None and agent.reported[0].code is Problem.OTHER_OWNER, "its owner hears of it"


async def test_a_code_that_was_refused_for_its_owner_works_after_a_reset(tmp_path: Path) -> None:
    shown, film, agent = Shown(), Film(), Online()
    async with server() as made, living(camera(forgetful(tmp_path), shown, film), agent):
        film.show(code(made, "plain"))
        await shown.until(lambda: Problem.OTHER_OWNER in shown.problems)
        reset(tmp_path)
        await asyncio.sleep(WATCH_SECONDS)
        await shown.until(lambda: State.ONLINE in shown.states)
    assert agent.pairings[0].owner is None


def test_a_code_of_somebody_else_never_works() -> None:
    assert Problem.OTHER_OWNER in FINAL
