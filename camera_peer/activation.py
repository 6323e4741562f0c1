"""The camera's side of onboarding: tell the server that its code was seen, then be activated (DESIGN §6.3).

What an answer or a failure means is decided in `activation_answer`; here the requests are made, and repeated with the
same key while the token can still live, because an answer that got lost must not cost the pairing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from camera_peer.activation_answer import Answer, ServerBusy, blame, judge, origin_of, pairing_from, pause, secret_of
from camera_peer.identity import Identity
from camera_peer.problem import CameraProblem, Problem
from camera_peer.state import Pairing
from camera_peer.trust import Trust, is_plain_and_remote, trust_for
from signaling.protocol.qr import OnboardingCode
from signaling.protocol.trust.pairing import camera_proof

TOKEN_SECONDS = 600.0
"""Life of a token (DESIGN §6.1). The camera does not know when it was made, so it tries at most this long."""
REQUEST_SECONDS = 15.0
MAX_ANSWER_BYTES = 64 * 1024
T = TypeVar("T")


async def activate(
    code: OnboardingCode,
    identity: Identity,
    *,
    random: Callable[[], float],
    monotonic: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    delayed: Callable[[CameraProblem], None],
) -> Pairing:
    """Activate this camera. Raises `CameraProblem` when the code cannot work, or not within the token's life.

    `delayed` hears of each failure that is tried again.
    """
    trust = _trust(code)
    secret_of(code)
    persistence = _Persistence(random, monotonic, monotonic() + TOKEN_SECONDS, sleep, delayed)
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
        await persistence.until_answered(lambda: _tell_seen(http, trust, code))
        return await persistence.until_answered(lambda: _claim(http, trust, code, identity))


@dataclass(frozen=True, slots=True)
class _Persistence:
    """Tries again after failures that may pass, until `deadline` (of the monotonic clock)."""

    random: Callable[[], float]
    monotonic: Callable[[], float]
    deadline: float
    sleep: Callable[[float], Awaitable[None]]
    delayed: Callable[[CameraProblem], None]

    async def until_answered(self, request: Callable[[], Awaitable[T]]) -> T:
        """The answer to `request`. Raises `CameraProblem`."""
        attempt = 0
        while True:
            wish: float | None = None
            try:
                return await request()
            except ServerBusy as busy:
                problem, wish = CameraProblem(Problem.SERVER_UNREACHABLE, "The server is busy."), busy.after
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                problem = blame(error)
            if problem.final or self.monotonic() >= self.deadline:
                raise problem
            self.delayed(problem)
            await self.sleep(pause(attempt, wish, self.random))
            attempt += 1


def _trust(code: OnboardingCode) -> Trust:
    origin = origin_of(code)
    if code.pin is not None and origin.startswith("http:"):
        raise CameraProblem(
            Problem.SERVER_UNTRUSTED, "This code names a server key, but an address without encryption."
        )
    if is_plain_and_remote(origin):
        raise CameraProblem(Problem.SERVER_UNENCRYPTED)
    try:
        return trust_for(code.pin)
    except ValueError:
        raise CameraProblem(Problem.SERVER_UNTRUSTED, "The server key in this code is damaged.") from None


async def _tell_seen(http: aiohttp.ClientSession, trust: Trust, code: OnboardingCode) -> None:
    judge(await _post(http, trust, f"{origin_of(code)}/api/camera/seen", {"secret_token": code.token}))


async def _claim(http: aiohttp.ClientSession, trust: Trust, code: OnboardingCode, identity: Identity) -> Pairing:
    origin = origin_of(code)
    fields = {
        "secret_token": code.token,
        "my_hardware_id": identity.hardware_id,
        "my_local_ip": await local_address(origin),
        **identity.activation_fields(origin, code.token),
    }
    secret = secret_of(code)
    if secret is not None:
        fields["pairing_proof"] = camera_proof(secret, origin, code.token, fields["public_key"])
    answer = await _post(http, trust, f"{origin}/api/camera/activate", fields)
    return pairing_from(judge(answer), code)


async def _post(http: aiohttp.ClientSession, trust: Trust, url: str, body: dict[str, str]) -> Answer:
    async with http.post(url, json=body, ssl=trust, allow_redirects=False) as response:
        return Answer(
            response.status,
            _object(await _whole(response.content)),
            retry_after=_seconds(response.headers.get("Retry-After")),
        )


async def _whole(content: aiohttp.StreamReader) -> bytes:
    """The body, in however many pieces it comes; b"" where it is longer than any answer of ours."""
    data = bytearray()
    async for piece in content.iter_any():
        data += piece
        if len(data) > MAX_ANSWER_BYTES:
            return b""
    return bytes(data)


def _object(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any]) if data else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


async def local_address(origin: str) -> str:
    """The address this machine would use towards the server. No packet is sent; a label only, so empty if unknown."""
    parts = urlsplit(origin)
    loop = asyncio.get_running_loop()
    try:
        port = parts.port or 443
        family, kind, protocol, _, address = (await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_DGRAM))[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setblocking(False)
            probe.connect(address)
            return str(probe.getsockname()[0])
    except (OSError, UnicodeError):
        return ""
