"""What the answers of an activation mean, and whose fault a failed request is. Plain functions."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from camera_peer.owner import OwnerFacts
from camera_peer.problem import CameraProblem, Problem
from camera_peer.state import Pairing
from signaling.client_backoff import full_jitter
from signaling.protocol.messages import SOCKET_PATH
from signaling.protocol.qr import OnboardingCode
from signaling.protocol.trust.keyring import MAX_STATEMENTS, follow
from signaling.protocol.trust.pairing import owner_proof, read_secret
from signaling.protocol.trust.proof import is_proof
from signaling.protocol.trust.statement import Untrue

RETRY_BASE_SECONDS = 0.5
RETRY_CEILING_SECONDS = 15.0
MAX_RETRY_AFTER_SECONDS = 60.0
"""A longer wish of the server is cut to this: the token is dying meanwhile."""
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


class ShownOwner(msgspec.Struct, frozen=True):
    """`owner` of an answer: the statements of his keyring, and his proof that it is his."""

    keyring: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MAX_STATEMENTS)]
    proof: str


class ServerBusy(Exception):
    """The server asks to come back later; `after` in seconds, None if it did not say when."""

    def __init__(self, after: float | None) -> None:
        super().__init__("the server is busy")
        self.after = after


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


def secret_of(code: OnboardingCode) -> bytes | None:
    """What only whoever has seen the code knows; None in a code that a server has drawn. Raises `CameraProblem`."""
    if code.pairing_secret is None:
        return None
    try:
        return read_secret(code.pairing_secret)
    except ValueError:
        raise CameraProblem(Problem.OWNER_UNPROVEN, "The pairing secret in this code is damaged.") from None


def owner_in(body: dict[str, Any], code: OnboardingCode) -> OwnerFacts | None:
    """Whose the camera is, if the code can prove that. Raises `CameraProblem` where the answer does not prove it."""
    secret = secret_of(code)
    if secret is None:
        return None
    try:
        shown = msgspec.convert(body.get("owner"), ShownOwner)
        ring = follow(shown.keyring)
    except (msgspec.ValidationError, Untrue):
        raise CameraProblem(Problem.OWNER_UNPROVEN) from None
    proof = owner_proof(secret, origin_of(code), code.token, ring.name, ring.head)
    if not is_proof(proof, shown.proof):
        raise CameraProblem(Problem.OWNER_UNPROVEN)
    return OwnerFacts(tuple(shown.keyring))


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
    owner = owner_in(body, code)
    return Pairing(camera_id, origin, signaling_url, name, pin=code.pin, owner=owner)


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


def pause(attempt: int, wish: float | None, random: Callable[[], float]) -> float:
    """Seconds until the next try: the server's wish, bounded, plus jitter."""
    jitter = full_jitter(attempt, base=RETRY_BASE_SECONDS, ceiling=RETRY_CEILING_SECONDS, random=random)
    return jitter if wish is None else min(max(wish, 0.0), MAX_RETRY_AFTER_SECONDS) + jitter
