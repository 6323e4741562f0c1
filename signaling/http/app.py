"""Puts the HTTP side together: routes, bounds, headers, problems, log and metrics around them."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from aiohttp import web

from signaling.http import openapi
from signaling.http.addresses import client_address, is_hidden
from signaling.http.call import ACCOUNT, MAX_BODY_BYTES, SERVICES, Route, count, run
from signaling.http.events import STREAMS, Streams
from signaling.http.listener import Connection
from signaling.http.origins import cors_headers
from signaling.http.problems import from_http_exception, problem, refused
from signaling.http.routes import ROUTES
from signaling.http.services import Services
from signaling.http.static import PACKAGED_APP, add_static
from signaling.live.state import LiveUnavailable
from signaling.protocol.media_socket import MEDIA_PATH
from signaling.protocol.messages import SOCKET_PATH
from signaling.rates import address_key
from signaling.refusals import Refused

log = structlog.get_logger(__name__)

SocketHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
QUIET = frozenset({"/healthz", "/readyz"})
"""Probes come every few seconds and say nothing."""
HIDDEN = web.AppKey("hidden", set[str])
"""Holds `told` once the log has said that a proxy hides who calls."""
HSTS = "max-age=31536000"


def create_app(
    services: Services, *, socket: SocketHandler | None = None, media: SocketHandler | None = None
) -> web.Application:
    """The application. `socket` serves the signaling WebSocket, `media` the one of cameras without UDP."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_observe, _answer_problems, _bound])
    app[SERVICES] = services
    app[STREAMS] = Streams()
    app[HIDDEN] = set()
    for route in ROUTES:
        _add(app, route)
    _add_document(app, services)
    if socket is not None:
        app.router.add_get(SOCKET_PATH, socket, allow_head=False)
    if media is not None:
        app.router.add_get(MEDIA_PATH, media, allow_head=False)
    add_static(app, Path(services.settings.web_dir) if services.settings.web_dir else PACKAGED_APP)
    app.on_response_prepare.append(_set_headers)
    app.on_shutdown.append(_end_streams)
    return app


def _add(app: web.Application, route: Route) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await run(route, request)

    if route.method == "GET":
        app.router.add_get(route.path, handle, allow_head=route.answer != "text/event-stream")
    else:
        app.router.add_route(route.method, route.path, handle)


def _add_document(app: web.Application, services: Services) -> None:
    document = openapi.document(ROUTES, origin=services.origin, version=services.version)

    async def handle(_request: web.Request) -> web.Response:
        return web.json_response(document, headers={"Cache-Control": "no-cache"})

    app.router.add_get("/api/openapi.json", handle)


@web.middleware
async def _observe(request: web.Request, handler: Next) -> web.StreamResponse:
    """Log and count; queries and bodies stay out of both."""
    started = time.perf_counter()
    status = 499
    address = client_address(request, request.app[SERVICES].settings)  # a connection that has ended has none
    if isinstance(request.protocol, Connection):
        request.protocol.request_arrived()
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        services = request.app[SERVICES]
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "unknown"
        seconds = time.perf_counter() - started
        services.metrics.requests.labels(route, _known_method(request.method), status).inc()
        services.metrics.seconds.labels(route).observe(seconds)
        if route not in QUIET:
            _tell_once(request.app, address)
            facts = {"status": status, "ms": round(seconds * 1000, 1)}
            who = {"account": request[ACCOUNT]} if ACCOUNT in request else {}
            log.info("request", method=_known_method(request.method), route=route, address=address, **facts, **who)


def _tell_once(app: web.Application, address: str) -> None:
    if app[HIDDEN] or not is_hidden(address, app[SERVICES].settings):
        return
    app[HIDDEN].add("told")
    reason = "a trusted proxy sends no usable X-Forwarded-For: limits count all its visitors as one"
    log.warning("visitors_look_alike", reason=reason, proxy=address)


@web.middleware
async def _answer_problems(request: web.Request, handler: Next) -> web.StreamResponse:
    """Every error leaves as problem+json, whoever raised it."""
    try:
        return await handler(request)
    except Refused as refusal:
        return refused(refusal)
    except LiveUnavailable:
        return problem("live_unavailable", "live state does not answer; try again", retry_after=2)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return from_http_exception(error)
    except ConnectionError:
        raise
    except Exception:
        log.exception("request_failed", method=_known_method(request.method), path=request.path[:200])
        return problem("internal", "this is our fault and has been logged")


@web.middleware
async def _bound(request: web.Request, handler: Next) -> web.StreamResponse:
    """How often one address may ask at all; OPTIONS is answered here."""
    services = request.app[SERVICES]
    await count(services, "address", address_key(client_address(request, services.settings)))
    unmatched = request.match_info.http_exception
    if request.method == "OPTIONS" and unmatched is not None and unmatched.status == 405:
        return web.Response(status=204, headers={"Allow": _methods_of(request.path) or unmatched.headers["Allow"]})
    return await handler(request)


def _methods_of(path: str) -> str:
    """What a path may be asked that has no parameters; the router would add what `{id}` in its last place takes."""
    return ",".join(sorted(route.method for route in ROUTES if route.path == path))


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    services = request.app[SERVICES]
    origin = services.origin
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Content-Security-Policy", content_security_policy(origin))
    response.headers.setdefault("Permissions-Policy", "geolocation=(), payment=(), usb=()")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.headers["Server"] = "Belvedere"
    if origin.startswith("https:") and not services.settings.self_made_certificate:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    response.headers.update(cors_headers(request, services.settings.allowed_origins))
    if services.settings.allowed_origins:
        # Also on an answer to nobody in particular: a cache must not hand it to a page that may read (Fetch §3.2.5).
        response.headers["Vary"] = ", ".join(filter(None, (response.headers.get("Vary"), "Origin")))


def content_security_policy(origin: str) -> str:
    """Scripts, workers, styles and connections of our own only. `origin` names the socket where a browser wants it."""
    socket = "ws" + origin.removeprefix("http")
    return (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        f"connect-src 'self' {socket}; style-src 'self'; script-src 'self'; worker-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


async def _end_streams(app: web.Application) -> None:
    app[STREAMS].end()


def _known_method(method: str) -> str:
    return method if method in {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"} else "OTHER"
