"""Which server is believed: the one with the key of the code, and not one byte goes to another."""

import asyncio
import datetime
import os
import ssl
import time
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from camera_peer import identity
from camera_peer.activation import activate
from camera_peer.problem import CameraProblem, Problem
from camera_peer.state import Pairing
from camera_peer.trust import PinnedKey, is_plain_and_remote, key_pin, successors, trust_for, tunnel_target
from signaling.protocol.qr import OnboardingCode
from tests.camera_peer.fake_server import fake_server, self_made

TOKEN = "AAECAwQFBgcICQoLDA0ODw"
A, B, C, D, E = (letter * 21 + "A" for letter in "ABCDE")
"""Pins."""


async def pair(origin: str, pin: str | None, directory: Path) -> Pairing:
    async def no_second_try(_: float) -> None:
        raise AssertionError("tried again")

    return await activate(
        OnboardingCode(origin, TOKEN, pin=pin),
        identity.load_or_make(directory / "camera", os.urandom),
        random=lambda: 0.5,
        monotonic=time.monotonic,
        sleep=no_second_try,
        delayed=lambda _: None,
    )


@pytest.mark.parametrize(
    ("url", "pinned"),
    [
        ("wss://belvedere.home/api/media", True),
        ("wss://belvedere.home:8443/api/media", True),
        ("wss://relay.example/api/media", False),
    ],
)
def test_a_tunnel_is_believed_as_its_host_is(url: str, pinned: bool) -> None:
    pairing = Pairing("cam", "https://belvedere.home", "wss://belvedere.home/api/signaling", pin=TOKEN)
    target = tunnel_target(url, pairing)
    assert target is not None
    assert target.url == url
    assert isinstance(target.tls, PinnedKey if pinned else ssl.SSLContext)


def test_a_tunnel_is_believed_by_the_next_key_too() -> None:
    pairing = Pairing("cam", "https://a", "wss://a/api/signaling", pin=A, next_pins=(B,))
    target = tunnel_target("wss://a/api/media", pairing)
    assert target is not None
    assert isinstance(target.tls, PinnedKey)
    assert target.tls.pins == (A, B)


@pytest.mark.parametrize(
    "url", ["https://belvedere.home/api/media", "wss:///api/media", "", "file:///etc/passwd", "wss://[::/api/media"]
)
def test_what_is_no_web_socket_is_no_tunnel(url: str) -> None:
    assert tunnel_target(url, Pairing("cam", "https://belvedere.home", "wss://belvedere.home/api/signaling")) is None


async def test_the_pinned_key_is_enough_without_any_authority(tmp_path: Path) -> None:
    certificate = self_made(tmp_path)
    async with fake_server(tls=certificate.context) as server:
        activated = await pair(server.origin, certificate.pin, tmp_path)
    assert activated.pin == certificate.pin
    assert activated.signaling_url.startswith("wss://127.0.0.1:")


async def test_a_renewed_certificate_of_the_same_key_stays_trusted(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pin = self_made(tmp_path, key).pin
    async with fake_server(tls=self_made(tmp_path, key).context) as server:
        assert (await pair(server.origin, pin, tmp_path)).camera_id == "cam1"


@pytest.mark.parametrize("known", [True, False])
async def test_any_of_the_pins_is_enough_and_no_other_key(tmp_path: Path, known: bool) -> None:
    certificate = self_made(tmp_path)
    trust = PinnedKey(A, certificate.pin if known else B)
    async with fake_server(tls=certificate.context) as server, aiohttp.ClientSession() as http:
        asking = http.post(f"{server.origin}/api/camera/seen", json={}, ssl=trust)
        if known:
            assert (await asking).status == 204
        else:
            with pytest.raises(aiohttp.ServerFingerprintMismatch, match="pair the camera again"):
                await asking
            assert server.calls == []


@pytest.mark.parametrize(
    ("believed", "told", "then"),
    [
        ((A,), [A, B], (A, B)),
        ((A, B), [A, B], (A, B)),
        ((A, B), [B, C], (B, C)),
        ((A, B), [A, C], (A, C)),
        ((A, B), [A, B, C, D], (A, B, C, D)),
        ((A, B), [A, B, C, D, E], None),
        ((A, B), [C, D], None),
        ((A, B), [A, "damaged"], None),
        ((A, B), [], None),
        ((), [A, B], None),
    ],
)
def test_the_keys_to_believe_after_a_known_server_named_its_own(
    believed: tuple[str, ...], told: list[str], then: tuple[str, ...] | None
) -> None:
    assert successors(believed, told) == then


async def test_another_key_gets_no_request(tmp_path: Path) -> None:
    """The handshake ends, then the camera hangs up: an impostor never sees the token."""
    received = bytearray()

    async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.read(65536))
        writer.close()

    server = await asyncio.start_server(impostor, "127.0.0.1", 0, ssl=self_made(tmp_path).context)
    async with server:
        origin = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(CameraProblem) as refused:
            await pair(origin, self_made(tmp_path).pin, tmp_path)
        await asyncio.sleep(0.05)
    assert refused.value.problem is Problem.SERVER_UNTRUSTED
    assert received == b""


async def test_without_a_pin_a_self_made_certificate_is_refused(tmp_path: Path) -> None:
    async with fake_server(tls=self_made(tmp_path).context) as server:
        with pytest.raises(CameraProblem) as refused:
            await pair(server.origin, None, tmp_path)
    assert refused.value.problem is Problem.SERVER_UNTRUSTED
    assert server.calls == []


async def test_a_pin_is_never_satisfied_without_tls(tmp_path: Path) -> None:
    async with fake_server() as server:
        with pytest.raises(CameraProblem, match="without encryption"):
            await pair(server.origin, self_made(tmp_path).pin, tmp_path)
    assert server.calls == []


async def test_a_damaged_pin_is_said(tmp_path: Path) -> None:
    with pytest.raises(CameraProblem, match="damaged"):
        await pair("https://127.0.0.1:9", "AAAA", tmp_path)


async def test_a_certificate_from_the_future_means_a_wrong_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Raspberry Pi without a clock wakes in the past; every certificate then starts later than its now."""
    future = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=400)
    certificate = self_made(tmp_path, starts=future)
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    for file in tmp_path.glob("*.pem"):
        trusting.load_verify_locations(file)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    delayed: list[Problem] = []

    async def enough(_: float) -> None:
        raise TimeoutError

    async with fake_server(tls=certificate.context) as server:
        with pytest.raises(TimeoutError):
            await activate(
                OnboardingCode(server.origin, TOKEN),
                identity.load_or_make(tmp_path / "camera", os.urandom),
                random=lambda: 0.5,
                monotonic=time.monotonic,
                sleep=enough,
                delayed=lambda problem: delayed.append(problem.problem),
            )
    assert delayed == [Problem.CLOCK_WRONG]


def test_what_is_no_pin_is_refused_at_once() -> None:
    for text in ("", "AAAA", "not base64!", "é"):
        with pytest.raises(ValueError, match=r"pin|base64url"):
            PinnedKey(text)
        with pytest.raises(ValueError, match=r"pin|base64url"):
            PinnedKey(A, text)


def test_a_certificate_that_cannot_be_read_has_no_pin() -> None:
    assert key_pin(b"junk") == ""


def test_ordinary_validation_is_the_browsers() -> None:
    context = trust_for(None)
    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("origin", "refused"),
    [
        ("http://127.0.0.1:8080", False),
        ("http://[::1]:8080", False),
        ("http://localhost", False),
        ("http://192.168.1.5", True),
        ("http://camera.lan", True),
        ("https://192.168.1.5", False),
    ],
)
def test_plain_http_is_refused_only_where_a_network_is_between(origin: str, refused: bool) -> None:
    assert is_plain_and_remote(origin) is refused
