"""Pairing by a code with a secret in it: the camera proves its key, and joins nobody who cannot prove to own it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from camera_peer import identity, state
from camera_peer.activation import activate
from camera_peer.camera import Camera, Outside
from camera_peer.identity import Identity
from camera_peer.lifecycle import State
from camera_peer.memory import Memory
from camera_peer.owner import OwnerFacts
from camera_peer.problem import CameraProblem, Problem
from camera_peer.state import CameraState, DamagedState, LastProblem, Pairing
from camera_peer.status import Status
from camera_peer.wifi.already_online import AlreadyOnline
from signaling.protocol.identity import encode_bytes
from signaling.protocol.qr import OnboardingCode
from signaling.protocol.trust.keyring import follow
from signaling.protocol.trust.orders import Known
from signaling.protocol.trust.pairing import camera_proof, owner_proof
from tests.camera_peer.callers import BOTH, PHONE
from tests.camera_peer.fake_server import FakeServer, Script, fake_server, welcome
from tests.signaling.trust.people import ring_of

TOKEN = "AAECAwQFBgcICQoLDA0ODw"
SECRET = bytes(range(16))
Owner = dict[str, Any]


@pytest.fixture
def device(tmp_path: Path) -> Identity:
    return identity.load_or_make(tmp_path, os.urandom)


def code(server: FakeServer, secret: bytes | None = SECRET) -> OnboardingCode:
    return OnboardingCode(server.origin, TOKEN, pairing_secret=secret and encode_bytes(secret))


def shown(origin: str, texts: list[str] = BOTH, secret: bytes = SECRET, token: str = TOKEN) -> Owner:
    ring = follow(texts)
    return {"keyring": texts, "proof": owner_proof(secret, origin, token, ring.name, ring.head)}


async def paired(device: Identity, show: Callable[[str], Any], secret: bytes | None = SECRET) -> tuple[Pairing, Owner]:
    """The pairing, and what the camera sent, at a server that shows this owner."""
    origin = ""

    def script(number: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        status, answer = welcome(number, body)
        return status, answer | {"owner": show(origin)}

    async with fake_server(script) as server:
        origin = server.origin
        pairing = await activate(
            code(server, secret), device, random=lambda: 0.5, monotonic=lambda: 0.0, delayed=lambda _: None
        )
    return pairing, server.calls[-1][1] | {"origin": origin}


async def test_pairing_proofs_go_both_ways_and_the_owner_is_kept(device: Identity) -> None:
    pairing, sent = await paired(device, shown)
    assert pairing.owner == OwnerFacts(tuple(BOTH))
    key = encode_bytes(device.public_key)
    assert sent["public_key"] == key
    assert sent["pairing_proof"] == camera_proof(SECRET, sent["origin"], TOKEN, key)


async def test_pairing_by_a_code_of_the_server_proves_nobody(device: Identity) -> None:
    pairing, sent = await paired(device, shown, secret=None)
    assert pairing.owner is None
    assert "pairing_proof" not in sent


SWAPPED: dict[str, Callable[[str], Any]] = {
    "nobody": lambda _: None,
    "words": lambda _: "you",
    "no keyring": lambda origin: shown(origin) | {"keyring": []},
    "another keyring": lambda origin: shown(origin) | {"keyring": ring_of("thief")},
    "another keyring and proof": lambda origin: shown(origin, ring_of("thief"), secret=bytes(16)),
    "an older end": lambda origin: shown(origin) | {"keyring": PHONE},
    "another code's": lambda origin: shown(origin, token="B" * 22),
    "another server's": lambda _: shown("https://elsewhere"),
    "half a keyring": lambda origin: shown(origin) | {"keyring": BOTH[1:]},
    "no proof": lambda origin: shown(origin) | {"proof": ""},
    "the camera's own proof": lambda origin: shown(origin) | {"proof": camera_proof(SECRET, origin, TOKEN, "k")},
}


@pytest.mark.parametrize("what", SWAPPED)
async def test_swap_of_the_owner_at_pairing_is_refused_for_good(what: str, device: Identity) -> None:
    with pytest.raises(CameraProblem) as refused:
        await paired(device, SWAPPED[what])
    assert refused.value.problem is Problem.OWNER_UNPROVEN
    assert refused.value.final


async def test_a_damaged_pairing_secret_is_named_before_anything_is_sent(device: Identity) -> None:
    async with fake_server() as server:
        with pytest.raises(CameraProblem, match="pairing secret in this code is damaged") as refused:
            await activate(
                code(server, b"short"), device, random=lambda: 0.5, monotonic=lambda: 0.0, delayed=lambda _: None
            )
    assert refused.value.problem is Problem.OWNER_UNPROVEN
    assert server.calls == []


def camera(directory: Path) -> Camera:
    return Camera(Memory(directory, os.urandom), Outside(AlreadyOnline(), random=lambda: 0.5), Status())


async def onboarded(directory: Path, script: Script) -> Camera:
    made = camera(directory)
    async with fake_server(script) as server:
        with pytest.raises(CameraProblem):
            await made.onboard(code(server))
    return made


async def test_an_unproven_owner_leaves_no_pairing_and_the_camera_at_the_beginning(tmp_path: Path) -> None:
    made = await onboarded(tmp_path, welcome)
    assert made.state is State.UNPROVISIONED
    kept = state.load(tmp_path)
    assert kept.pairing is None
    assert kept.problem is not None
    assert kept.problem.code is Problem.OWNER_UNPROVEN


OLD = Pairing("cam1", "https://a", "wss://a/s", owner=OwnerFacts(tuple(PHONE)))


def test_what_is_learnt_of_the_owner_is_kept_and_is_no_change_to_ourselves(tmp_path: Path) -> None:
    state.save(tmp_path, CameraState(pairing=OLD))
    ours = Memory(tmp_path, os.urandom)
    ours.own(OwnerFacts(tuple(BOTH), epoch=3))
    assert ours.pairing == state.load(tmp_path).pairing == OLD.owned(OwnerFacts(tuple(BOTH), epoch=3))
    assert not ours.changed()
    other = Memory(tmp_path, os.urandom)
    other.win(Pairing("cam2", "https://b", "wss://b/s"), unless_changed=False)
    ours.own(OwnerFacts(tuple(BOTH), epoch=4))
    assert state.load(tmp_path).pairing == other.pairing


def test_pairing_anew_and_being_forgotten_by_the_server_take_back_no_orders(tmp_path: Path) -> None:
    known = OwnerFacts(tuple(BOTH), orders=Known(3, 0, frozenset({7}), standard=False, digest="x" * 43), epoch=9)
    state.save(tmp_path, CameraState(pairing=OLD.owned(known)))
    ours = Memory(tmp_path, os.urandom)
    assert ours.forget(LastProblem(Problem.IDENTITY_REJECTED, ""))
    ours.win(Pairing("cam2", "https://a", "wss://a/s"), unless_changed=False)
    assert ours.pairing is not None and ours.pairing.owner is None
    ours.win(OLD, unless_changed=False)
    assert ours.pairing.owner == known
    ours.win(OLD.owned(OwnerFacts(tuple(ring_of("other")))), unless_changed=False)
    assert ours.pairing.owner == OwnerFacts(tuple(ring_of("other")), epoch=9)


@pytest.mark.parametrize("texts", [(), ("a.b.c",), tuple(BOTH[1:])])
def test_a_damaged_keyring_is_named_with_what_to_do(tmp_path: Path, texts: tuple[str, ...]) -> None:
    for kept in (CameraState(pairing=OLD.owned(OwnerFacts(texts))), CameraState(former=OwnerFacts(texts))):
        state.save(tmp_path, kept)
        with pytest.raises(DamagedState, match="belvedere-camera reset"):
            state.load(tmp_path)
