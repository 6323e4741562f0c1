"""A relay at work: its port, its place in signaling, its media socket. The server runs one inside; `belvedere-relay` is
one of its own.

    program = RelayProgram(settings, membership)
    await program.start()          # the port is taken; raises OSError
    program.join()                 # from now on the server may send viewers
    await program.stop()
"""

import asyncio
import random
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog
from aiohttp import web
from aioice.ice import get_host_addresses

from media.relay.node import Relay
from media.relay.party import Membership, RelayParty
from media.relay.settings import RelaySettings
from media.relay.stun_port import urls
from media.relay.web_socket import MediaSocket

JTI_BYTES = 12
LOOK_SECONDS = 3.0
"""How often the machine's addresses are looked at: a new Wi-Fi or VPN is offered at most this much late."""
RESOLVE_SECONDS = 60.0
"""How often our name is looked up: a home's address changes once a day, and the name follows within minutes."""
RESOLVE_LIMIT = 5.0
MAX_PUBLIC = 8
"""Each is a candidate or two of every session."""
LOOPBACK = ("127.0.0.1",)

log = structlog.get_logger(__name__)


def own_addresses() -> tuple[str, ...]:
    """Of this machine, without loopback; with nothing else there is, loopback, for a machine that is alone."""
    return tuple(get_host_addresses(use_ipv4=True, use_ipv6=True)) or LOOPBACK


async def addresses_of(name: str) -> tuple[str, ...]:
    """What a name leads to; nothing where it cannot be looked up."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_LIMIT):
            found = await loop.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):  # TimeoutError is an OSError
        return ()
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))[:MAX_PUBLIC]


class RelayProgram:
    """`addresses`: looks which ones this machine has. `name`: under which the relay is reached from elsewhere, as a
    name or an address; its addresses are offered too. Not needed where the settings have public addresses."""

    def __init__(
        self,
        settings: RelaySettings,
        membership: Membership,
        *,
        addresses: Callable[[], tuple[str, ...]] = own_addresses,
        name: str = "",
    ) -> None:
        self._party = RelayParty(
            membership, random=random.SystemRandom().random, jti=lambda: secrets.token_urlsafe(JTI_BYTES)
        )
        self.relay = Relay(
            settings if settings.addresses else replace(settings, addresses=addresses()),
            needs_upload=self._party.cameras.needed,
            upload_over=self._party.cameras.over,
            viewer_ended=self._party.viewers.ended,
        )
        self._party.attach(self.relay)
        self._follows = None if settings.addresses else addresses
        self._name = "" if settings.public_addresses else name
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def port(self) -> int:
        """Of UDP and TCP, once started."""
        return self.relay.port

    @property
    def online(self) -> bool:
        """Whether the server can send viewers here."""
        return self._party.online

    async def start(self) -> None:
        """Take the port. Raises `OSError`."""
        await self.relay.start()
        if self._follows is not None:
            self._tasks.append(asyncio.create_task(self._follow(self._follows)))
        if self._name:
            self._tasks.append(asyncio.create_task(self._follow_name()))

    def media_socket(self, address: Callable[[web.Request], str]) -> MediaSocket:
        """The handler of `MEDIA_PATH`. `address`: of the caller of a request."""
        return MediaSocket(self.relay, address)

    def join(self, stun_at: Sequence[str] = ()) -> None:
        """Take part in signaling from now on. `stun_at`: names or addresses where viewers reach our STUN port."""
        self._party.tell_stun(urls(stun_at, self.relay.stun_port))
        self._tasks.append(asyncio.create_task(self._party.run()))

    async def stop(self) -> None:
        """Leave signaling, end all media, free the port. A second call does nothing more."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.relay.stop()

    async def _follow(self, addresses: Callable[[], tuple[str, ...]]) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.relay.use_addresses(addresses())
            except Exception:
                log.exception("relay_addresses_failed")

    async def _follow_name(self) -> None:
        while True:
            found = await addresses_of(self._name)
            if found:
                self.relay.use_public_addresses(found)
            await asyncio.sleep(RESOLVE_SECONDS)

    def sizes(self) -> dict[str, int]:
        """For gauges."""
        load = self.relay.load()
        return {
            "relay_viewers": load.viewers,
            "relay_uploads": load.uploads,
            "relay_tcp_connections": load.tcp_connections,
        }
