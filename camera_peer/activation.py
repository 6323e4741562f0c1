"""The camera's side of onboarding: tell the server that its code was seen, then be activated (DESIGN §6.3).

`judge` and `blame` decide, as plain functions; `activate` does the requests, and repeats them with the same key while
the token can still live, because an answer that got lost must not cost the pairing.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
import structlog

from camera_peer.backoff import full_jitter
from camera_peer.identity import Identity
from camera_peer.problem import CameraProblem, Problem
from camera_peer.state import Pairing
from camera_peer.trust import Trust, is_plain_and_remote, trust_for
from signaling.protocol.messages import SOCKET_PATH
from signaling.protocol.qr import OnboardingCode

log = structlog.get_logger(__name__)

TOKEN_SECONDS = 600.0
"""Life of a token (DESIGN §6.1). The camera does not know when it was made, so it tries at most this long."""
REQUEST_SECONDS = 15.0
RETRY_BASE_SECONDS = 0.5
RETRY_CEILING_SECONDS = 15.0
MAX_RETRY_AFTER_SECONDS = 60.0
"""A longer wish of the server is cut to this: the token is dying meanwhile."""
MAX_ANSWER_BYTES = 64 * 1024
T = TypeVar("T")
HTTP_OK = 200
HTTP_NO_CONTENT = 204
HTTP_TOO_MANY_REQUESTS = 429
HTTP_SERVER_ERROR = 500
PORTAL_STATUSES = frozenset({301, 302, 303, 307, 308, 511})
"""Our server never redirects a camera; a guest portal does, or says 511 (RFC 6585 §6)."""

_FINAL_CODES = {
    "token_expired": Problem.TOKEN_EXPIRED,
    "token_used": Problem.TOKEN_USED,
    "token_unknown": Problem.TOKEN_UNKNOWN,
    "network_not_allowed": Problem.NETWORK_NOT_ALLOWED,
    "proof_invalid": Problem.PROOF_INVALID,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: HTTP status, the JSON object (empty if there was none), header fields."""

    status: int
    body: dict[str, Any]
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class ServerBusy(Exception):
    """The server asks to come back later; `after` in seconds, None if it did not say when."""

    after: float | None


def judge(answer: Answer) -> dict[str, Any]:
    """The body of a good answer. Raises `CameraProblem` (final) or `ServerBusy` (try again)."""
    if answer.status in (HTTP_OK, HTTP_NO_CONTENT):
        return answer.body
    if answer.status in PORTAL_STATUSES:
        raise CameraProblem(Problem.NO_INTERNET, "This network wants somebody to sign in on a web page first.")
    if answer.status == HTTP_TOO_MANY_REQUESTS or answer.status >= HTTP_SERVER_ERROR:
        raise ServerBusy(answer.retry_after)
    problem = _FINAL_CODES.get(str(answer.body.get("code")), Problem.ACTIVATION_REFUSED)
    raise CameraProblem(problem)


def blame(error: BaseException) -> CameraProblem:
    """Which of our codes a failed request is. Plain function over exceptions of aiohttp and the socket module."""
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return CameraProblem(Problem.SERVER_UNTRUSTED)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = str(error.certificate_error)
        clock = "not yet valid" in reason
        return CameraProblem(Problem.CLOCK_WRONG if clock else Problem.SERVER_UNTRUSTED)
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(error, aiohttp.ClientConnectorDNSError) or isinstance(cause, socket.gaierror):
        return CameraProblem(Problem.NO_INTERNET)
    if isinstance(cause, ssl.SSLError):
        return CameraProblem(Problem.SERVER_UNTRUSTED, "The server does not speak TLS as this code says it does.")
    return CameraProblem(Problem.SERVER_UNREACHABLE)


def pairing_from(body: dict[str, Any], code: OnboardingCode) -> Pairing:
    """What is remembered of a successful activation. Raises `CameraProblem` if the answer is not one."""
    origin = origin_of(code)
    camera_id, name = body.get("camera_id"), body.get("name", "")
    signaling_url = body.get("signaling_url") or origin.replace("http", "ws", 1) + SOCKET_PATH
    if (
        not isinstance(camera_id, str)
        or not camera_id
        or not isinstance(name, str)
        or not same_host(signaling_url, origin)
    ):
        raise CameraProblem(Problem.ACTIVATION_REFUSED, "The server's answer is not one this camera understands.")
    return Pairing(camera_id=camera_id, origin=origin, signaling_url=signaling_url, name=name, pin=code.pin)


def origin_of(code: OnboardingCode) -> str:
    """The server's origin as it stands in the code; a slash at the end is no part of it."""
    return code.server_url.rstrip("/")


def same_host(signaling_url: object, origin: str) -> bool:
    """Whether the socket's address is on the server that the code named and pinned, with the same protection."""
    if not isinstance(signaling_url, str):
        return False
    try:
        socket_parts, origin_parts = urlsplit(signaling_url), urlsplit(origin)
        same = (socket_parts.hostname, socket_parts.port) == (origin_parts.hostname, origin_parts.port)
    except ValueError:
        return False
    return same and socket_parts.scheme == {"http": "ws", "https": "wss"}[origin_parts.scheme]


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


def pause(attempt: int, wish: float | None, random: Callable[[], float]) -> float:
    """Seconds until the next try: the server's wish, bounded, plus jitter."""
    jitter = full_jitter(attempt, base=RETRY_BASE_SECONDS, ceiling=RETRY_CEILING_SECONDS, random=random)
    return jitter if wish is None else min(max(wish, 0.0), MAX_RETRY_AFTER_SECONDS) + jitter


def _trust(code: OnboardingCode) -> Trust:
    origin = origin_of(code)
    if code.pin is not None and origin.startswith("http:"):
        raise CameraProblem(
            Problem.SERVER_UNTRUSTED, "This code names a server key, but an address without encryption."
        )
    if is_plain_and_remote(origin):
        log.warning("server_without_tls", origin=origin, advice="everyone on this network can read along; use https")
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
    answer = await _post(http, trust, f"{origin}/api/camera/activate", fields)
    return pairing_from(judge(answer), code)


async def _post(http: aiohttp.ClientSession, trust: Trust, url: str, body: dict[str, str]) -> Answer:
    async with http.post(url, json=body, ssl=trust, allow_redirects=False) as response:
        data = await response.content.read(MAX_ANSWER_BYTES)
        return Answer(
            response.status,
            _object(data),
            retry_after=_seconds(response.headers.get("Retry-After")),
        )


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
    except OSError:
        return ""
