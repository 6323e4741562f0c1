"""Activation: what each answer means, and that a lost answer, a slow server or a wrong server are met rightly."""

import os
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from camera_peer import identity
from camera_peer.activation import MAX_ANSWER_BYTES, TOKEN_SECONDS, activate, local_address
from camera_peer.activation_answer import (
    MAX_RETRY_AFTER_SECONDS,
    Answer,
    ServerBusy,
    blame,
    judge,
    pairing_from,
    pause,
    same_host,
)
from camera_peer.identity import Identity
from camera_peer.problem import CameraProblem, Problem
from camera_peer.state import Pairing
from signaling.protocol.identity import activation_is_genuine, decode_bytes
from signaling.protocol.qr import OnboardingCode
from tests.camera_peer.fake_server import always, fake_server, welcome

TOKEN = "AAECAwQFBgcICQoLDA0ODw"


@pytest.fixture
def device(tmp_path: Path) -> Identity:
    return identity.load_or_make(tmp_path, os.urandom)


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


async def run(code: OnboardingCode, device: Identity, clock: Time, delayed: list[Problem] | None = None) -> Pairing:
    heard = delayed if delayed is not None else []
    return await activate(
        code,
        device,
        random=lambda: 0.5,
        monotonic=lambda: clock.now,
        sleep=clock.sleep,
        delayed=lambda problem: heard.append(problem.problem),
    )


async def test_a_good_activation_says_seen_first_and_proves_its_key(device: Identity) -> None:
    async with fake_server() as server:
        activated = await run(OnboardingCode(f"{server.origin}/", TOKEN), device, Time())
    assert server.paths() == ["/api/camera/seen", "/api/camera/activate"]
    assert server.calls[0][1] == {"secret_token": TOKEN}
    body = server.calls[1][1]
    assert set(body) == {"secret_token", "my_hardware_id", "my_local_ip", "public_key", "proof"}
    assert body["my_local_ip"] == "127.0.0.1"
    key = decode_bytes(body["public_key"])
    assert activation_is_genuine(server.origin, TOKEN, body["my_hardware_id"], key, body["proof"])
    pairing = activated
    assert (pairing.camera_id, pairing.name, pairing.origin) == ("cam1", "Porch", server.origin)
    assert pairing.signaling_url == server.origin.replace("http", "ws") + "/api/signaling"


async def test_an_answer_may_come_in_pieces(device: Identity) -> None:
    async with fake_server() as server:
        server.pieces = 3
        assert (await run(OnboardingCode(server.origin, TOKEN), device, Time())).camera_id == "cam1"


async def test_an_answer_without_end_is_none(device: Identity) -> None:
    async with fake_server(always(200, {"camera_id": "cam1", "filling": "x" * MAX_ANSWER_BYTES})) as server:
        with pytest.raises(CameraProblem) as refused:
            await run(OnboardingCode(server.origin, TOKEN), device, Time())
    assert refused.value.problem is Problem.ACTIVATION_REFUSED


@pytest.mark.parametrize("host", ["192.0.2.1", "camera.lan", "localhost.example.org"])
async def test_no_token_travels_without_encryption(device: Identity, host: str) -> None:
    clock = Time()
    with pytest.raises(CameraProblem, match="without encryption") as refused:
        await run(OnboardingCode(f"http://{host}", TOKEN), device, clock)
    assert refused.value.problem is Problem.SERVER_UNENCRYPTED
    assert refused.value.final
    assert clock.naps == [], "nothing was tried"


async def test_a_lost_answer_is_asked_for_again_with_the_same_key(device: Identity) -> None:
    delayed: list[Problem] = []
    async with fake_server(lambda number, body: None if number == 0 else welcome(number, body)) as server:
        activated = await run(OnboardingCode(server.origin, TOKEN), device, Time(), delayed)
    keys = {body["public_key"] for path, body in server.calls if path.endswith("activate")}
    assert len(keys) == 1
    assert server.paths().count("/api/camera/seen") == 1
    assert activated.camera_id == "cam1"
    assert delayed == [Problem.SERVER_UNREACHABLE]


@pytest.mark.parametrize(
    ("status", "code", "problem"),
    [
        (410, "token_expired", Problem.TOKEN_EXPIRED),
        (410, "token_used", Problem.TOKEN_USED),
        (404, "token_unknown", Problem.TOKEN_UNKNOWN),
        (403, "network_not_allowed", Problem.NETWORK_NOT_ALLOWED),
        (400, "proof_invalid", Problem.PROOF_INVALID),
        (404, None, Problem.ACTIVATION_REFUSED),
    ],
)
async def test_a_final_refusal_is_not_repeated(
    device: Identity, status: int, code: str | None, problem: Problem
) -> None:
    clock = Time()
    async with fake_server(always(status, {"code": code})) as server:
        with pytest.raises(CameraProblem) as refused:
            await run(OnboardingCode(server.origin, TOKEN), device, clock)
    assert refused.value.problem is problem
    assert refused.value.final
    assert clock.naps == []


@pytest.mark.parametrize("status", [302, 511])
async def test_a_guest_portal_is_told_from_a_server(device: Identity, status: int) -> None:
    async with fake_server(always(status, {})) as server:
        with pytest.raises(CameraProblem, match="sign in on a web page") as refused:
            await run(OnboardingCode(server.origin, TOKEN), device, Time())
    assert refused.value.problem is Problem.NO_INTERNET


async def test_a_busy_server_is_waited_for_as_long_as_it_asks(device: Identity) -> None:
    clock = Time()

    def script(number: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return (429, {"code": "too_many_requests"}) if number == 0 else welcome(number, body)

    async with fake_server(script) as server:
        server.headers["Retry-After"] = "7"
        await run(OnboardingCode(server.origin, TOKEN), device, clock)
    assert len(clock.naps) == 1
    assert 7 <= clock.naps[0] <= 8


async def test_a_dead_server_is_tried_only_as_long_as_the_token_lives(device: Identity) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{unused.getsockname()[1]}"
        clock = Time()
        delayed: list[Problem] = []
        with pytest.raises(CameraProblem) as refused:
            await run(OnboardingCode(origin, TOKEN), device, clock, delayed)
    assert refused.value.problem is Problem.SERVER_UNREACHABLE
    assert TOKEN_SECONDS <= clock.now < TOKEN_SECONDS + 15
    assert len(delayed) == len(clock.naps) > 40


async def test_an_answer_that_points_elsewhere_is_refused(device: Identity) -> None:
    elsewhere = {"camera_id": "cam1", "name": "", "signaling_url": "ws://203.0.113.9/api/signaling"}
    async with fake_server(always(200, elsewhere)) as server:
        with pytest.raises(CameraProblem, match="not one this camera understands"):
            await run(OnboardingCode(server.origin, TOKEN), device, Time())


@pytest.mark.parametrize("body", [{}, {"camera_id": 7}, {"camera_id": ""}, {"camera_id": "c", "name": 1}])
def test_an_answer_without_what_matters_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(CameraProblem):
        pairing_from(body, OnboardingCode("https://a", TOKEN))


def test_judging_answers() -> None:
    assert judge(Answer(200, {"camera_id": "c"})) == {"camera_id": "c"}
    with pytest.raises(ServerBusy) as busy:
        judge(Answer(503, {}, retry_after=3.0))
    assert busy.value.after == 3.0


def test_whose_fault_a_failed_request_is() -> None:
    name = aiohttp.client_exceptions.ClientConnectorDNSError
    key = aiohttp.client_reqrep.ConnectionKey("a", 443, True, True, None, None, None)
    assert blame(name(key, socket.gaierror(-2, "Name or service not known"))).problem is Problem.NO_INTERNET
    assert blame(ConnectionResetError()).problem is Problem.SERVER_UNREACHABLE
    assert blame(TimeoutError()).problem is Problem.SERVER_UNREACHABLE


@pytest.mark.parametrize(
    ("url", "origin", "same"),
    [
        ("wss://a/api/signaling", "https://a", True),
        ("wss://a:8443/x", "https://a:8443", True),
        ("ws://a/x", "https://a", False),
        ("wss://b/x", "https://a", False),
        ("wss://a:1/x", "https://a", False),
        ("wss://a:x/", "https://a", False),
        (None, "https://a", False),
    ],
)
def test_the_socket_must_be_on_the_pinned_server(url: object, origin: str, same: bool) -> None:
    assert same_host(url, origin) is same


def test_the_servers_wish_to_wait_is_bounded() -> None:
    assert pause(0, 1e9, lambda: 1.0) <= MAX_RETRY_AFTER_SECONDS + 1
    assert pause(40, None, lambda: 1.0) == 15.0


@pytest.mark.parametrize("name", ["does-not-exist.invalid", "nobodys..invalid", "a" * 64 + ".invalid"])
async def test_no_address_is_no_failure(name: str) -> None:
    assert await local_address(f"https://{name}") == ""
