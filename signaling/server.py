"""The server as a whole: opens what it needs, in order, and closes it again in the opposite order."""

import asyncio
import contextlib
import errno
import hashlib
import hmac
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from media.heap import keep_returning
from signaling import certificate
from signaling.accounts import Accounts
from signaling.activation import Activation
from signaling.alarms import Alarms
from signaling.attempts import Attempts
from signaling.camera_events import CameraEvents
from signaling.cameras import TOKEN_BYTES, Cameras
from signaling.codes import Codes
from signaling.devices import Devices
from signaling.door import Door
from signaling.factors import Factors
from signaling.gate import Gate
from signaling.grants import Grants
from signaling.housekeeping import keep_house
from signaling.http.addresses import client_address, is_served
from signaling.http.app import create_app
from signaling.http.crowd import Crowd
from signaling.http.listener import Listener
from signaling.http.origins import same_origin
from signaling.http.proxied_port import ProxiedPort
from signaling.http.services import Services
from signaling.http.shared_port import Factory
from signaling.hub import Hub, open_hub
from signaling.installations import Installations
from signaling.keyrings import Keyrings
from signaling.live.memory import MemoryLiveState
from signaling.live.redis import RedisLiveState
from signaling.live.state import LiveState, LiveUnavailable
from signaling.mail import Mailer, mail_server
from signaling.metrics import Metrics
from signaling.passkeys import Passkeys
from signaling.passwords import Passwords
from signaling.proof import Proofs
from signaling.rates import Rates
from signaling.refusals import Refused
from signaling.relay_inside import open_relay
from signaling.resets import Resets
from signaling.settings import Settings
from signaling.sign_in import SignIn
from signaling.store.accounts import costliest_password
from signaling.store.database import Store, open_store, store_problem
from signaling.store.lock import InUse, locked
from signaling.store.secret import BadSecret, kept_in_file
from signaling.tokens import COOKIE, cookie_name
from signaling.transfers import Transfers
from signaling.trust import Trust
from signaling.trust_store import TrustStore
from signaling.turn import ice_servers_for
from signaling.vault import Vault
from signaling.watch_log import WatchLog

ID_BYTES = 12
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
        except (Refused, BadSecret, InUse, OSError) as error:
            raise CannotStart(why_not(error, settings)) from error
        yield running


def why_not(error: Refused | BadSecret | InUse | OSError, settings: Settings) -> str:
    """One sentence about what the settings name and cannot be used."""
    if isinstance(error, Refused):
        return f"{error.detail}: {store_problem(error.__cause__)}"
    if isinstance(error, OSError):
        place = error.filename or settings.data_dir
        return f"{place} cannot be used (BELVEDERE_DATA_DIR is {settings.data_dir}): {error.strerror or error}"
    return str(error)


async def _open(settings: Settings, stack: contextlib.AsyncExitStack, announce: Callable[[Running], None]) -> Running:
    if settings.uses_data_dir and not settings.redis_url:
        stack.enter_context(locked(Path(settings.data_dir)))
    origin = settings.origin(certificate.own_address())
    tls, pins = await asyncio.to_thread(_tls, settings, origin)
    services = await _open_services(settings, origin, pins, stack)
    relay = await open_relay(services, stack)
    hub = await _open_hub(services, relay.stun_urls() if relay is not None else [])
    door = Door(
        hub,
        origin_is_ours=lambda r: same_origin(r, origin),
        named_origins=settings.allowed_origins,
        client_address=lambda r: client_address(r, settings),
        cookie=cookie_name(COOKIE, origin),
    )
    media, tcp = (relay.media_socket, relay.tcp_connection) if relay is not None else (None, None)
    listener = await _bind(create_app(services, socket=door.handle, media=media), settings, tls, tcp, stack)
    await _listen_for_metrics(services, stack)
    stack.push_async_callback(services.watch_log.close)
    stack.push_async_callback(hub.close)
    for work in (keep_house(services), keep_returning(), services.resets.keep_sending(), services.watch_log.run()):
        stack.callback(asyncio.create_task(work).cancel)
    link = await services.accounts.first_start_link(services.new_token(), now=services.clock())
    running = Running(origin, services, hub, link)
    announce(running)
    await listener.serve()
    if relay is not None:
        await relay.let_in(door.handle, stack)
    return running


async def _open_services(
    settings: Settings, origin: str, pins: tuple[str, ...], stack: contextlib.AsyncExitStack
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
    sign_in, factors = _open_factors(store, live, accounts, key, origin)
    return Services(
        settings=settings,
        origin=origin,
        pins=pins,
        version=own_version(),
        store=store,
        live=live,
        accounts=accounts,
        sign_in=sign_in,
        factors=factors,
        cameras=Cameras(store, live),
        grants=Grants(store, live),
        transfers=Transfers(store, live),
        activation=Activation(store, live, origin=origin),
        keyrings=Keyrings(store, live),
        installations=Installations(store),
        trust=Trust(store, live),
        trust_store=TrustStore(store, live),
        alarms=Alarms(store, live),
        gate=Gate(store, live, accounts, origin=origin, clock=time.time, relay_secret=relay_secret),
        events=CameraEvents(store, live, clock=time.time),
        watch_log=WatchLog(store, clock=time.time),
        devices=Devices(store),
        resets=Resets(
            store, live, passwords, open_mailer(settings, origin), origin=origin, new_token=_new_token, clock=time.time
        ),
        metrics=Metrics(),
        ticket_key=derived(key, "session tickets"),
        relay_secret=relay_secret,
        clock=time.time,
        new_id=_new_id,
        new_token=_new_token,
    )


def _open_factors(store: Store, live: LiveState, accounts: Accounts, key: str, origin: str) -> tuple[SignIn, Factors]:
    vault = Vault(derived(key, "second factors"))
    passkeys = Passkeys(live, key=derived(key, "passkey challenges"), origin=origin)
    codes, attempts = Codes(vault), Attempts(store, live)
    proofs = Proofs(store, accounts, attempts, passkeys, codes)
    sign_in = SignIn(store, live, accounts, attempts, passkeys, codes, _new_id, _new_token)
    return sign_in, Factors(store, accounts, attempts, proofs, passkeys, codes, vault)


def _new_id() -> str:
    return secrets.token_urlsafe(ID_BYTES)


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


async def _open_hub(services: Services, stun: list[str]) -> Hub:
    hub = open_hub(
        node=services.new_id(),
        gate=services.gate,
        live=services.live,
        events=services.events,
        ticket_key=services.ticket_key,
        ice_servers=ice_servers_for(services.settings, stun, services.clock),
        meter=services.metrics,
        fresh_id=services.new_id,
        pins=services.pins,
        viewings=services.watch_log.viewings,
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


def open_mailer(settings: Settings, origin: str) -> Mailer | None:
    """None where the settings name no mail server."""
    if not settings.smtp_url:
        return None
    return Mailer(mail_server(settings.smtp_url), settings.mail_from, urlsplit(origin).hostname or "localhost")


def derived(key: str, purpose: str) -> bytes:
    """A key of its own for each purpose."""
    return hmac.digest(key.encode(), purpose.encode(), hashlib.sha256)


def own_version() -> str:
    try:
        return version("belvedere")
    except PackageNotFoundError:
        return "0"


def _tls(settings: Settings, origin: str) -> tuple[ssl.SSLContext | None, tuple[str, ...]]:
    """The context and, for a self-made certificate, the pins of its key and of the next one. Raises `CannotStart`."""
    if not settings.uses_tls:
        return None, ()
    data_dir = Path(settings.data_dir)
    try:
        if settings.tls_cert:
            return certificate.server_context(Path(settings.tls_cert), Path(settings.tls_key)), ()
        names = certificate.own_names(urlsplit(origin).hostname or "", certificate.own_address())
        pins = certificate.ensure(data_dir, names, datetime.now(UTC))
        paths = data_dir / certificate.CERTIFICATE_FILE, data_dir / certificate.KEY_FILE
        return certificate.server_context(*paths), pins
    except (OSError, ValueError, TypeError) as error:
        raise CannotStart(f"the TLS certificate or its key cannot be used: {error}") from error


async def _bind(
    app: web.Application,
    settings: Settings,
    tls: ssl.SSLContext | None,
    relay: Factory | None,
    stack: contextlib.AsyncExitStack,
) -> Listener:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    direct = settings.rate_limits and not settings.behind_proxy
    proxied = (
        ProxiedPort(lambda peer: is_served(peer, settings), settings.public_url) if settings.behind_proxy else None
    )
    listener = Listener(runner, Crowd() if direct else None, proxied)
    stack.callback(listener.stop)
    try:
        await listener.bind(settings.host, settings.port, tls, relay)
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
