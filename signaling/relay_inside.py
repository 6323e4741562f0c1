"""The relay inside the server: part of the composition root, made from the server's settings.

It joins like a relay from outside, with two sockets, through a door of its own on loopback.
"""

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from signaling.http.addresses import client_address
from signaling.http.app import SocketHandler
from signaling.http.problems import refused
from signaling.http.services import Services
from signaling.protocol.media_socket import MEDIA_PATH
from signaling.protocol.messages import SOCKET_PATH
from signaling.protocol.options import is_loopback
from signaling.refusals import Refused
from signaling.settings import Settings

if TYPE_CHECKING:
    from media.relay.party import Membership
    from media.relay.program import RelayProgram
    from media.relay.settings import RelaySettings
    from media.relay.tcp import TcpConnection

LOOPBACK = "127.0.0.1"
NAME = "inside"
"""`belvedere-relay` has other names."""
SHUTDOWN_SECONDS = 2.0

log = structlog.get_logger(__name__)


class RelayInside:
    """`door`: a listening socket on loopback, which nobody serves before `let_in`."""

    def __init__(self, program: "RelayProgram", services: Services, door: socket.socket) -> None:
        self._program = program
        self._services = services
        self._door = door
        settings = services.settings
        self.media_socket: SocketHandler = program.media_socket(lambda r: client_address(r, settings)).handle

    def tcp_connection(self) -> "TcpConnection":
        """The protocol for a connection to the server's port that is ICE-TCP."""
        return self._program.relay.tcp_connection()

    def stun_urls(self) -> list[str]:
        """Of the relay's own STUN; none for a server that is for this machine alone."""
        from media.relay.stun_port import urls

        host = public_name(self._services.origin)
        if not host:
            return []
        port = self._services.settings.relay_public_port or self._program.port
        return urls([host], port)

    async def let_in(self, signaling: SocketHandler, stack: contextlib.AsyncExitStack) -> None:
        """Let it join. `signaling`: the handler of the signaling socket."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await signaling(request)
            except Refused as refusal:
                return refused(refusal)

        app = web.Application()
        app.router.add_get(SOCKET_PATH, handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, self._door).start()
        host = public_name(self._services.origin)
        self._program.join([host] if host else [])
        stack.push_async_callback(self._program.stop)


async def open_relay(services: Services, stack: contextlib.AsyncExitStack) -> RelayInside | None:
    """One that cannot start leaves the server to its work, and says why."""
    if not services.settings.relay:
        return None
    try:
        # Not at the top: it takes half a second to load, and a server without a relay does not need it.
        from media.relay.program import RelayProgram
    except ImportError as error:
        log.warning("no_relay", reason=f"{error.name} is not installed; the extra 'relay' brings it")
        return None
    door = stack.enter_context(socket.create_server((LOOPBACK, 0)))
    program = RelayProgram(
        media_settings(services, await places_of(services.settings.host)),
        membership(services, door.getsockname()[1]),
        name=public_name(services.origin),
    )
    stack.push_async_callback(program.stop)
    try:
        await program.start()
    except OSError as error:
        port, problem = services.settings.relay_port, error.strerror or str(error)
        log.warning("no_relay", reason=f"its port cannot be used: {problem}", port=port, setting="BELVEDERE_RELAY_PORT")
        return None
    services.metrics.watch(program.sizes)
    return RelayInside(program, services, door)


def public_name(origin: str) -> str:
    """Where the server, and with it the relay, is reached from elsewhere; empty where it is for this machine alone."""
    host = urlsplit(origin).hostname or ""
    return "" if is_loopback(host) else host


def membership(services: Services, port: int) -> "Membership":
    """`port`: of its door."""
    from media.relay.party import Membership

    return Membership(
        url=f"ws://{LOOPBACK}:{port}{SOCKET_PATH}",
        origin=services.origin,
        name=NAME,
        secret=services.relay_secret,
        tunnel="ws" + services.origin.removeprefix("http") + MEDIA_PATH,
        version=services.version,
    )


async def places_of(host: str) -> tuple[str, ...]:
    """Where a server that is to listen at `host` does: addresses, `0.0.0.0` or `::`. Nowhere if the name is unknown."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))


def media_settings(services: Services, places: tuple[str, ...]) -> "RelaySettings":
    """The relay's part of the settings. `places`: where the server listens, whose TLS port takes TCP for the relay."""
    from media.relay.settings import RelaySettings
    from media.relay.stun_port import wanted

    settings = services.settings
    return RelaySettings(
        addresses=settings.relay_addresses,
        public_addresses=settings.relay_public_addresses,
        port=settings.relay_port,
        stun_port=wanted(settings.relay_stun_port, settings.relay_port),
        public_port=settings.relay_public_port or None,
        shared_tcp_port=settings.port if settings.uses_tls else None,
        shared_tcp_hosts=places,
        shared_tcp_public_port=settings.relay_shared_tcp_port or _port_of(settings, services.origin),
        viewers=settings.relay_viewers,
        viewers_per_owner=settings.relay_viewers_per_owner,
        viewers_per_camera=settings.relay_viewers_per_camera,
    )


def _port_of(settings: Settings, origin: str) -> int:
    return urlsplit(origin).port or (443 if settings.uses_tls else 80)
