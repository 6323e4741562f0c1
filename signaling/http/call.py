"""One request on its way through: from bytes to a checked call, and from a value to an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from aiohttp import web

from signaling.accounts import Caller
from signaling.acting import Actor, acting
from signaling.http.addresses import client_address, is_hidden
from signaling.http.origins import same_origin
from signaling.http.services import Services
from signaling.http.times import rfc3339 as rfc3339
from signaling.rates import address_key
from signaling.refusals import Refused
from signaling.tokens import COOKIE, cookie_name

SERVICES = web.AppKey("services", Services)
ACCOUNT = web.RequestKey("account", str)
"""Where a request keeps the id of the account that sent it, for the log."""
MAX_BODY_BYTES = 64 * 1024
BODY_SECONDS = 15.0
"""A phone on a bad line sends 64 KiB in less; whoever is slower ties up a connection on purpose."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_ID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Call:
    """A request that passed all checks of its route. `body` and `query` have the route's types; `now` in seconds since
    the epoch."""

    request: web.Request
    services: Services
    address: str
    now: float
    body: Any
    query: Any
    signed_in: Caller | None

    @property
    def caller(self) -> Caller:
        """Who calls. Only for routes that need an account."""
        if self.signed_in is None:
            raise Refused("unauthorized", "sign in first")
        return self.signed_in

    @property
    def id(self) -> str:
        """The `{id}` of the path. Raises `Refused` where it cannot be one of ours."""
        text = self.request.match_info["id"]
        if len(text) > MAX_ID_LENGTH or not text.isascii() or not text.replace("-", "").replace("_", "").isalnum():
            raise Refused("not_found", "there is nothing with this id")
        return text

    @property
    def is_hidden(self) -> bool:
        """Whether `address` is a proxy's, which does not say whose this call is."""
        return is_hidden(self.address, self.services.settings)


Handler = Callable[[Call], Awaitable[msgspec.Struct | web.StreamResponse | None]]
Auth = Literal["nobody", "account"]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table. `answer`: a type of `shapes`, a media type, or None for 204. `deed`: whether it may leave
    an entry in the audit log, its caller's or another's."""

    method: str
    path: str
    handler: Handler
    summary: str
    auth: Auth = "account"
    body: type[msgspec.Struct] | None = None
    answer: type[msgspec.Struct] | str | None = None
    status: int = 200
    limit: str | None = None
    problems: tuple[str, ...] = ()
    query: type[msgspec.Struct] | None = None
    deed: bool = True

    @property
    def counted_by(self) -> Literal["account", "login"] | None:
        """Whose deeds of this kind are counted: entries of the audit log stay, so they must not come without end.

        What ends something needs something that was begun, and is never refused. Nor does a stolen login use up what
        its owner needs to be rid of it: where a proof is wanted, each login has a count of its own.
        """
        if self.auth == "nobody" or not self.deed or self.method not in {"POST", "PUT", "PATCH"}:
            return None
        return "login" if "proof_required" in self.problems else "account"


async def run(route: Route, request: web.Request) -> web.StreamResponse:
    """Check a request against its route, call the handler, write the answer. Raises `Refused` and others."""
    services = request.app[SERVICES]
    address = client_address(request, services.settings)
    if route.limit is not None:
        await count(services, route.limit, address_key(address))
    signed_in = await admit(route, request, services, address)
    if signed_in is not None:
        await _count_deed(services, route, signed_in)
    query = read_query(request, route.query) if route.query is not None else None
    body = None
    if route.body is not None:
        data = await receive(request)
        signed_in = await admit(route, request, services, address)
        body = read_body(request, data, route.body)
    call = Call(request, services, address, services.clock(), body, query, signed_in)
    value = await route.handler(call)
    return value if isinstance(value, web.StreamResponse) else json_answer(value, route.status)


async def admit(route: Route, request: web.Request, services: Services, address: str) -> Caller | None:
    """Who calls; None where nobody has to be anybody. Asked before a body is received, so that strangers are refused
    for nothing, and again afterwards: while it is on its way the session may end. Raises `Refused`."""
    signed_in = await authenticate(request, services) if route.auth == "account" else None
    if signed_in is not None:
        request[ACCOUNT] = signed_in.account.id
    acting.set(Actor(signed_in.account.email if signed_in else "visitor", address))
    return signed_in


async def _count_deed(services: Services, route: Route, caller: Caller) -> None:
    match route.counted_by:
        case "account":
            await count(services, "change", caller.account.id)
        case "login":
            await count(services, "change", f"login/{caller.login.id}")


async def count(services: Services, rule: str, key: str) -> None:
    """Raises `Refused` (too_many_requests)."""
    wait = await services.live.hit(rule, key)
    if wait:
        raise Refused("too_many_requests", "too many requests; wait a little", retry_after=wait)


async def authenticate(request: web.Request, services: Services) -> Caller:
    """Who calls, by header or cookie. Raises `Refused`: unauthorized, origin_refused."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    from_cookie = not scheme
    if from_cookie:
        token = request.cookies.get(cookie_name(COOKIE, services.origin), "")
    elif scheme.lower() != "bearer":
        token = ""
    caller = await services.accounts.caller(token.strip(), now=services.clock()) if token else None
    if caller is None:
        raise Refused("unauthorized", "sign in first")
    if from_cookie and request.method not in SAFE_METHODS and not same_origin(request, services.origin):
        raise Refused("origin_refused", "this request came from a page of another web site")
    return caller


async def receive(request: web.Request) -> bytes:
    """The body as it came. Raises `Refused`, or aiohttp's 413."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused("unsupported_media_type", "send the body as it is, without Content-Encoding")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise Refused("request_timeout", "the body did not arrive in time") from None
    except (web.RequestPayloadError, ConnectionError):
        raise Refused("invalid_request", "the body did not arrive whole") from None


def read_body(request: web.Request, data: bytes, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """The body as `kind`. Raises `Refused`."""
    if data and request.content_type != "application/json":
        raise Refused("unsupported_media_type", "send the body as application/json")
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refused("invalid_body", str(error) or "not JSON") from None


def read_query(request: web.Request, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """What stands behind the `?` as `kind`. Raises `Refused` (invalid_query)."""
    if len(request.query) != len(set(request.query)):
        raise Refused("invalid_query", "a parameter stands there twice")
    try:
        return msgspec.convert(dict(request.query), kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refused("invalid_query", str(error)) from None


def json_answer(value: msgspec.Struct | None, status: int) -> web.Response:
    """A value as JSON that nobody may keep; None is 204."""
    headers = {"Cache-Control": "no-store"}
    if value is None:
        return web.Response(status=204, headers=headers)
    return web.Response(
        status=status, body=msgspec.json.encode(value), content_type="application/json", headers=headers
    )
