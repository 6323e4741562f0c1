"""Errors as RFC 9457 problem+json: every code, its HTTP status and its title, in one table."""

import math

import msgspec
from aiohttp import web

from signaling.http.shapes import Fault, Problem, SecondFactor
from signaling.http.times import rfc3339
from signaling.refusals import Refused, SecondFactorRequired

CONTENT_TYPE = "application/problem+json"

PROBLEMS: dict[str, tuple[int, str]] = {
    "invalid_body": (400, "The body does not have the documented form"),
    "invalid_query": (400, "The query does not have the documented form"),
    "invalid_request": (400, "The request is malformed"),
    "proof_invalid": (400, "The proof of the device key is wrong"),
    "email_invalid": (400, "Not an e-mail address"),
    "password_unsuitable": (400, "The password cannot be used"),
    "network_invalid": (400, "Not a network"),
    "wifi_invalid": (400, "These Wi-Fi details cannot be right"),
    "unauthorized": (401, "Sign in first"),
    "credentials_wrong": (401, "E-mail or password is wrong"),
    "second_factor_required": (401, "A second factor is wanted as well"),
    "second_factor_wrong": (401, "This code is not good"),
    "ticket_invalid": (401, "Begin signing in again"),
    "passkey_refused": (401, "The passkey was not accepted"),
    "proof_required": (403, "Show once more who you are"),
    "forbidden": (403, "Not allowed"),
    "origin_refused": (403, "The request came from another web site"),
    "registration_closed": (403, "Registration is closed"),
    "invitation_invalid": (403, "The invitation is not good"),
    "transfer_invalid": (403, "The transfer link is not good"),
    "reset_invalid": (403, "The link is not good"),
    "network_not_allowed": (403, "Not from this network"),
    "not_found": (404, "There is nothing here"),
    "token_unknown": (404, "Unknown code"),
    "method_not_allowed": (405, "This method is not known here"),
    "request_timeout": (408, "The request took too long to arrive"),
    "email_taken": (409, "The e-mail is taken"),
    "no_mail": (409, "This server sends no mail"),
    "last_administrator": (409, "The server needs this administrator"),
    "not_pending": (409, "The code is no longer pending"),
    "not_active": (409, "The camera is not active"),
    "passkeys_need_name": (409, "Passkeys need a server with a name"),
    "passkey_known": (409, "This passkey is registered already"),
    "no_passkey": (409, "There is no passkey"),
    "too_many_passkeys": (409, "Too many passkeys"),
    "totp_on": (409, "An authenticator app is on already"),
    "totp_not_begun": (409, "No authenticator app is waiting to be confirmed"),
    "no_second_factor": (409, "There is no such second factor"),
    "last_way_in": (409, "This could lock you out"),
    "too_many_cameras": (409, "Too many cameras"),
    "own_camera": (409, "This is your own camera"),
    "already_shared": (409, "This camera is shared with you already"),
    "too_many_grants": (409, "Shared with too many"),
    "too_many_invitations": (409, "Too many open invitations"),
    "too_many_installations": (409, "Too many devices wait to be added"),
    "keyring_moved": (409, "The keyring has changed in the meantime"),
    "orders_moved": (409, "Newer orders are known already"),
    "no_open_pairing": (409, "No code waits to be used"),
    "already_accepted": (409, "This grant was accepted already"),
    "statement_untrue": (422, "What was signed is not so"),
    "too_many_streams": (429, "Too many event streams"),
    "token_expired": (410, "The code has run out"),
    "token_used": (410, "The code was used"),
    "body_too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "Send application/json"),
    "code_too_large": (422, "Too much for one QR code"),
    "too_many_requests": (429, "Too many requests"),
    "internal": (500, "Something went wrong here"),
    "busy": (503, "Too busy at this moment"),
    "store_damaged": (500, "The database is damaged"),
    "store_unavailable": (503, "The database does not answer"),
    "live_unavailable": (503, "Live state is not available"),
}

_BY_STATUS = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "body_too_large",
    415: "unsupported_media_type",
}

KEPT_HEADERS = frozenset({"Allow"})
"""Of aiohttp's own errors: what a client acts on."""


def problem(
    code: str, detail: str, *, retry_after: float | None = None, second_factor: SecondFactor | None = None
) -> web.Response:
    """The answer for a code of the table."""
    status, title = PROBLEMS[code]
    body = Problem(f"/api/docs#problem-{code}", title, status, detail, code, _faults(code, detail), second_factor)
    headers = {"Cache-Control": "no-store"}
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return web.Response(status=status, body=msgspec.json.encode(body), content_type=CONTENT_TYPE, headers=headers)


def _faults(code: str, detail: str) -> list[Fault]:
    """msgspec ends its sentence with the place: ` - at `$.name``; a form shows the fault beside that field."""
    sentence, found, place = detail.rpartition(" - at `$")
    return [Fault(sentence, place.rstrip("`").lstrip("."))] if code == "invalid_body" and found else []


def refused(refusal: Refused) -> web.Response:
    """The answer for what the server understood and will not do."""
    step = refusal.step if isinstance(refusal, SecondFactorRequired) else None
    wanted = SecondFactor(step.ticket, rfc3339(step.expires_at), list(step.methods), step.passkey) if step else None
    return problem(refusal.code, refusal.detail, retry_after=refusal.retry_after, second_factor=wanted)


def from_http_exception(error: web.HTTPException) -> web.Response:
    """aiohttp's own errors (404, 405, 413 and so on) in our form."""
    code = _BY_STATUS.get(error.status, "invalid_request" if error.status < 500 else "internal")
    answer = problem(code, PROBLEMS[code][1].lower())
    for name in KEPT_HEADERS & error.headers.keys():
        answer.headers[name] = error.headers[name]
    return answer
