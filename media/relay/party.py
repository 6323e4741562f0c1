"""The relay's place in signaling: two sockets, one as the device that viewers see, one as the client that cameras see.

    party = RelayParty(membership, random=..., jti=...)
    relay = Relay(settings, needs_upload=party.cameras.needed, upload_over=party.cameras.over,
                  viewer_ended=party.viewers.ended)
    party.attach(relay)
    await party.run()

A lost socket, or a restarted server, ends nothing: both sides list their tickets when they are back (DESIGN §4).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import structlog

from media.relay.node import Relay
from media.relay.party_uploads import Cameras
from media.relay.party_viewers import Viewers
from signaling.client import Rejected, SignalingClient, Trust
from signaling.client_backoff import full_jitter
from signaling.client_viewer import ViewerClient
from signaling.protocol import relay_token
from signaling.protocol.messages import RegisterExtra, Role

LOOK_SECONDS = 1.0
"""How often leases are looked at; a lease ends at most this much late."""
BASE_SECONDS = 0.5
CEILING_SECONDS = 10.0
"""Between tries to reach the server: viewers wait for the relay, and there are few relays."""
REJECTED_SECONDS = 15.0
"""After the server did not know us; somebody has to set something right first."""

Connection = SignalingClient | ViewerClient

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Membership:
    """How the relay joins. `url`: of the server's signaling socket. `origin`: of the server, for our tokens.

    `tunnel`: where cameras without UDP find our media socket, or None. `tls`: as aiohttp's `ssl`.
    """

    url: str
    origin: str
    name: str
    secret: bytes
    tunnel: str | None = None
    tls: Trust = True
    version: str | None = None


class RelayParty:
    """`random`: in [0, 1). `jti`: fresh random text for each token. `clock`: monotonic seconds."""

    def __init__(
        self,
        membership: Membership,
        *,
        random: Callable[[], float],
        jti: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._membership = membership
        self._random = random
        self._jti = jti
        self.viewers = Viewers(clock)
        self.cameras = Cameras(self.viewers, clock)
        self._device = SignalingClient(
            membership.url,
            authorization=lambda: self._token(self._device),
            handler=self.viewers,
            backoff=self._backoff,
            random=random,
            tickets=self.viewers.tickets,
            capabilities={"extend": True},
            tls=membership.tls,
            introduction=self._as("device"),
        )
        self._client = ViewerClient(
            membership.url,
            authorization=lambda: self._token(self._client),
            handler=self.cameras,
            backoff=self._backoff,
            random=random,
            tickets=self.cameras.tickets,
            tls=membership.tls,
            introduction=self._as("client"),
        )

    @property
    def online(self) -> bool:
        """Whether the server can send viewers here."""
        return self._device.online and self._client.online

    def attach(self, relay: Relay) -> None:
        """The media."""
        self.viewers.attach(relay, self._device)
        self.cameras.attach(relay, self._client)

    def tell_stun(self, urls: list[str]) -> None:
        """Where our viewers may ask for STUN, told at the next registration."""
        self._device.introduce(msgspec.structs.replace(self._as("device"), stun=urls))

    async def run(self) -> None:
        """Take part until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stay(self._device))
                group.create_task(self._stay(self._client))
                group.create_task(self._mind_leases())
        finally:
            await self.viewers.stop()
            await self.cameras.stop()

    async def _stay(self, connection: Connection) -> None:
        while True:
            try:
                await connection.run()
            except Rejected as rejected:
                log.warning(
                    "relay_rejected",
                    server=self._membership.origin,
                    name=self._membership.name,
                    said=str(rejected),
                    hint="server and relay need the same BELVEDERE_RELAY_SECRET, and the relay the server's own origin",
                )
            except Exception:
                log.exception("relay_connection_failed")
            await asyncio.sleep(REJECTED_SECONDS)

    async def _mind_leases(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.viewers.end_leases()
                await self.cameras.mind_leases()
            except Exception:
                log.exception("relay_leases_failed")

    def _token(self, connection: Connection) -> str:
        token = relay_token.sign(
            self._membership.secret,
            name=self._membership.name,
            origin=self._membership.origin,
            jti=self._jti(),
            now=connection.server_time(),
        )
        return f"{relay_token.SCHEME} {token}"

    def _as(self, role: Role) -> RegisterExtra:
        tunnel = self._membership.tunnel if role == "device" else None
        return RegisterExtra(version=self._membership.version, role=role, tunnel=tunnel)

    def _backoff(self, attempt: int) -> float:
        return full_jitter(attempt, base=BASE_SECONDS, ceiling=CEILING_SECONDS, random=self._random)
