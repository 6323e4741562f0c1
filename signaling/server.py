"""The server as a whole: opens what it needs, in order, and closes it again in the opposite order."""

import asyncio
import contextlib
import errno
import hashlib
import hmac
import secrets
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from signaling import certificate
from signaling.accounts import Accounts
from signaling.activation import Activation
from signaling.camera_events import CameraEvents
from signaling.cameras import TOKEN_BYTES, Cameras
from signaling.door import Door
from signaling.gate import Gate
from signaling.housekeeping import keep_house
from signaling.http.addresses import client_address
from signaling.http.app import create_app
from signaling.http.crowd import Crowd
from signaling.http.listener import Listener
from signaling.http.origins import same_origin
from signaling.http.problems import refused
from signaling.http.services import Services
from signaling.hub import Hub, open_hub
from signaling.live.memory import MemoryLiveState
from signaling.live.redis import RedisLiveState
from signaling.live.state import LiveState, LiveUnavailable
from signaling.metrics import Metrics
from signaling.passwords import Passwords
from signaling.protocol.media_socket import MEDIA_PATH
from signaling.protocol.messages import SOCKET_PATH
from signaling.rates import Rates
from signaling.refusals import Refused
from signaling.settings import Settings, is_loopback
from signaling.store.accounts import costliest_password
from signaling.store.database import open_store, store_problem
from signaling.store.secret import BadSecret, kept_in_file
from signaling.turn import ice_servers_for

if TYPE_CHECKING:
    from media.relay.program import RelayProgram

ID_BYTES = 12
LOOPBACK = "127.0.0.1"
RELAY_NAME = "inside"
"""Of the server's own relay; `belvedere-relay` has other names."""
SHUTDOWN_SECONDS = 2.0
"""For requests that are being answered; the hub takes at most as long for its sockets, before that."""

log = structlog.get_logger(__name__)


class CannotStart(Exception):
    """The text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers. `first_start_link`: makes the administrator; None where there is one."""

    origin: str
    services: Services
    hub: Hub
    first_start_link: str | None


@contextlib.asynccontextmanager
async def serving(settings: Settings, announce: Callable[[Running], None] = lambda _: None) -> AsyncIterator[Running]:
    """Run the server for as long as the block lasts. Raises `CannotStart`.

    `announce` is called when everything is ready and nobody has been served yet.
    """
    async with contextlib.AsyncExitStack() as stack:
        try:
            running = await _open(settings, stack, announce)
        except LiveUnavailable as error:
            raise CannotStart("Redis does not answer at REDIS_URL") from error
        except (Refused, BadSecret, OSError) as error:
            raise CannotStart(why_not(error, settings)) from error
        yield running


def why_not(error: Refused | BadSecret | OSError, settings: Settings) -> str:
    """One sentence about what the settings name and cannot be used."""
    if isinstance(error, Refused):
        return f"{error.detail}: {store_problem(error.__cause__)}"
    if isinstance(error, OSError):
        place = error.filename or settings.data_dir
        return f"{place} cannot be used (BELVEDERE_DATA_DIR is {settings.data_dir}): {error.strerror or error}"
    return str(error)


async def _open(settings: Settings, stack: contextlib.AsyncExitStack, announce: Callable[[Running], None]) -> Running:
    origin = settings.origin(certificate.own_address())
    tls, pin = await asyncio.to_thread(_tls, settings, origin)
    services = await _open_services(settings, origin, pin, stack)
    inside = stack.enter_context(socket.create_server((LOOPBACK, 0)))
    relay = await _open_relay(services, inside, stack)
    hub = await _open_hub(services, relay)
    door = Door(
        hub, origin_is_ours=lambda r: same_origin(r, origin), client_address=lambda r: client_address(r, settings)
    )
    media = relay.media_socket(lambda r: client_address(r, settings)).handle if relay is not None else None
    listener = await _bind(create_app(services, socket=door.handle, media=media), settings, tls, stack)
    await _listen_for_metrics(services, stack)
    stack.push_async_callback(hub.close)
    house = asyncio.create_task(keep_house(services))
    stack.callback(house.cancel)
    link = await services.accounts.first_start_link(services.new_token(), now=services.clock())
    running = Running(origin, services, hub, link)
    announce(running)
    await listener.serve()
    if relay is not None:
        await _let_in(relay, door, inside, stack)
    return running


async def _open_services(
    settings: Settings, origin: str, pin: str | None, stack: contextlib.AsyncExitStack
) -> Services:
    data_dir = Path(settings.data_dir)
    store = await open_store(settings.database_url, data_dir)
    stack.push_async_callback(store.close)
    key = settings.secret_key or await kept_in_file(data_dir, lambda: secrets.token_hex(32))
    live = open_live(settings)
    await live.start()
    stack.push_async_callback(live.aclose)
    passwords = Passwords(settings.bcrypt_cost)
    stack.callback(passwords.close)
    async with store.read() as connection:
        passwords.expect(await costliest_password(connection))
    relay_secret = settings.relay_secret.encode() or derived(key, "relays").hex().encode()
    accounts = Accounts(
        store, live, passwords, key=derived(key, "logins").hex(), origin=origin, registration=settings.registration
    )
    return Services(
        settings=settings,
        origin=origin,
        pin=pin,
        version=own_version(),
        store=store,
        live=live,
        accounts=accounts,
        cameras=Cameras(store, live),
        activation=Activation(store, live, origin=origin),
        gate=Gate(store, live, accounts, origin=origin, clock=time.time, relay_secret=relay_secret),
        events=CameraEvents(store, live, clock=time.time),
        metrics=Metrics(),
        ticket_key=derived(key, "session tickets"),
        relay_secret=relay_secret,
        clock=time.time,
        new_id=lambda: secrets.token_urlsafe(ID_BYTES),
        new_token=lambda: secrets.token_urlsafe(TOKEN_BYTES),
    )


async def _open_relay(
    services: Services, inside: socket.socket, stack: contextlib.AsyncExitStack
) -> "RelayProgram | None":
    """The relay inside this server. One that cannot start leaves the server to its work, and says why."""
    settings = services.settings
    if not settings.relay:
        return None
    # Not at the top: aiortc takes half a second to load, and a server without a relay does not need it.
    from media.relay.party import Membership
    from media.relay.program import RelayProgram
    from media.relay.settings import RelaySettings

    port = inside.getsockname()[1]
    socket_origin = "ws" + services.origin.removeprefix("http")
    program = RelayProgram(
        RelaySettings(
            addresses=settings.relay_addresses,
            public_addresses=settings.relay_public_addresses,
            port=settings.relay_port,
            public_port=settings.relay_public_port or None,
            viewers=settings.relay_viewers,
            viewers_per_owner=settings.relay_viewers_per_owner,
            viewers_per_camera=settings.relay_viewers_per_camera,
        ),
        Membership(
            url=f"ws://{LOOPBACK}:{port}{SOCKET_PATH}",
            origin=services.origin,
            name=RELAY_NAME,
            secret=services.relay_secret,
            tunnel=socket_origin + MEDIA_PATH,
            version=services.version,
        ),
    )
    try:
        await program.start()
    except OSError as error:
        log.warning("no_relay", reason=f"its port cannot be used: {error.strerror or error}", port=settings.relay_port)
        await program.stop()
        return None
    stack.push_async_callback(program.stop)
    services.metrics.watch(program.sizes)
    return program


async def _let_in(relay: "RelayProgram", door: Door, inside: socket.socket, stack: contextlib.AsyncExitStack) -> None:
    """The relay inside comes through a door of its own, in the same way as one from outside."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await door.handle(request)
        except Refused as refusal:
            return refused(refusal)

    app = web.Application()
    app.router.add_get(SOCKET_PATH, handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, inside).start()
    relay.join()
    stack.push_async_callback(relay.stop)


def own_stun(settings: Settings, origin: str, relay: "RelayProgram | None") -> list[str]:
    """The URL of the relay's STUN; none for a server that is for this machine alone."""
    host = urlsplit(origin).hostname or ""
    if relay is None or is_loopback(host):
        return []
    return [f"stun:{f'[{host}]' if ':' in host else host}:{settings.relay_public_port or relay.port}"]


async def _open_hub(services: Services, relay: "RelayProgram | None") -> Hub:
    stun = own_stun(services.settings, services.origin, relay)
    hub = open_hub(
        node=services.new_id(),
        gate=services.gate,
        live=services.live,
        events=services.events,
        ticket_key=services.ticket_key,
        ice_servers=ice_servers_for(services.settings, stun, services.clock),
        meter=services.metrics,
        fresh_id=services.new_id,
    )
    await hub.start()
    services.metrics.watch(hub.sizes)
    services.metrics.watch(lambda: {"tasks": len(asyncio.all_tasks())})
    return hub


def open_live(settings: Settings) -> LiveState:
    """The back end that the settings name."""
    if settings.redis_url:
        return RedisLiveState(settings.redis_url, limit_rates=settings.rate_limits)
    return MemoryLiveState(time.time, Rates(enabled=settings.rate_limits))


def derived(key: str, purpose: str) -> bytes:
    """A key of its own for each purpose."""
    return hmac.digest(key.encode(), purpose.encode(), hashlib.sha256)


def own_version() -> str:
    try:
        return version("belvedere")
    except PackageNotFoundError:
        return "0"


def _tls(settings: Settings, origin: str) -> tuple[ssl.SSLContext | None, str | None]:
    """The context and, for a self-made certificate, the pin. Raises `CannotStart`."""
    if not settings.uses_tls:
        return None, None
    data_dir = Path(settings.data_dir)
    try:
        if settings.tls_cert:
            return certificate.server_context(Path(settings.tls_cert), Path(settings.tls_key)), None
        names = certificate.own_names(urlsplit(origin).hostname or "", certificate.own_address())
        pin = certificate.ensure(data_dir, names, datetime.now(UTC))
        paths = data_dir / certificate.CERTIFICATE_FILE, data_dir / certificate.KEY_FILE
        return certificate.server_context(*paths), pin
    except (OSError, ValueError, TypeError) as error:
        raise CannotStart(f"the TLS certificate or its key cannot be used: {error}") from error


async def _bind(
    app: web.Application, settings: Settings, tls: ssl.SSLContext | None, stack: contextlib.AsyncExitStack
) -> Listener:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    direct = settings.rate_limits and not settings.behind_proxy
    listener = Listener(runner, Crowd() if direct else None)
    stack.callback(listener.stop)
    try:
        await listener.bind(settings.host, settings.port, tls)
    except OSError as error:
        raise CannotStart(_why_not(error, settings.host, settings.port)) from error
    return listener


async def _listen_for_metrics(services: Services, stack: contextlib.AsyncExitStack) -> None:
    """A port of its own. A server whose metrics port is taken still serves cameras, and says so."""
    settings = services.settings
    if settings.metrics_port == 0:
        return

    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=services.metrics.page(), headers={"Content-Type": services.metrics.content_type})

    app = web.Application()
    app.router.add_get("/metrics", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, settings.metrics_host, settings.metrics_port).start()
    except OSError:
        log.warning("no_metrics", reason="the port is taken", port=settings.metrics_port)


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken by another program; choose another with BELVEDERE_PORT"
    if error.errno == errno.EACCES:
        return f"this user may not listen on port {port}; choose one from 1024 up with BELVEDERE_PORT"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine does not have the address {host} (BELVEDERE_HOST)"
    return f"cannot listen on {host} port {port}: {error.strerror or error}"
